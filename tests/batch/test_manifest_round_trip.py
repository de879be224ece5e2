"""Whatever a person's row holds, it comes back as it was written."""

import csv
import datetime as dt
import io
import json
import tempfile
from pathlib import Path

from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from verifik_async.batch.manifest import Manifest, RowDefaults, WrittenRows

DEFAULTS = RowDefaults(collection_id="c1")
PICTURE = b"\xff\xd8\xff\xe0" + bytes(200)
COLUMNS = ("id", "name", "gender", "date_of_birth", "nationality", "images")

# All characters that a file can hold: csv writes any but NUL, and a lone surrogate
# is no character. A name must keep a letter.
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
NAMES = TEXT.map(lambda text: f"x{text}x")
PERSON = st.tuples(
    NAMES,
    st.sampled_from("FM"),
    st.dates(min_value=dt.date(1000, 1, 1)),
    TEXT.map(str.strip),
    st.integers(1, 3),
)
PEOPLE = st.lists(PERSON, min_size=1, max_size=6)


def _rows(people: list[tuple[str, str, dt.date, str, int]]) -> list[list[str]]:
    return [
        [str(place), name, gender, born.isoformat(), nation, ";".join(["p.jpg"] * n)]
        for place, (name, gender, born, nation, n) in enumerate(people)
    ]


def _expected(people: list[tuple[str, str, dt.date, str, int]]) -> list[object]:
    return [
        (name, gender, born, nation or None, images)
        for name, gender, born, nation, images in people
    ]


def _read(data: bytes, name: str) -> list[object]:
    """What is read, after having seen that it can be written and read again."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "p.jpg").write_bytes(PICTURE)
        path = Path(folder) / name
        path.write_bytes(data)
        manifest = Manifest.open(path, defaults=DEFAULTS)
        again = Path(folder) / "results" / "failed.csv"
        again.parent.mkdir()
        _write_again(manifest.as_written(for_folder=again.parent), again)
        made = _people(manifest)
        assert made == _people(
            Manifest.open(again, defaults=DEFAULTS, allow_outside=True)
        )
    return made


def _write_again(rows: WrittenRows, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, rows.columns, delimiter=rows.delimiter)
        table.writeheader()
        table.writerows(row.values for row in rows)


def _people(manifest: Manifest) -> list[object]:
    rows = list(manifest)
    assert [row.key for row in rows] == [str(place) for place in range(len(rows))]
    made = [row.build() for row in rows]
    return [
        (r.name, r.gender, r.date_of_birth, r.nationality, len(r.images)) for r in made
    ]


@given(
    people=PEOPLE,
    delimiter=st.sampled_from(",;\t"),
    end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
@examples(60)
def test_csv_comes_back_as_written(
    people: list[tuple[str, str, dt.date, str, int]],
    delimiter: str,
    end: str,
    encoding: str,
) -> None:
    """Quotes, delimiters and line breaks inside of cells included."""
    text = io.StringIO(newline="")
    writer = csv.writer(
        text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL
    )
    writer.writerows([COLUMNS, *_rows(people)])
    data = text.getvalue().encode(encoding)
    assert _read(data, "people.csv") == _expected(people)


@given(people=PEOPLE, ascii_only=st.booleans())
@examples(60)
def test_jsonl_comes_back_as_written(
    people: list[tuple[str, str, dt.date, str, int]], *, ascii_only: bool
) -> None:
    """Escaped or not, with characters that some call line ends."""
    lines = [
        json.dumps(dict(zip(COLUMNS, row, strict=True)), ensure_ascii=ascii_only)
        for row in _rows(people)
    ]
    data = "\n".join(lines).encode()
    assert _read(data, "people.jsonl") == _expected(people)
