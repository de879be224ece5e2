"""What is written down of an outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

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
    verdict = Verdict(
        state=State(outcome.status.value), attempts=outcome.attempts, at=at, took=took
    )
    if outcome.enrollment is not None:
        return attrs.evolve(
            verdict,
            status=200,
            person_id=clean(outcome.enrollment.person.id),
            request_id=clean(outcome.enrollment.request_id),
        )
    if outcome.error is not None:
        return _explained(verdict, outcome.error)
    return verdict


def _explained(verdict: Verdict, error: Exception) -> Verdict:
    verdict = attrs.evolve(verdict, error=type(error).__name__)
    if not isinstance(error, VerifikError):
        return verdict  # its text may hold anything
    verdict = attrs.evolve(verdict, detail=clean(str(error)))
    if isinstance(error, UnexpectedResponseError):
        return attrs.evolve(verdict, status=error.status)
    if not isinstance(error, ApiError):
        return verdict
    known = error.existing_person if isinstance(error, DuplicatePersonError) else None
    return attrs.evolve(
        verdict,
        status=error.status,
        code=clean(error.code),
        reason=clean(error.reason),
        detail=clean(error.detail or error.message),
        person_id=clean(known.id) if known else None,
        liveness=error.score if isinstance(error, LivenessFailedError) else None,
    )


def clean(text: str | None) -> str | None:
    """A text that the database takes, of bounded length; None for an empty one."""
    if not text:
        return None
    # JSON may hold halves of characters, which nobody can write down
    return text[:_LONGEST_TEXT].encode("utf-8", "replace").decode()
