"""Rows as they were written: mended and fed back, they are the same persons."""

import csv
import json
import os
from pathlib import Path

import pytest

from verifik_async.batch.manifest import (
    Manifest,
    ManifestError,
    RowDefaults,
    WrittenRow,
    WrittenRows,
)
from verifik_async.models import EnrollmentRequest

DEFAULTS = RowDefaults(collection_id="c1")
HEADER = "id,name,gender,date_of_birth,nationality,images"
JANE = "42,Jane Doe,F,1987-06-05,CO,a.jpg;sub/b.jpg"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A manifest's folder, with pictures and room beside it for what failed."""
    made = tmp_path / "people"
    for picture in (made / "a.jpg", made / "sub" / "b.jpg"):
        picture.parent.mkdir(parents=True, exist_ok=True)
        picture.write_bytes(b"\xff\xd8\xff\xe0" + bytes(200))
    (tmp_path / "results").mkdir()
    return made


def opened(path: Path, *, allow_outside: bool = False) -> Manifest:
    """The manifest, for a job with a collection."""
    return Manifest.open(path, defaults=DEFAULTS, allow_outside=allow_outside)


def written(path: Path, text: str) -> WrittenRows:
    """The rows of a manifest with this text, for its own folder."""
    path.write_text(text)
    return opened(path).as_written(for_folder=path.parent)


def feed_back(rows: WrittenRows, path: Path) -> Manifest:
    """All rows, written as those that failed are, and opened as a manifest."""
    with path.open("w", newline="") as stream:
        table = csv.DictWriter(
            stream, [*rows.columns, "reason", "hint"], delimiter=rows.delimiter
        )
        table.writeheader()
        for row in rows:
            table.writerow({**row.values, "reason": "no, \n it's", "hint": "mend"})
    return opened(path, allow_outside=True)


def requests(manifest: Manifest) -> list[tuple[str | None, EnrollmentRequest]]:
    """What the rows ask for, by id."""
    return [(row.key, row.build()) for row in manifest]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_rows_keep_their_own_columns(folder: Path, delimiter: str) -> None:
    """Names, order, delimiter, and columns that are not known; in any case."""
    header = f"remark,{HEADER},,Team".replace("images", "Images")
    row = f'fine,{JANE.replace("a.jpg;sub/b.jpg", "a.jpg")},lost," red "'
    text = f"{header}\n{row}\n".replace(",", delimiter)
    rows = written(folder / "people.csv", text)
    names = ("remark", *HEADER.split(",")[:-1], "Images", "Team")
    assert (rows.columns, rows.delimiter) == (names, delimiter)
    (only,) = rows
    assert (only.number, only.key) == (2, "42")
    cells = ["fine", *JANE.split(",")[:-1], "a.jpg", "red"]
    assert dict(only.values) == dict(zip(names, cells, strict=True))


def test_what_was_wrong_is_kept_to_be_mended(folder: Path) -> None:
    """Texts which no field can take stand there still."""
    wrong = '42,,x,5/6/87,CO,gone.jpg,"0,65"'
    (row,) = written(folder / "people.csv", f"{HEADER},min_score\n{wrong}\n")
    names = [*HEADER.split(","), "min_score"]
    assert list(row.values) == names
    assert list(row.values.values()) == [
        "42",
        "",
        "x",
        "5/6/87",
        "CO",
        "gone.jpg",
        "0,65",
    ]


def test_a_row_that_can_t_be_taken_apart_has_no_values(folder: Path) -> None:
    """Its cells might stand under other persons' columns; its number is kept."""
    text = f"{HEADER}\n\n{JANE},Doe\n{JANE}\n"
    rows = list(written(folder / "people.csv", text))
    assert [(row.number, row.key, len(row.values)) for row in rows] == [
        (3, None, 0),
        (4, "42", 6),
    ]


def test_jsonl_rows_become_the_known_columns(folder: Path) -> None:
    """Lists are joined, other values told as JSON, and what is none left out."""
    person: dict[str, object] = {
        "id": 42,
        "name": " Zoë ",
        "gender": 5,
        "images": ["a.jpg", "sub/b.jpg"],
        "min_score": 0.7,
        "nationality": None,
        "reason": "a face twice",
        "hint": "mend it",
    }
    rows = written(folder / "people.jsonl", json.dumps(person) + "\n{\n")
    first, second = rows
    assert dict(first.values) == {
        "id": "42",
        "name": "Zoë",
        "gender": "5",
        "images": "a.jpg;sub/b.jpg",
        "min_score": "0.7",
    }
    assert set(first.values) < set(rows.columns)
    assert (second.number, second.key, second.values) == (2, None, {})


@pytest.mark.parametrize("name", ["people.csv", "people.jsonl"])
@pytest.mark.parametrize("where", ["people", "results", "people/sub", "link"])
def test_rows_fed_back_are_the_same_persons(
    folder: Path, name: str, where: str
) -> None:
    """Ids, fields and pictures, from whatever folder, with reason and hint beside."""
    (folder.parent / "link").symlink_to(folder / "sub")
    cells = dict(zip(HEADER.split(","), JANE.split(","), strict=True))
    text = json.dumps(cells) if name.endswith("l") else f"{HEADER}\n{JANE}\n"
    (folder / name).write_text(text)
    manifest = opened(folder / name)
    there = folder.parent / where
    again = feed_back(manifest.as_written(for_folder=there), there / "failed.csv")
    assert not again.notes
    assert [row.picture_files() for row in again] == [
        row.picture_files() for row in manifest
    ]
    told = [(key, made.name, len(made.images)) for key, made in requests(again)]
    assert told == [("42", "Jane Doe", 2)]
    once_more = again.as_written(for_folder=there)
    assert "reason" not in once_more.columns
    assert not [row for row in once_more if "reason" in row.values]


@pytest.mark.parametrize(
    "path",
    ["/somewhere/a.jpg", "https://example.test/a.jpg", "data:image/png;base64,AA=="],
)
def test_what_is_no_relative_path_stays_as_it_is(folder: Path, path: str) -> None:
    """Such pictures are found, or refused, from everywhere alike."""
    text = json.dumps({"images": [path, "a.jpg"]})
    (folder / "people.jsonl").write_text(text)
    rows = opened(folder / "people.jsonl").as_written(
        for_folder=folder.parent / "results"
    )
    (row,) = rows
    moved = os.path.join("..", "people", "a.jpg")  # noqa: PTH118 - as a text
    assert row.values["images"] == f"{path};{moved}"


def test_a_written_row_is_silent(folder: Path) -> None:
    """Its repr holds number and id, and nothing else of the person."""
    (row,) = written(folder / "people.csv", f"{HEADER}\n{JANE}\n")
    assert repr(row) == "WrittenRow(number=2, key='42')"
    assert isinstance(row, WrittenRow)


def test_each_pass_reads_the_file_as_it_is_then(folder: Path) -> None:
    """Cells are told under the header that stands above them now."""
    path = folder / "people.csv"
    rows = written(path, f"{HEADER}\n{JANE}\n")
    assert len(list(rows)) == 1
    names, cells = HEADER.split(","), JANE.split(",")
    path.write_text(",".join(names[::-1]) + "\n" + ",".join(cells[::-1]) + "\n")
    assert next(iter(rows)).values == dict(zip(names, cells, strict=True))
    path.write_text("gone")
    with pytest.raises(ManifestError):
        list(rows)
