"""What is written down of an outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from verifik_async.batch.journal.records import State, Verdict
from verifik_async.errors import (
    ApiError,
    DuplicatePersonError,
    LivenessFailedError,
    UnexpectedResponseError,
    VerifikError,
)

if TYPE_CHECKING:
    from verifik_async.batch.outcomes import BatchOutcome

_LONGEST_TEXT = 300


def verdict_of(outcome: BatchOutcome, *, at: float, took: float) -> Verdict:
    """The verdict that an outcome is.

    Args:
        outcome: Any but `not_attempted` and `skipped`, which decide nothing.
        at: Seconds since 1970.
        took: Seconds from the start of the person's turn.
    """
    return Verdict(
        state=State(outcome.status.value),
        attempts=outcome.attempts,
        at=at,
        took=took,
        **_facts(outcome),
    )


class _Facts(TypedDict, total=False):
    """Those that not all verdicts have."""

    status: int
    error: str
    code: str | None
    reason: str | None
    detail: str | None
    person_id: str | None
    request_id: str | None
    liveness: float | None


def _facts(outcome: BatchOutcome) -> _Facts:
    enrollment, error = outcome.enrollment, outcome.error
    if enrollment is not None:
        return {
            "person_id": clean(enrollment.person.id),
            "request_id": clean(enrollment.request_id),
        }
    if error is None:
        return {}
    facts: _Facts = {"error": type(error).__name__}
    if isinstance(error, ApiError):
        return {**facts, **_refusal(error)}
    if isinstance(error, UnexpectedResponseError):
        facts["status"] = error.status
    if isinstance(error, VerifikError):  # the text of others may hold anything
        facts["detail"] = clean(str(error))
    return facts


def _refusal(error: ApiError) -> _Facts:
    facts: _Facts = {
        "status": error.status,
        "code": clean(error.code),
        "reason": clean(error.reason),
        "detail": clean(error.detail or error.message),
    }
    if isinstance(error, DuplicatePersonError) and error.existing_person is not None:
        facts["person_id"] = clean(error.existing_person.id)
    if isinstance(error, LivenessFailedError):
        facts["liveness"] = error.score
    return facts


def clean(text: str | None) -> str | None:
    """A text that the database takes, of bounded length; None for an empty one."""
    if not text:
        return None
    # JSON may hold halves of characters, which nobody can write down
    return text[:_LONGEST_TEXT].encode("utf-8", "replace").decode()
