"""What makes a manifest unusable as a whole, and what its reader is told."""

import os
from pathlib import Path
from typing import Protocol

import pytest

from verifik_async.batch.manifest import Manifest, ManifestError, RowDefaults
from verifik_async.batch.manifest.text import LONGEST_LINE
from verifik_async.errors import VerifikError

HEADER = b"id,name,gender,date_of_birth,nationality,images\n"
JANE = b"42,Jane Doe,F,1990-01-15,CO,jane.jpg\n"


class Refusal(Protocol):
    """What shows why a manifest is refused."""

    def __call__(
        self, data: bytes, *, name: str = "people.csv", collection: str = "c1"
    ) -> str:
        """The error's message."""
        ...


@pytest.fixture
def refusal(tmp_path: Path) -> Refusal:
    """Also checks that the message holds no value of a person."""

    def run(data: bytes, *, name: str = "people.csv", collection: str = "c1") -> str:
        path = tmp_path / name
        path.write_bytes(data)
        defaults = RowDefaults(collection_id=collection or None)
        with pytest.raises(ManifestError) as caught:
            list(Manifest.open(path, defaults=defaults))
        message = str(caught.value)
        assert isinstance(caught.value, VerifikError)
        assert caught.value.__cause__ is None
        assert "Jane" not in message
        assert "1990-01-15,CO" not in message
        return message

    return run


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is empty: write"),
        (b"\n \n", "blank lines only: write"),
        (HEADER, "holds no rows: add one"),
        (HEADER + b"\n,,,,,\n", "holds no rows: add one"),
        (JANE, "row 1 is no header: begin with a row of column names"),
        (b"\n" + JANE, "row 2 is no header"),
        (b'"id,name\n', "row 1 is no header"),
        (b"x" * 140_000, "row 1 is no header"),
        (b"id,name,gender,images\n" + JANE, "lacks the column date_of_birth: add"),
        (b"id,name,dob,sex\n" + JANE, "the columns gender, date_of_birth, images: add"),
        (HEADER.replace(b"id", b"Name ") + JANE, "column name stands twice: leave"),
        (HEADER + b"Zo\xeb\n", "line 2 is not UTF-8: save it as CSV in UTF-8"),
        (HEADER + JANE * 2000 + b"\xff\n" + JANE, "line 2002 is not UTF-8: save"),
        (HEADER + b"a\0b\n", "line 2 holds NUL bytes"),
        (HEADER.decode().encode("utf-16-le"), "line 1 holds NUL bytes"),
        ((HEADER + JANE).decode().encode("utf-16")[:-1], "is no whole UTF-16: save"),
        (b"PK\x03\x04 and more", "is a spreadsheet or archive: save it as CSV"),
        (b"\x1f\x8b\x08 and more", "is a spreadsheet or archive: save it as CSV"),
        (HEADER + b"x" * LONGEST_LINE, "line 2 is longer than 4 million characters"),
        (HEADER + b'1,"Jane\n' + JANE, "row 2: its quotes don't match"),
        (HEADER + b'1,"Jane\n1,"Jane" Doe\n' + JANE, "row 2: its quotes don't match"),
        (b'[{"name": "Jane Doe"}]', "is a JSON array: write one object a line"),
    ],
)
def test_an_unusable_file_is_refused_with_advice(
    refusal: Refusal, data: bytes, told: str
) -> None:
    """The message names the line and says what to do, without showing it."""
    assert told in refusal(data)


@pytest.mark.parametrize("data", [b"\n\n", b"  \n"])
def test_jsonl_without_rows_is_refused(refusal: Refusal, data: bytes) -> None:
    """The ending of the file's name decides where its content does not."""
    assert "holds no rows" in refusal(data, name="people.JSONL")


def test_a_job_without_collection_is_refused_before_its_rows(refusal: Refusal) -> None:
    """Neither a default nor a column: no row could be sent."""
    assert "no collection to enroll into" in refusal(HEADER + JANE, collection="")


def test_what_can_t_be_opened_is_refused_with_advice(tmp_path: Path) -> None:
    """What is missing, holds nobody, or can't be read twice, as a pipe."""
    os.mkfifo(tmp_path / "pipe")
    told = {
        "missing.csv": "the manifest can't be read: No such file or directory",
        ".": "the folder holds no sub-folders: make one for each person, with "
        "person.json and 1 to 3 pictures in it; or name the manifest's file",
        "pipe": "the manifest is no regular file: save it as one, or pipe it into "
        "standard input and call it -",
    }
    for name, message in told.items():
        with pytest.raises(ManifestError) as caught:
            Manifest.open(tmp_path / name)
        assert str(caught.value) == message


def test_a_file_that_changes_between_two_readings_is_read_anew(tmp_path: Path) -> None:
    """Checking and sending read the file each, and both find its faults."""
    path = tmp_path / "people.csv"
    path.write_bytes(HEADER + JANE)
    manifest = Manifest.open(path, defaults=RowDefaults(collection_id="c1"))
    assert [row.number for row in manifest] == [2]
    path.write_bytes(JANE)
    with pytest.raises(ManifestError, match="no header"):
        list(manifest)
