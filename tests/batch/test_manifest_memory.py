"""Manifests are read row by row: memory does not grow with them."""

import io
import json
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from verifik_async.batch.manifest import Manifest, RowDefaults
from verifik_async.batch.manifest.sorted_names import sorted_names

ROWS = 10_000
"""Long ones: watching memory takes much longer than reading does."""

MOST = 1_000_000
"""In bytes; a manifest has more than ten times of it."""

COLUMNS = ("id", "name", "gender", "date_of_birth", "images")


def _people() -> Iterator[tuple[str, ...]]:
    for number in range(ROWS):
        name = f"Jane Doe the {number}th {'of that name ' * 80}"
        yield str(number), name, "F", "1987-06-05", f"photos/of/{number}.jpg"


def _csv(path: Path) -> None:
    with path.open("w") as stream:
        stream.write(",".join(COLUMNS) + "\n")
        stream.writelines(",".join(f'"{c}"' for c in row) + "\n" for row in _people())


def _jsonl(path: Path) -> None:
    with path.open("w") as stream:
        for row in _people():
            person = dict(zip(COLUMNS, row, strict=True))
            stream.write(json.dumps(person) + "\n")


def _parquet(path: Path) -> None:
    """All rows in one group, so that groups are no help; pages are small."""
    pa = pytest.importorskip("pyarrow")
    columns = dict(zip(COLUMNS, map(list, zip(*_people(), strict=True)), strict=True))
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(
        pa.table(columns),
        path,
        compression="none",
        use_dictionary=False,
        data_page_size=2**16,
        write_batch_size=64,
    )


def _peak(manifest: Manifest, rows: int) -> int:
    """Bytes, at most, that Python held while all rows were read in both ways."""
    tracemalloc.start()
    try:
        numbers = zip(manifest, manifest.as_written(for_folder="/"), strict=True)
        assert sum(one.number == other.number for one, other in numbers) == rows
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("write", [_csv, _jsonl, _parquet])
def test_a_file_is_never_held(tmp_path: Path, write: Callable[[Path], None]) -> None:
    """Nor are its rows, whether they are read to be sent or to be written down."""
    path = tmp_path / "people"
    write(path)
    assert path.stat().st_size > 10 * MOST
    manifest = Manifest.open(path, defaults=RowDefaults(collection_id="c1"))
    assert _peak(manifest, ROWS) < MOST


def test_a_piped_file_is_never_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it is kept aside, and while it is read."""
    path = tmp_path / "people"
    _csv(path)
    tracemalloc.start()
    with path.open("rb") as stream:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(stream))
        manifest = Manifest.open("-", defaults=RowDefaults(collection_id="c1"))
        assert tracemalloc.get_traced_memory()[1] < MOST
        tracemalloc.stop()
    assert _peak(manifest, ROWS) < MOST


def test_pyarrow_holds_little_of_a_file(tmp_path: Path) -> None:
    """What it allocates is not Python's memory, and is looked at by itself."""
    pa = pytest.importorskip("pyarrow")
    path = tmp_path / "people"
    _parquet(path)
    before = pa.total_allocated_bytes()
    manifest = Manifest.open(path, defaults=RowDefaults(collection_id="c1"))
    held = max(pa.total_allocated_bytes() - before for _ in manifest)
    assert 0 < held < MOST


def test_names_of_folders_are_never_held() -> None:
    """They are sorted outside of Python's memory, by bytes, whatever bytes they are."""
    count = 100_000
    names = (f"person \udcff {number * 7919 % count:06d}" for number in range(count))
    tracemalloc.start()
    try:
        last = -1
        for last, name in enumerate(sorted_names(names)):
            assert name == f"person \udcff {last:06d}"
        assert last == count - 1
        assert tracemalloc.get_traced_memory()[1] < MOST
    finally:
        tracemalloc.stop()


def test_a_folder_of_people_is_never_held(tmp_path: Path) -> None:
    """Each person's data is let go with the row: all of it would be 40 MB."""
    people = 500
    data = json.dumps({"name": "Jane Doe" * 10_000, "images": "a.jpg"})
    for number in range(people):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "person.json").write_text(data)
    manifest = Manifest.open(tmp_path, defaults=RowDefaults(collection_id="c1"))
    # Python's own table of names, pathlib's among them, grows by megabytes at a time
    assert _peak(manifest, people) < 10 * MOST
