"""Those who wait for their turn, in one event loop: first come, first served."""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict
from typing import TYPE_CHECKING

import attrs

from verifik_async.limiter.control import AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from verifik_async.clock import Clock
    from verifik_async.errors import VerifikError
    from verifik_async.limiter.control import Control


@attrs.frozen
class Waiting:
    """What is known of one who waits.

    Attributes:
        size: Bytes to be sent.
        patience: Seconds of pause that are sat through.
    """

    size: int
    patience: float


class Line:
    """Lets the first go whenever the control allows.

    While anybody waits for a time, one task sleeps until then; there is none
    otherwise.

    Attributes:
        in_flight: How many went and have not come back.
        waiting: Who waits, in the order of coming; the future gets the epoch.
    """

    def __init__(self, control: Control, clock: Clock) -> None:
        self.in_flight = 0
        self.waiting: OrderedDict[asyncio.Future[int], Waiting] = OrderedDict()
        self._control = control
        self._clock = clock
        self._bell: asyncio.Task[None] | None = None
        self._rings_at = math.inf

    def go(self, *, now: float, size: int) -> int:
        """One goes; returns its epoch."""
        self.in_flight += 1
        return self._control.started(now=now, size=size)

    async def turn(self, me: Waiting) -> int:
        """Wait, go, and return the epoch.

        A cancelled one holds up nobody: what it was given goes to the next.
        """
        called: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.waiting[called] = me
        self.move()
        try:
            return await called
        except asyncio.CancelledError:
            if self.waiting.pop(called, None) is None and _was_let_go(called):
                self.in_flight -= 1
                self._control.withdrawn(size=me.size)
            self.move()
            raise

    def move(self) -> None:
        """Let go whoever may; something has changed, or time has passed."""
        while self.waiting:
            called, first = next(iter(self.waiting.items()))
            now = self._clock.monotonic()
            held = self._control.held(now=now, in_flight=self.in_flight)
            if held is not None:
                self._control.delayed(held, now=now)
                self._ring_at(now + held.seconds, now)
                return
            del self.waiting[called]
            if not called.done():  # or it was cancelled, and has yet to learn of it
                called.set_result(self.go(now=now, size=first.size))
        self._ring_at(math.inf, 0.0)

    def turn_away(
        self,
        make_error: Callable[[], VerifikError],
        *,
        whom: Callable[[Waiting], bool],
    ) -> int:
        """Fail some of those who wait, each with an error of its own.

        Returns:
            How many.
        """
        leaving = [called for called, me in self.waiting.items() if whom(me)]
        for called in leaving:
            del self.waiting[called]
            if not called.done():
                called.set_exception(make_error())
        self.move()
        return len(leaving)

    def _ring_at(self, when: float, now: float) -> None:
        """Have `move` called at `when`, or before; never, if that is infinite."""
        if self._bell is not None and self._rings_at - AT_ONCE <= when < math.inf:
            return
        if self._bell is not None:
            self._bell.cancel()
            self._bell = None
        if when < math.inf:
            self._rings_at = when
            self._bell = asyncio.create_task(self._ring(when - now))

    async def _ring(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._bell = None
        self.move()


def _was_let_go(called: asyncio.Future[int]) -> bool:
    return called.done() and not called.cancelled() and called.exception() is None
