"""Files that change in mid-run: pictures that go, a manifest that somebody edits."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from batch_runs import Carrier, in_order
from journal_runs import run, states, statuses
from strategies import jpeg, request_of

from verifik_async import BatchItem, EnrollmentRequest, FaceImage, InvalidRequestError
from verifik_async.batch.manifest import Manifest, RowDefaults

ROWS = 1000
HEADER = "id,name,gender,date_of_birth,nationality,images\n"


def picture(folder: Path, number: int) -> Path:
    """Somebody's picture."""
    path = folder / f"{number}.jpg"
    if not path.exists():
        path.write_bytes(jpeg(number))
    return path


class Editing(Carrier):
    """Does something to files when so many persons have been sent."""

    def __init__(self, after: int, edit: Callable[[], object]) -> None:
        super().__init__(wait=self._edit_if_due)
        self._after = after
        self._edit = edit

    async def _edit_if_due(self, _: int) -> None:
        if len(self.sent) == self._after:
            self._edit()


@pytest.mark.parametrize("keyed", [True, False])
async def test_a_picture_that_is_deleted_costs_its_person_only_this_run(
    path: Path, tmp_path: Path, *, keyed: bool
) -> None:
    """Nothing is sent; the field is told; with the picture the person is enrolled."""

    def made(number: int) -> EnrollmentRequest:
        return request_of(images=[FaceImage.from_path(picture(tmp_path, number))])

    def people() -> Iterator[BatchItem]:
        for number in range(4):
            key = f"key-of-{number}" if keyed else None
            request = made(number) if number < 3 else functools.partial(made, number)
            yield BatchItem(key=key, request=request)

    gone = picture(tmp_path, 2)
    carrier = Editing(1, gone.unlink)
    ran = await run(path, people(), carrier, concurrency=1)
    found = statuses(ran["outcomes"])
    assert found == ["enrolled", "enrolled", "invalid", "enrolled"]
    error = ran["outcomes"][2].error
    assert isinstance(error, InvalidRequestError)
    assert error.faults[0].field == "images[0]"
    assert "2.jpg" not in str(error)
    assert sorted(carrier.sent) == [0, 1, 3]
    again = Carrier()
    ran = await run(path, people(), again, concurrency=1)
    assert statuses(ran["outcomes"]) == ["skipped", "skipped", "enrolled", "skipped"]
    assert again.sent == [2]


def table(folder: Path, numbers: range) -> str:
    """A manifest of these persons."""
    rows = (
        f"id-{number},Jane Doe,F,1987-06-05,CO,{picture(folder, number).name}\n"
        for number in numbers
    )
    return HEADER + "".join(rows)


def people_of(manifest: Path) -> Iterator[BatchItem]:
    """As the command line takes them from it."""
    for row in Manifest.open(manifest, defaults=RowDefaults(collection_id="c")):
        yield BatchItem(key=row.key, row=row.number, request=row.build)


EDITS = {
    "saved anew": (range(ROWS + 10), True),
    "sorted in place": (range(ROWS - 1, -1, -1), False),
    "shortened in place": (range(1, ROWS, 2), False),
    "begun anew in place": (range(ROWS, 2 * ROWS), False),
}


@pytest.mark.parametrize("edit", EDITS)
async def test_a_manifest_that_is_edited_in_mid_run(
    path: Path, tmp_path: Path, edit: str
) -> None:
    """Whatever the run still reads, the next one makes good; nobody is sent twice."""
    numbers, anew = EDITS[edit]
    manifest = tmp_path / "people.csv"
    manifest.write_text(table(tmp_path, range(ROWS)))
    text = table(tmp_path, numbers)

    def write() -> None:
        target = tmp_path / "people.new" if anew else manifest
        target.write_text(text)
        target.replace(manifest)

    carrier = Editing(50, write)
    ran = await run(path, people_of(manifest), carrier, concurrency=32)
    assert Counter(statuses(ran["outcomes"])).keys() <= {"enrolled", "invalid"}
    assert len(in_order(ran["outcomes"])) >= 50
    again = Carrier()
    ran = await run(path, people_of(manifest), again, concurrency=32)
    assert Counter(statuses(ran["outcomes"])).keys() <= {"enrolled", "skipped"}
    sent = Counter(carrier.sent + again.sent)
    assert set(sent.values()) == {1}
    assert set(numbers) <= set(sent)
    assert "intent" not in states(path).values()
