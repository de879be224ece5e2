"""The outcomes file: one row a person, at once, and nothing personal in it."""

import csv
import json
from pathlib import Path

import attrs
import pytest

from verifik_async.batch.outcomes import BatchOutcome, OutcomeStatus
from verifik_async.batch.outcomes_file import COLUMNS, OutcomesFile
from verifik_async.errors import (
    ConfigurationError,
    DuplicatePersonError,
    ExistingPerson,
    FieldFault,
    InvalidRequestError,
    LivenessFailedError,
    ReadTimeoutError,
)
from verifik_async.models import Enrollment, Person


def enrolled(key: str | None = "42") -> BatchOutcome:
    """A person that came back."""
    enrollment = Enrollment(
        person=Person(id="p1", name="Jane Doe", nationality="CO"), request_id="JQ4RM"
    )
    return BatchOutcome(
        index=0,
        key=key,
        status=OutcomeStatus.ENROLLED,
        enrollment=enrollment,
        attempts=2,
    )


def refused(error: Exception, status: OutcomeStatus) -> BatchOutcome:
    """A person that did not."""
    return BatchOutcome(index=1, status=status, error=error, attempts=1)


OUTCOMES = [
    enrolled(),
    refused(
        LivenessFailedError(
            status=409,
            code="ERROR",
            message="409:liveness_failed@0.31",
            reason="liveness_failed",
            score=0.31,
        ),
        OutcomeStatus.LIVENESS_FAILED,
    ),
    refused(
        DuplicatePersonError(
            status=409,
            reason="duplicated_person",
            detail='=HYPERLINK("x")',
            existing_person=ExistingPerson(id="p0"),
        ),
        OutcomeStatus.DUPLICATE,
    ),
    refused(
        InvalidRequestError([FieldFault(field="gender", problem="must be F or M")]),
        OutcomeStatus.INVALID,
    ),
    refused(ReadTimeoutError("no answer"), OutcomeStatus.UNKNOWN),
    refused(RuntimeError("Jane Doe broke it"), OutcomeStatus.UNKNOWN),
    BatchOutcome(index=2, key="=1+1", status=OutcomeStatus.NOT_ATTEMPTED),
]


def test_csv_tells_verdicts_and_reasons(tmp_path: Path) -> None:
    """Ids, outcome, reason, detail, score and hint, each in its column."""
    with OutcomesFile.create(tmp_path / "out.csv") as file:
        for row, outcome in enumerate(OUTCOMES, start=2):
            file.write(row, outcome)
    text = (tmp_path / "out.csv").read_text()
    assert "Jane" not in text
    rows = list(csv.DictReader(text.splitlines()))
    assert list(rows[0]) == list(COLUMNS)
    assert rows[0] == dict.fromkeys(COLUMNS, "") | {
        "row": "2",
        "id": "42",
        "status": "enrolled",
        "person_id": "p1",
        "request_id": "JQ4RM",
        "attempts": "2",
    }
    told = [(r["error"], r["outcome"], r["reason"], r["detail"]) for r in rows[1:]]
    assert told == [
        (
            "LivenessFailedError",
            "REJECTED",
            "liveness_failed",
            "409:liveness_failed@0.31",
        ),
        # spreadsheet programs would run what the server says as a formula
        (
            "DuplicatePersonError",
            "REJECTED",
            "duplicated_person",
            '\'=HYPERLINK("x")',
        ),
        ("InvalidRequestError", "NOT_SENT", "", "gender: must be F or M"),
        ("ReadTimeoutError", "UNKNOWN", "", "no answer"),
        ("RuntimeError", "", "", ""),
        ("", "", "", ""),
    ]
    assert [row["liveness_score"] for row in rows[:2]] == ["", "0.31"]
    assert rows[2]["person_id"] == "p0"
    assert rows[4]["hint"].startswith("The person may exist")
    assert rows[6]["id"] == "=1+1"


def test_jsonl_has_the_same_columns_with_types(tmp_path: Path) -> None:
    """What is not known is null, and numbers are numbers."""
    with OutcomesFile.create(tmp_path / "out.jsonl") as file:
        for row, outcome in enumerate(OUTCOMES[:2], start=2):
            file.write(row, outcome)
    lines = (tmp_path / "out.jsonl").read_text().splitlines()
    first, second = (json.loads(line) for line in lines)
    assert tuple(first) == COLUMNS
    assert (first["row"], first["attempts"], first["error"]) == (2, 2, None)
    assert second["liveness_score"] == 0.31


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl"])
def test_each_row_is_in_the_file_before_the_next_comes(
    tmp_path: Path, name: str
) -> None:
    """A run that is killed leaves every verdict that it had."""
    path = tmp_path / name
    with OutcomesFile.create(path) as file:
        for rows in (1, 2):
            file.write(rows, enrolled())
            found = [line for line in path.read_text().splitlines() if "p1" in line]
            assert len(found) == rows


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("out.txt", "must end in .csv or .jsonl"),
        ("there.csv", "exists already: name another one"),
        ("dangling.csv", "exists already: name another one"),
        ("gone/out.csv", "folder does not exist"),
        ("folder.csv", "is a folder"),
        (f"{'x' * 300}.csv", "can't be made: File name too long"),
    ],
)
def test_unfit_paths_are_refused(tmp_path: Path, name: str, message: str) -> None:
    """With the reason, and an existing file is left as it is."""
    (tmp_path / "there.csv").write_text("earlier")
    (tmp_path / "dangling.csv").symlink_to("nowhere")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ConfigurationError, match=message):
        OutcomesFile.create(tmp_path / name)
    assert (tmp_path / "there.csv").read_text() == "earlier"


def test_overwriting_takes_the_old_file_s_place(tmp_path: Path) -> None:
    """The old file is replaced in one step, and nothing else is left behind."""
    path = tmp_path / "out.jsonl"
    path.write_text("earlier")
    with path.open() as old, OutcomesFile.create(path, overwrite=True) as file:
        assert path.read_text() == ""
        file.write(2, enrolled())
        assert old.read() == "earlier"
    assert json.loads(path.read_text())["id"] == "42"
    assert [found.name for found in tmp_path.iterdir()] == ["out.jsonl"]


def test_a_folder_is_never_overwritten(tmp_path: Path) -> None:
    """Not even where overwriting is allowed."""
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ConfigurationError, match="is a folder"):
        OutcomesFile.create(tmp_path / "folder.csv", overwrite=True)


def test_halves_of_characters_from_a_server_are_written(tmp_path: Path) -> None:
    """JSON can name what no file can hold: that is no reason to end a run."""
    outcome = attrs.evolve(
        enrolled(), enrollment=Enrollment(person=Person(id="p\ud800"))
    )
    for name in ("outcomes.csv", "outcomes.jsonl"):
        with OutcomesFile.create(tmp_path / name) as file:
            file.write(1, outcome)
    assert "p?" in (tmp_path / "outcomes.csv").read_text(encoding="utf-8")
