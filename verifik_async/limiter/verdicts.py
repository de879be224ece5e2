"""What an attempt's end says about the load that the server bears."""

from __future__ import annotations

import enum

from verifik_async.errors import (
    ApiError,
    AuthenticationError,
    DuplicatePersonError,
    LivenessFailedError,
    OutcomeUnknownError,
    PermissionDeniedError,
    RateLimitedError,
    VerifikError,
)


class Verdict(enum.Enum):
    """What an attempt's end says about load."""

    WORKED = enum.auto()
    """A person came back."""

    JUDGED = enum.auto()
    """A verdict on the face: the same work, if it took its time."""

    REFUSED = enum.auto()
    """Refused for what it says. It counts as a request, not as work."""

    THROTTLED = enum.auto()
    """Not now."""

    LOST = enum.auto()
    """No readable answer, or a server that failed."""

    SILENT = enum.auto()
    """Nothing: not sent, not let in, or cancelled."""


_TABLE: tuple[tuple[type[VerifikError], Verdict], ...] = (
    (RateLimitedError, Verdict.THROTTLED),
    (DuplicatePersonError, Verdict.JUDGED),
    (LivenessFailedError, Verdict.JUDGED),
    (OutcomeUnknownError, Verdict.LOST),
    (AuthenticationError, Verdict.SILENT),
    (PermissionDeniedError, Verdict.SILENT),
    (ApiError, Verdict.REFUSED),
)
"""The first that fits."""


def verdict_of(error: BaseException | None) -> Verdict:
    """The verdict for an attempt that ended with `error`, or with a person."""
    if error is None:
        return Verdict.WORKED
    for kind, verdict in _TABLE:
        if isinstance(error, kind):
            return verdict
    return Verdict.SILENT
