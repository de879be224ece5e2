"""One verdict for each person, and the counts of a run."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import TypeVar

import attrs

from verifik_async.errors import (
    ApiError,
    AuthenticationError,
    ClientClosedError,
    ConfigurationError,
    CredentialsError,
    DuplicatePersonError,
    InvalidRequestError,
    LivenessFailedError,
    Outcome,
    OutcomeUnknownError,
    PermissionDeniedError,
    RateLimitedError,
    VerifikError,
)
from verifik_async.models import Enrollment, EnrollmentRequest

Value = TypeVar("Value")


class OutcomeStatus(enum.StrEnum):
    """What became of one person."""

    ENROLLED = "enrolled"
    """A person came back."""

    PRESUMED_ENROLLED = "presumed_enrolled"
    """A duplicate was answered after an attempt of our own with unknown outcome."""

    DUPLICATE = "duplicate"
    """The person was in the collection already."""

    LIVENESS_FAILED = "liveness_failed"
    """The images did not pass the liveness check."""

    REJECTED = "rejected"
    """The server refused for another reason."""

    INVALID = "invalid"
    """Refused here; nothing was sent."""

    UNKNOWN = "unknown"
    """Sent, and no readable answer: the person may exist."""

    FAILED = "failed"
    """All attempts were spent, and none reached the server's decision."""

    NOT_ATTEMPTED = "not_attempted"
    """The run stopped before this person's turn, or with it: nothing was decided."""

    SKIPPED = "skipped"
    """Settled by an earlier run."""


def _require_text(_: object, _field: attrs.Attribute[Value], key: Value) -> None:
    """Not all callers check types, and only texts can be hashed."""
    if key is not None and not isinstance(key, str):
        kind = type(key).__name__
        raise ConfigurationError(f"BatchItem.key must be a text, not {kind}")


@attrs.frozen(kw_only=True)
class BatchItem:
    """A person to enroll, and what the caller calls this person.

    Attributes:
        request: The request, or a callable that makes it when its turn comes. An
            `InvalidRequestError` raised there is this item's outcome, `invalid`.
        key: The caller's own id, handed back with the outcome. A journal knows the
            person by it, and by the content of the request where there is none, for
            which all pictures have to be read once more.
        row: What people call the person's place, such as a manifest's row; a journal
            names the person by it. The place in the source, if it is None.

    Raises:
        ConfigurationError: The key is no text.
    """

    request: EnrollmentRequest | Callable[[], EnrollmentRequest] = attrs.field(
        repr=False
    )
    key: str | None = attrs.field(default=None, validator=_require_text)
    row: int | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class SettledBefore:
    """What an earlier run of the same job made of a person.

    Attributes:
        status: The verdict.
        person_id: Whom the server told then: the person enrolled, or the duplicate.
    """

    status: OutcomeStatus
    person_id: str | None = None


@attrs.frozen(kw_only=True)
class BatchOutcome:
    """What became of one person.

    Attributes:
        index: Place in the source, from 0; outcomes come as they complete.
        key: The item's key.
        status: The verdict.
        enrollment: The person, for `enrolled`.
        error: Why not. `skipped` has none, and `not_attempted` only where the reason
            for the stop was met with this very person.
        attempts: Requests sent for this person by this run.
        settled: The verdict of an earlier run, for `skipped`.
    """

    index: int
    key: str | None = None
    status: OutcomeStatus
    enrollment: Enrollment | None = None
    error: Exception | None = None
    attempts: int = 0
    settled: SettledBefore | None = None


@attrs.frozen(kw_only=True)
class BatchReport:
    """Where a run stands.

    Attributes:
        counts: Persons by status; every status is there.
        total: Persons with a verdict.
        in_flight: Persons being enrolled now.
        attempts: Requests sent.
        elapsed: Seconds since the run began, until now or its end.
        stop_reason: Why the run stopped before its source ended, as a sentence.
        stop_error: The error that stopped it.
        skipped: Those who were `skipped`, by the verdict of an earlier run.
    """

    counts: Mapping[OutcomeStatus, int]
    total: int = 0
    in_flight: int = 0
    attempts: int = 0
    elapsed: float = 0.0
    stop_reason: str | None = None
    stop_error: Exception | None = None
    skipped: Mapping[OutcomeStatus, int] = attrs.field(factory=dict[OutcomeStatus, int])

    @property
    def rate(self) -> float:
        """Persons settled per second, of those that were attempted."""
        waiting = self.counts[OutcomeStatus.NOT_ATTEMPTED]
        settled = self.total - waiting - self.counts[OutcomeStatus.SKIPPED]
        return settled / self.elapsed if self.elapsed > 0 else 0.0


FATAL = (
    AuthenticationError,
    PermissionDeniedError,
    CredentialsError,
    ConfigurationError,
    ClientClosedError,
)
"""Errors that every further person would meet alike: they stop the run."""


def fatal_in(error: VerifikError) -> VerifikError | None:
    """The error if it is a fatal one, or the fatal one behind it.

    A person whose first attempt had an unknown outcome stays `unknown`, whatever a
    later attempt was told; that answer is the cause then, and stops the run as well.
    """
    behind = error.__cause__
    if isinstance(error, FATAL):
        return error
    return behind if isinstance(behind, FATAL) else None


def after_unknown(error: VerifikError) -> VerifikError:
    """What an error means for a person whom an earlier run may have enrolled.

    As within one call: only a duplicate says something about the earlier attempt. Any
    other refusal leaves it open, and is the cause of the error given back.
    """
    if isinstance(error, DuplicatePersonError):
        error.may_be_own_write = True
        return error
    if error.outcome is Outcome.UNKNOWN:
        return error
    unknown = OutcomeUnknownError(
        "sent by an earlier run without an answer, and this run's request was answered "
        f"{type(error).__name__}, which does not tell what the earlier one did"
    )
    unknown.attempts = error.attempts
    unknown.elapsed = error.elapsed
    unknown.__cause__ = error
    return unknown


def drop_frames(error: BaseException) -> None:
    """Free the frames that the error, and those it is chained to, passed through.

    They hold the request with its images, some in a cycle: a caller who keeps outcomes
    would keep every image, and a run that drops them would grow until a collection.
    """
    chained: list[BaseException | None] = [error]
    while chained:
        link = chained.pop()
        if link is not None and link.__traceback__ is not None:
            link.__traceback__ = None
            chained += [link.__cause__, link.__context__]


def status_of(error: VerifikError) -> OutcomeStatus:
    """The verdict that an error means for its person."""
    if error.outcome is Outcome.UNKNOWN:
        return OutcomeStatus.UNKNOWN
    if isinstance(error, FATAL):
        return OutcomeStatus.NOT_ATTEMPTED
    if isinstance(error, DuplicatePersonError):
        own = error.may_be_own_write
        return OutcomeStatus.PRESUMED_ENROLLED if own else OutcomeStatus.DUPLICATE
    verdicts: tuple[tuple[type[VerifikError], OutcomeStatus], ...] = (
        (LivenessFailedError, OutcomeStatus.LIVENESS_FAILED),
        (InvalidRequestError, OutcomeStatus.INVALID),
        (RateLimitedError, OutcomeStatus.FAILED),
        (ApiError, OutcomeStatus.REJECTED),
    )
    found = (status for kind, status in verdicts if isinstance(error, kind))
    return next(found, OutcomeStatus.FAILED)
