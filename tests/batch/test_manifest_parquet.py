"""Manifests as Parquet: the same columns in their own types, a few rows at a time."""

import datetime as dt
import decimal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from verifik_async.batch.manifest import (
    Manifest,
    ManifestError,
    ManifestRow,
    RowDefaults,
)
from verifik_async.errors import ConfigurationError, FieldFault, InvalidRequestError

pa = pytest.importorskip("pyarrow", reason="the extra `parquet` is not installed")
pq = pytest.importorskip("pyarrow.parquet")

DEFAULTS = RowDefaults(collection_id="c1")
JANE: Mapping[str, object] = {
    "id": "42",
    "name": "Jane Doe",
    "gender": "F",
    "date_of_birth": dt.date(1987, 6, 5),
    "nationality": "CO",
    "images": ["a.jpg", "a.jpg"],
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a manifest may be written, beside a.jpg."""
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(200))
    return tmp_path / "people.parquet"


def opened(path: Path, *people: Mapping[str, object]) -> Manifest:
    """A manifest of these people."""
    pq.write_table(pa.Table.from_pylist(list(people)), path)
    return Manifest.open(path, defaults=DEFAULTS)


def faults(row: ManifestRow) -> Sequence[FieldFault]:
    """What is wrong with a row, told without values."""
    with pytest.raises(InvalidRequestError) as caught:
        row.build()
    told = f"{caught.value} {row!r}"
    assert not [value for value in ("Jane", "1987") if value in told]
    return caught.value.faults


def test_a_row_becomes_the_request_it_describes(path: Path) -> None:
    """Rows are numbered from 1, as no header is among them."""
    (row,) = opened(path, JANE)
    made = row.build()
    assert (row.number, row.key) == (1, "42")
    assert (made.name, made.gender, made.nationality) == ("Jane Doe", "F", "CO")
    assert (made.date_of_birth, len(made.images)) == (dt.date(1987, 6, 5), 2)


@pytest.mark.parametrize(
    ("column", "value", "field", "expected"),
    [
        ("date_of_birth", "1987-06-05", "date_of_birth", dt.date(1987, 6, 5)),
        ("date_of_birth", dt.datetime(1987, 6, 5), "date_of_birth", None),  # noqa: DTZ001
        ("images", "a.jpg;a.jpg", "name", "Jane Doe"),
        ("nationality", None, "nationality", None),
        ("nationality", " ", "nationality", None),
        ("min_score", 0.7, "min_score", 0.7),
        ("min_score", 1, "min_score", 1.0),
        ("min_score", decimal.Decimal("0.70"), "min_score", 0.7),
        ("collection_id", "c2", "collection_id", "c2"),
        (" Collection_ID", "c2", "collection_id", "c2"),
    ],
)
def test_values_have_the_types_that_columns_have(
    path: Path, column: str, value: object, field: str, expected: object
) -> None:
    """Texts, dates, midnights, numbers, lists; null and empty are nothing."""
    (row,) = opened(path, {**JANE, column: value})
    made = row.build()
    assert len(made.images) == 2
    assert made.date_of_birth == dt.date(1987, 6, 5)
    if expected is not None or value in (None, " "):
        assert getattr(made, field) == expected


@pytest.mark.parametrize("number", [42, decimal.Decimal(42)])
def test_ids_may_be_whole_numbers(path: Path, number: object) -> None:
    """As databases have them."""
    (row,) = opened(path, {**JANE, "id": number})
    assert row.key == "42"


@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [
        ("date_of_birth", dt.datetime(1987, 6, 5, 1), "must be written YYYY-MM-DD"),  # noqa: DTZ001
        ("date_of_birth", 19870605, "not int"),
        ("name", b"Jane", "must be a string, not bytes"),
        ("name", None, "is missing"),
        ("id", 42.5, "must be a string or whole number, not float"),
        ("images", 7, "must be a list of paths, not int"),
        ("images", [], "is missing"),
        ("min_score", "0.7", "must be a number, not str"),
        ("min_score", float("nan"), "must be between 0.5 and 1"),
    ],
)
def test_a_bad_value_is_a_fault_of_its_row(
    path: Path, column: str, value: object, problem: str
) -> None:
    """By field, and the rows after it are read."""
    first, second = opened(
        path, {**JANE, column: value}, {**JANE, "id": None, column: None}
    )
    (fault,) = [fault for fault in faults(first) if fault.field == column]
    assert problem in fault.problem
    assert second.number == 2


@pytest.mark.parametrize(
    ("kind", "bad", "good"),
    [
        (pa.date32(), 10_000_000, 6364),
        (pa.timestamp("us"), -(2**62), 549_849_600_000_000),
    ],
)
def test_a_time_that_python_has_not_is_a_fault_of_its_row_only(
    path: Path, kind: object, bad: int, good: int
) -> None:
    """Rows that are read together with it are good."""
    columns = {name: [value] * 3 for name, value in JANE.items() if name != "id"}
    columns["date_of_birth"] = pa.array([good, bad, good], kind)
    pq.write_table(pa.table(columns), path)
    rows = list(Manifest.open(path, defaults=DEFAULTS))
    assert [fault.field for fault in faults(rows[1])] == ["date_of_birth"]
    for row in (rows[0], rows[2]):
        assert row.build().date_of_birth == dt.date(1987, 6, 5)


def test_unknown_columns_are_noted_and_not_read(path: Path) -> None:
    """Except those that stand beside rows which failed."""
    manifest = opened(path, {"nationalty": "CO", **JANE, "reason": "x", "hint": "y"})
    assert manifest.notes == (
        "column 1, nationalty, is not known and is ignored; did you mean nationality?",
    )
    assert [row.build().name for row in manifest] == ["Jane Doe"]


def test_columns_that_no_row_can_be_read_with_are_refused(path: Path) -> None:
    """One that lacks, one that stands twice, and no collection."""
    lacking = {name: value for name, value in JANE.items() if name != "gender"}
    with pytest.raises(ManifestError, match="lacks the column gender: add"):
        opened(path, lacking)
    with pytest.raises(ManifestError, match="the column name stands twice"):
        opened(path, {**JANE, "Name": "Jo"})
    opened(path, JANE)
    with pytest.raises(ManifestError, match="no collection to enroll into"):
        Manifest.open(path)
    opened(path, {**JANE, "collection_id": "c2"})
    assert [row.build().collection_id for row in Manifest.open(path)] == ["c2"]


def test_a_manifest_without_rows_is_refused(path: Path) -> None:
    """As every other."""
    pq.write_table(pa.Table.from_pylist([JANE]).slice(1), path)
    with pytest.raises(ManifestError, match="holds no rows"):
        list(Manifest.open(path, defaults=DEFAULTS))


@pytest.mark.parametrize("spoilt", [4, 300, -20])
def test_a_damaged_file_is_refused(path: Path, spoilt: int) -> None:
    """Whether it is its end that is damaged or a page; no value is told."""
    pq.write_table(pa.Table.from_pylist([JANE] * 100), path, compression="none")
    data = bytearray(path.read_bytes())
    data[spoilt : spoilt + 12] = b"\xff" * 12
    path.write_bytes(data)
    with pytest.raises(ManifestError, match="can't be read as Parquet") as caught:
        list(Manifest.open(path, defaults=DEFAULTS))
    assert caught.value.__cause__ is None
    assert "Jane" not in str(caught.value)


def test_rows_are_written_down_as_texts(path: Path) -> None:
    """Whatever type they have, and what is nothing is left out."""
    odd = {"min_score": 0.5, "gender": b"F", "nationality": None}
    (row,) = opened(path, {**JANE, **odd}).as_written(for_folder=path.parent)
    assert dict(row.values) == {
        "id": "42",
        "name": "Jane Doe",
        "gender": "\"b'F'\"",
        "date_of_birth": "1987-06-05",
        "images": "a.jpg;a.jpg",
        "min_score": "0.5",
    }


def test_without_pyarrow_it_is_told_how_to_get_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one thing to type."""
    opened(path, JANE)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'verifik-async\[parqu"):
        Manifest.open(path, defaults=DEFAULTS)


def test_parquet_can_be_piped_in(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is kept aside anyway, so it can be read from its end."""
    opened(path, JANE)
    monkeypatch.chdir(path.parent)
    with path.open() as stream:
        monkeypatch.setattr("sys.stdin", stream)
        (row,) = Manifest.open("-", defaults=DEFAULTS)
    assert len(row.build().images) == 2
