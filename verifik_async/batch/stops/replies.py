"""What an outcome says of the service: it answered, it did not, or nothing."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import attrs

from verifik_async.batch.outcomes import OutcomeStatus
from verifik_async.errors import (
    ApiError,
    InvalidRequestError,
    Outcome,
    OutcomeUnknownError,
    RateLimitedError,
    VerifikError,
)

if TYPE_CHECKING:
    from verifik_async.batch.outcomes import BatchOutcome

ENROLLED = frozenset({OutcomeStatus.ENROLLED, OutcomeStatus.PRESUMED_ENROLLED})
REFUSED = frozenset(
    {OutcomeStatus.DUPLICATE, OutcomeStatus.LIVENESS_FAILED, OutcomeStatus.REJECTED}
)
FAILURES = frozenset({OutcomeStatus.FAILED, OutcomeStatus.UNKNOWN})
"""No decision came back: that is the network's fault, or the service's."""


class Answer(enum.Enum):
    """Whether there was one."""

    YES = enum.auto()
    """The server decided, so it works."""

    LOST = enum.auto()
    """Nothing usable came back, or "not now"."""

    NEVER_ASKED = enum.auto()
    """Nothing was sent by this run, so nothing is known."""


@attrs.frozen
class Reply:
    """What came back for one person.

    Attributes:
        answer: Whether the server decided.
        error: What the last request met; None for a person.
    """

    answer: Answer
    error: Exception | None = None


def reply_of(outcome: BatchOutcome) -> Reply:
    """What came back for somebody, by the outcome."""
    if outcome.status in ENROLLED:
        return Reply(Answer.YES)
    if outcome.status in REFUSED:
        return Reply(Answer.YES, outcome.error)
    met = _last_met(outcome.error)
    if outcome.status not in FAILURES or met is None:
        return Reply(Answer.NEVER_ASKED)  # without error: an earlier run's
    if isinstance(met, InvalidRequestError):
        return Reply(Answer.NEVER_ASKED)
    return Reply(Answer.YES if _is_refusal(met) else Answer.LOST, met)


def _last_met(error: Exception | None) -> Exception | None:
    """The last answer to a person whose earlier attempt keeps the outcome unknown."""
    if not isinstance(error, OutcomeUnknownError):
        return error
    behind = error.__cause__
    return behind if isinstance(behind, VerifikError) else error


def _is_refusal(error: Exception) -> bool:
    refused = isinstance(error, ApiError) and error.outcome is Outcome.REJECTED
    return refused and not isinstance(error, RateLimitedError)
