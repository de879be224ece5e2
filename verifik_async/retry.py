"""Which failed attempt may be followed by another, and after how long.

The only importer of `backoff`, of which only the wait generators are used: its
decorator hands the call's arguments (images, token) to hooks and logs, and it is no
longer developed upstream.
"""

from __future__ import annotations

from typing import Literal

import attrs
import backoff

from verifik_async.errors import (
    ConfigurationError,
    DuplicatePersonError,
    Outcome,
    OutcomeUnknownError,
    RateLimitedError,
    TransportError,
    VerifikError,
)

_FIRST_WAIT = 0.5
_LONGEST_BACKOFF = 8
_SETTLING = 2.0
"""Seconds before an unknown attempt is sent again: the first may still be at work,
and two that search at the same time find no duplicate."""


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """How often, and how patiently, one call is repeated.

    Repeated are attempts that the server cannot have acted on, and 429 or 503 with
    Retry-After. A refusal is final. An attempt with unknown outcome is repeated only
    with `on_unknown="resend"`.

    Attributes:
        max_attempts: Requests of one call at the most, from 1, which means that
            nothing is sent again. Neither the one request more after a renewed token
            counts, nor 429s and 503s with Retry-After up to `max_throttled`.
        on_unknown: `"raise"` hands `OutcomeUnknownError` to the caller. `"resend"`
            sends again, which may charge a second time; choose it where the server
            dedupes. A duplicate answered then has `may_be_own_write` set.
        max_wait: Longest single wait in seconds. A longer Retry-After raises at
            once, with `retry_after` on the error; so do, unsent, the client's other
            calls, until the time is over.
        max_elapsed: Seconds after the first request of the call in which a next one
            is decided on. Time in which the call waits for its turn, because of
            the client's limits, comes on top.
        max_throttled: How many times one call may be answered "not now" without
            using up `max_attempts`: while many calls find out together how fast
            they may be, who is refused is chance. A call makes no more than
            `max_attempts + max_throttled` requests.

    Raises:
        ConfigurationError: A value is out of range.
    """

    max_attempts: int = 3
    on_unknown: Literal["raise", "resend"] = "raise"
    max_wait: float = 60.0
    max_elapsed: float = 600.0
    max_throttled: int = 50

    def __attrs_post_init__(self) -> None:
        for name, least in (("max_attempts", 1), ("max_throttled", 0)):
            number: object = getattr(self, name)
            if not isinstance(number, int) or number is True or number < least:
                raise ConfigurationError(
                    f"RetryPolicy.{name} must be a whole number, {least} or more"
                )
        if self.on_unknown not in ("raise", "resend"):
            raise ConfigurationError(
                'RetryPolicy.on_unknown must be "raise" or "resend"'
            )
        for name in ("max_wait", "max_elapsed"):
            seconds: object = getattr(self, name)
            number = seconds if isinstance(seconds, int | float) else -1
            if not 0 <= number < float("inf"):
                raise ConfigurationError(
                    f"RetryPolicy.{name} must be 0 or more, and finite"
                )


class Retrying:
    """The course of one call: what has failed so far, and what that allows."""

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy
        self._failed = 0
        self._throttled = 0
        self._unknown: OutcomeUnknownError | None = None
        self._backoff = backoff.expo(factor=_FIRST_WAIT, max_value=_LONGEST_BACKOFF)
        next(self._backoff)  # backoff's generators give nothing at the first step

    def wait_after(self, error: VerifikError, *, elapsed: float) -> float | None:
        """Seconds until the next attempt, or None: then raise `verdict(error)`."""
        throttled = isinstance(error, RateLimitedError)
        self._count(throttled=throttled)
        if isinstance(error, OutcomeUnknownError) and self._unknown is None:
            self._unknown = error
        least = self._least_wait(error)
        if least is None or self._failed >= self._policy.max_attempts:
            return None
        spread = backoff.full_jitter(next(self._backoff))
        # Never less than Retry-After. After a 429 the limiter spreads the calls of
        # this client; nobody does where answers were lost.
        wait = max(least, spread) if throttled else least + spread
        wait = min(wait, max(least, self._policy.max_wait))
        too_long = least > self._policy.max_wait
        too_late = elapsed + wait > self._policy.max_elapsed
        return None if too_long or too_late else wait

    def _count(self, *, throttled: bool) -> None:
        """One more has failed; "not now" is no failure while it is bearable."""
        self._throttled += throttled
        bearable = self._throttled <= self._policy.max_throttled
        if not (throttled and bearable and self._policy.max_attempts > 1):
            self._failed += 1

    def _least_wait(self, error: VerifikError) -> float | None:
        """The wait that the error itself asks for; None where it is final."""
        if isinstance(error, RateLimitedError):
            return error.retry_after or 0.0
        if error.outcome is Outcome.UNKNOWN:
            return _SETTLING if self._policy.on_unknown == "resend" else None
        return 0.0 if isinstance(error, TransportError) else None

    def verdict(self, error: VerifikError) -> VerifikError:
        """The error that the call ends with.

        Once an attempt's outcome was unknown, a later refusal or failed connection
        says nothing about that attempt: the call stays `UNKNOWN`. Only a duplicate
        tells something, namely that the person is there.
        """
        if self._unknown is None or self._unknown is error:
            return error
        if isinstance(error, DuplicatePersonError):
            error.may_be_own_write = True
            return error
        self._unknown.__cause__ = error
        return self._unknown
