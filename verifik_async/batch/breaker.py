"""Waits while the service is down: nobody is sent but a probe at times.

An outage that is not waited for spends a million persons' attempts in an hour. So
failures in a row open the breaker; then one person is let through after 5, 10, 20 …
up to 60 seconds, until one of them is answered. How fast the others follow is the
limiter's business.

A probe is a person like any other: if its answer is lost, its outcome is unknown.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

from verifik_async.batch.stops.outage import Circuit, Outage
from verifik_async.batch.stops.replies import Answer, reply_of

if TYPE_CHECKING:
    from types import TracebackType

    from verifik_async.batch.outcomes import BatchOutcome
    from verifik_async.batch.stops.rules import Stop, StopRules
    from verifik_async.clock import Clock


class Breaker:
    """Stands before everybody who is to be sent, for one run in one event loop."""

    def __init__(self, rules: StopRules, *, clock: Clock) -> None:
        self._circuit = Circuit(rules)
        self._clock = clock
        self._probe: Passage | None = None
        self._released = False
        self._waiting = set[asyncio.Future[None]]()

    @property
    def outage(self) -> Outage | None:
        """What everybody waits for; None if nobody has to."""
        if self._released:
            return None
        now = self._clock.monotonic()
        return self._circuit.outage(now=now, is_probing=self._probe is not None)

    def passage(self) -> Passage:
        """Wait, in an `async with`, until this person may be sent, or the run stops.

        In it, see `open`, send, and tell `ended`. Leaving without telling, as by a
        cancellation, says nothing of the service.
        """
        return Passage(self)

    async def let_through(self, passage: Passage) -> bool:
        """Wait; whether this person may be sent."""
        while self._circuit.is_open and not self._released:
            left = self._circuit.due - self._clock.monotonic()
            if self._probe is not None:
                await self._news()
            elif left > 0:
                await self._sleep(left)
            else:
                self._probe = passage
                break
        return not self._released

    def release(self) -> None:
        """The run stops: let everybody go, unsent. May be called again."""
        self._released = True
        self._tell_waiting()

    async def _sleep(self, seconds: float) -> None:
        """Wait until the next probe is due, or for news."""
        alarm = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await self._news(alarm)
        finally:
            alarm.cancel()

    async def _news(self, *others: asyncio.Future[None]) -> None:
        """Wait until something changes, or one of `others` is done."""
        news = asyncio.get_running_loop().create_future()
        self._waiting.add(news)
        try:
            await asyncio.wait([news, *others], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._waiting.discard(news)

    def _tell_waiting(self) -> None:
        for news in self._waiting:
            if not news.done():
                news.set_result(None)

    def back(self, passage: Passage) -> bool:
        """Somebody is back; whether it was the probe. There may be another then."""
        if self._probe is not passage:
            return False
        self._probe = None
        self._tell_waiting()
        return True

    def ended(self, passage: Passage, outcome: BatchOutcome) -> Stop | None:
        """Somebody has an outcome."""
        is_probe = self.back(passage)
        reply = reply_of(outcome)
        if reply.answer is Answer.YES:
            # Also of somebody sent before the outage: it is over.
            self._circuit.answered()
            self._probe = None
            self._tell_waiting()
        elif reply.answer is Answer.LOST and reply.error and not self._released:
            return self._failed(reply.error, is_probe=is_probe)
        return None

    def _failed(self, error: Exception, *, is_probe: bool) -> Stop | None:
        now = self._clock.monotonic()
        stop = self._circuit.failed(error, now=now, is_probe=is_probe)
        if stop is not None:
            self.release()
        return stop


class Passage:
    """One person's leave to be sent, or the word that the run is stopping.

    No generator makes it: everybody comes this way, and few have to wait.

    Attributes:
        open: Whether this person may be sent.
    """

    __slots__ = ("_breaker", "open")

    def __init__(self, breaker: Breaker) -> None:
        self._breaker = breaker
        self.open = False

    def ended(self, outcome: BatchOutcome) -> Stop | None:
        """This person has an outcome: to be called once, where there is one.

        Returns:
            Why the run should stop: the outage has lasted too long.
        """
        return self._breaker.ended(self, outcome)

    async def __aenter__(self) -> Self:
        self.open = await self._breaker.let_through(self)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._breaker.back(self)
