"""What observers see: small frozen facts without personal data.

An observer is a callable that takes an event. It is called on the event loop and
must not block; when it raises, the error is logged once and the call goes on.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Generator, Iterable

import attrs

from verifik_async.errors import ApiError, Outcome, outcome_of

logger = logging.getLogger("verifik_async")
logger.addHandler(logging.NullHandler())


@attrs.frozen(kw_only=True)
class AttemptStarted:
    """A request is about to be sent.

    Attributes:
        call: Number of the `enroll` call within its client.
        attempt: Number of the request within its call, from 1.
        body_bytes: Size of the request's body.
    """

    call: int
    attempt: int
    body_bytes: int


@attrs.frozen(kw_only=True)
class AttemptFinished:
    """A request ended.

    Attributes:
        call: Number of the `enroll` call within its client.
        attempt: Number of the request within its call, from 1.
        elapsed: Seconds that it took.
        outcome: None when a person came back; a cancelled request is `UNKNOWN`.
        error: Name of the error's class.
        status: HTTP status of a refusal.
        reason: The refusal's reason, such as `liveness_failed`.
    """

    call: int
    attempt: int
    elapsed: float
    outcome: Outcome | None = None
    error: str | None = None
    status: int | None = None
    reason: str | None = None


@attrs.frozen(kw_only=True)
class RetryScheduled:
    """The call will send again.

    Attributes:
        call: Number of the `enroll` call within its client.
        attempt: Number of the request that failed.
        wait: Seconds until the next.
        because: Name of the error's class.
    """

    call: int
    attempt: int
    wait: float
    because: str


@attrs.frozen(kw_only=True)
class TokenRenewed:
    """The token provider was asked for a new token, and gave one."""


@attrs.frozen(kw_only=True)
class Paused:
    """The whole client sends nothing for a while: the server said "not now".

    Attributes:
        seconds: For how long.
        because: The status that said so, such as `HTTP 429`.
    """

    seconds: float
    because: str


@attrs.frozen(kw_only=True)
class LimitChanged:
    """The limiter found out what the server bears, or that it bears less.

    Growth, which is steady and in small steps, is not told.

    Attributes:
        concurrency: Requests that may now be in flight; None for any number.
        rate: Requests that may now be sent in a second; None for any number.
        because: The status or error's class that it learned from, or `latency`.
    """

    concurrency: int | None
    rate: float | None
    because: str


Event = (
    AttemptStarted
    | AttemptFinished
    | RetryScheduled
    | TokenRenewed
    | Paused
    | LimitChanged
)
Observer = Callable[[Event], None]


def attempt_finished(
    *, call: int, attempt: int, elapsed: float, error: BaseException | None
) -> AttemptFinished:
    """The event for an attempt that ended with `error`, or with a person."""
    refusal = error if isinstance(error, ApiError) else None
    return AttemptFinished(
        call=call,
        attempt=attempt,
        elapsed=elapsed,
        outcome=outcome_of(error) if error else None,
        error=type(error).__name__ if error else None,
        status=refusal.status if refusal else None,
        reason=refusal.reason if refusal else None,
    )


class Observers:
    """Tells all observers, and the log, of each event."""

    def __init__(self, observers: Iterable[Observer]) -> None:
        self._observers = tuple(observers)
        self._complained = False

    @contextlib.contextmanager
    def joined_by(self, observer: Observer) -> Generator[None]:
        """Tell one more, until the `with` ends."""
        self._observers = (*self._observers, observer)
        try:
            yield
        finally:
            others = list(self._observers)
            others.remove(observer)
            self._observers = tuple(others)

    @property
    def listening(self) -> bool:
        """Whether anybody, or the log, takes events; mostly nobody does."""
        return bool(self._observers) or logger.isEnabledFor(logging.DEBUG)

    def tell(self, event: Event) -> None:
        """Hand the event to everybody; never raises."""
        logger.debug("%s", event)
        for observer in self._observers:
            try:
                observer(event)
            except Exception:
                if not self._complained:
                    self._complained = True
                    logger.exception("An observer failed; it is told of more events")
