"""The demo's folder: invented people with drawn faces, some of them staged to fail."""

from __future__ import annotations

import csv
import datetime as dt
import itertools
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

from verifik_async.batch.outcomes import OutcomeStatus
from verifik_async.errors import ConfigurationError
from verifik_async.sandbox import faces

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

PEOPLE = 200
MANIFEST = "people.csv"
OUTCOMES = "outcomes.csv"

_MARK = ".verifik-demo"
_PHOTOS = "photos"
_COLUMNS = ("id", "name", "gender", "date_of_birth", "nationality", "images")
_GIVEN = ("Ada", "Bo", "Cleo", "Dev", "Emi", "Finn", "Gala", "Hugo", "Inés", "Jun")
_FAMILY = ("Abara", "Björk", "Castro", "Dlamini", "Eriksen", "Fuentes", "Ghosh", "Hara")
_NATIONS = ("CO", "BR", "NG", "SE", "IN", "JP", "")
_FIRST_BIRTHDAY = dt.date(1950, 3, 1)

_DUPLICATES_FROM, _SPOOFS_FROM, _FAULTS_FROM = 176, 186, 191
"""Places at which persons with the face of an earlier one begin, then those whose
picture shows a screen, then rows with faults."""

_FAULTS: tuple[Mapping[str, str], ...] = (
    {"name": "1234 5678"},
    {"date_of_birth": "1990-02-30"},
    {"date_of_birth": "15/01/1990"},
    {"gender": "female"},
    {"images": f"{_PHOTOS}/missing.jpg"},
    {"images": f"{_PHOTOS}/text.jpg"},
    {"images": "https://example.org/face.jpg"},
    {"images": ""},
    {"id": "demo-001"},
)


@attrs.frozen(kw_only=True)
class _Staged:
    """A person of the demo.

    Attributes:
        cells: The row of the manifest.
        pictures: Files to write, by name.
        face: Who the pictures show; None where the row has faults.
        expected: What enrolling should give; with a face of two persons it is
            either of them who is the duplicate.
    """

    cells: Mapping[str, str]
    pictures: Mapping[str, bytes]
    face: str | None
    expected: OutcomeStatus


@attrs.frozen(kw_only=True)
class Stage:
    """What the demo's rows should come to."""

    _rows: Mapping[int, _Staged] = attrs.field(alias="rows")

    def counts(self) -> Counter[OutcomeStatus]:
        """Persons by the outcome that is expected."""
        return Counter(person.expected for person in self._rows.values())

    def differences(self, outcomes: Mapping[int, OutcomeStatus]) -> list[str]:
        """Where the outcomes are not those expected, in words.

        Args:
            outcomes: By row.
        """
        shares = itertools.groupby(sorted(self._rows, key=self._share), key=self._share)
        return list(self._compared([list(rows) for _, rows in shares], outcomes))

    def _share(self, row: int) -> str:
        return self._rows[row].face or f"row {row}"

    def _compared(
        self, shares: Iterable[list[int]], outcomes: Mapping[int, OutcomeStatus]
    ) -> Iterator[str]:
        for rows in shares:
            staged = sorted(self._rows[row].expected.value for row in rows)
            came = sorted(outcomes[row].value for row in rows if row in outcomes)
            if staged != came:
                numbers = ", ".join(str(row) for row in rows)
                yield f"row {numbers}: staged {staged}, came {came}"


def write(folder: Path) -> Stage:
    """Write the manifest and its pictures, in place of those of an earlier demo.

    Raises:
        ConfigurationError: The folder holds something else, or can't be written.
    """
    if folder.is_dir() and any(folder.iterdir()) and not (folder / _MARK).exists():
        raise ConfigurationError(
            f"{folder} is not empty and not of a demo: name another folder"
        )
    rows = {place + 2: person for place, person in enumerate(_people())}
    try:
        (folder / _PHOTOS).mkdir(parents=True, exist_ok=True)
        (folder / _MARK).write_text("Made by verifik-async demo; written anew by it.\n")
        (folder / _PHOTOS / "text.jpg").write_text("A text with a wrong name.\n" * 10)
        for person in rows.values():
            for name, picture in person.pictures.items():
                (folder / name).write_bytes(picture)
        with (folder / MANIFEST).open("w", encoding="utf-8", newline="") as stream:
            table = csv.writer(stream)
            table.writerow(_COLUMNS)
            table.writerows(
                [person.cells[column] for column in _COLUMNS]
                for person in rows.values()
            )
    except OSError as error:
        what = error.strerror or type(error).__name__
        raise ConfigurationError(f"{folder} can't be written: {what}") from None
    return Stage(rows=rows)


def _people() -> Iterator[_Staged]:
    for place in range(PEOPLE):
        if place < _DUPLICATES_FROM:
            yield _new_face(place)
        elif place < _SPOOFS_FROM:
            yield _face_again(place)
        elif place < _FAULTS_FROM:
            yield _spoof(place)
        else:
            yield _faulty(place)


def _new_face(place: int) -> _Staged:
    """A person of whom every third has two pictures."""
    takes = (1, 2) if place % 3 == 0 else (1,)
    face = f"person-{place:03}"
    pictures = {
        f"{_PHOTOS}/{place + 1:03}-{take}.jpg": faces.marked(
            _drawing(place), face=face, take=take
        )
        for take in takes
    }
    return _staged(place, pictures, face=face, expected=OutcomeStatus.ENROLLED)


def _face_again(place: int) -> _Staged:
    """Somebody under another name who has the face of an earlier person."""
    earlier = place - _DUPLICATES_FROM
    face = f"person-{earlier:03}"
    picture = faces.marked(_drawing(earlier), face=face, take=2)
    pictures = {f"{_PHOTOS}/{place + 1:03}-1.jpg": picture}
    return _staged(place, pictures, face=face, expected=OutcomeStatus.DUPLICATE)


def _spoof(place: int) -> _Staged:
    """A photograph of a screen."""
    face = f"screen-{place:03}"
    picture = faces.marked(faces.SPOOF, face=face, liveness=0.31)
    pictures = {f"{_PHOTOS}/{place + 1:03}-1.jpg": picture}
    expected = OutcomeStatus.LIVENESS_FAILED
    return _staged(place, pictures, face=face, expected=expected)


def _faulty(place: int) -> _Staged:
    """A row with a fault."""
    name = f"{_PHOTOS}/{place + 1:03}-1.jpg"
    picture = faces.marked(_drawing(place), face=f"person-{place:03}")
    staged = _staged(place, {name: picture}, face=None, expected=OutcomeStatus.INVALID)
    fault = _FAULTS[place - _FAULTS_FROM]
    return attrs.evolve(staged, cells={**staged.cells, **fault})


def _staged(
    place: int,
    pictures: Mapping[str, bytes],
    *,
    face: str | None,
    expected: OutcomeStatus,
) -> _Staged:
    given, family = _GIVEN[place % len(_GIVEN)], _FAMILY[place % len(_FAMILY)]
    born = _FIRST_BIRTHDAY + dt.timedelta(days=71 * place)
    cells = {
        "id": f"demo-{place + 1:03}",
        "name": f"{given} {family}",
        "gender": "FM"[place % 2],
        "date_of_birth": born.isoformat(),
        "nationality": _NATIONS[place % len(_NATIONS)],
        "images": ";".join(pictures),
    }
    return _Staged(cells=cells, pictures=pictures, face=face, expected=expected)


def _drawing(place: int) -> str:
    return faces.names()[place % len(faces.names())]
