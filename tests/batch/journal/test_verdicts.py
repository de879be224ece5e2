"""What is written down of an outcome: what the server said, and nothing personal."""

from __future__ import annotations

import attrs
import pytest
from batch_runs import ERRORS, error_of

from verifik_async import (
    ApiError,
    BatchOutcome,
    ConnectError,
    DuplicatePersonError,
    ExistingPerson,
    LivenessFailedError,
    OutcomeStatus,
    UnexpectedResponseError,
    VerifikError,
)
from verifik_async.batch.journal.records import State, Verdict
from verifik_async.batch.journal.verdicts import clean, verdict_of

UNDECIDED = (OutcomeStatus.NOT_ATTEMPTED, OutcomeStatus.SKIPPED)
DECIDED = [status for status in OutcomeStatus if status not in UNDECIDED]


def verdict(error: Exception | None = None, **outcome: OutcomeStatus) -> Verdict:
    """The verdict that an outcome with this error is."""
    status = outcome.get("status", OutcomeStatus.REJECTED)
    made = BatchOutcome(index=3, status=status, error=error, attempts=2)
    return verdict_of(made, at=100.0, took=0.5)


def said(error: Exception) -> dict[str, object]:
    """What is written down of an error."""
    facts = attrs.asdict(verdict(error))
    return {
        name: value
        for name, value in facts.items()
        if value is not None and name not in ("state", "attempts", "at", "took")
    }


@pytest.mark.parametrize("status", DECIDED)
def test_each_status_that_decides_is_a_state(status: OutcomeStatus) -> None:
    """By the same name, so that people find it again."""
    made = verdict(status=status)
    assert made.state.value == status.value
    assert made == Verdict(state=made.state, attempts=2, at=100.0, took=0.5)


def test_states_are_the_statuses_that_decide() -> None:
    """And `pending`, which nobody has written down."""
    assert {state.value for state in State} == {"pending"} | {
        status.value for status in DECIDED
    }


def test_a_refusal_is_kept_with_what_the_server_said() -> None:
    """Its detail, or else its message."""
    error = ApiError(status=412, code="E", reason="bad", message="long", detail="more")
    assert said(error) == {
        "error": "ApiError",
        "status": 412,
        "code": "E",
        "reason": "bad",
        "detail": "more",
    }
    assert said(ApiError(status=412, message="long"))["detail"] == "long"


def test_a_duplicate_is_kept_with_the_person_who_is_there() -> None:
    """Somebody will want to look them up."""
    known = ExistingPerson(id="p-1")
    error = DuplicatePersonError(status=409, existing_person=known)
    assert said(error)["person_id"] == "p-1"
    assert "person_id" not in said(DuplicatePersonError(status=409))


def test_a_failed_liveness_check_is_kept_with_its_score() -> None:
    """For whoever chooses the threshold of the next job."""
    assert said(LivenessFailedError(status=409, score=0.31))["liveness"] == 0.31


def test_an_answer_that_was_not_understood_is_kept_with_its_status() -> None:
    """The person may exist."""
    error = UnexpectedResponseError(status=202, problems=["no id"])
    assert said(error)["status"] == 202
    assert said(error)["detail"] == str(error)


def test_the_text_of_an_error_that_is_not_ours_is_not_kept() -> None:
    """Nobody knows what is in it."""
    assert said(ValueError("Jane Doe")) == {"error": "ValueError"}
    assert said(ConnectError("refused")) == {
        "error": "ConnectError",
        "detail": "refused",
    }


@pytest.mark.parametrize("kind", ERRORS)
def test_every_error_can_be_written_down(kind: type[VerifikError]) -> None:
    """Whatever may come, the run need not stop for it."""
    error = error_of(kind)
    assert said(error)["error"] == kind.__name__


@pytest.mark.parametrize(
    ("text", "kept"),
    [(None, None), ("", None), ("a" * 999, "a" * 300), ("\ud800b", "?b")],
)
def test_texts_are_short_and_can_be_written(text: str | None, kept: str | None) -> None:
    """Servers send pages of HTML, and halves of characters."""
    assert clean(text) == kept
