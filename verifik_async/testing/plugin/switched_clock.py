"""The clock of a test, which learns late whether its time may be virtual."""

from __future__ import annotations

from typing import TYPE_CHECKING

from verifik_async.clock import Clock, SystemClock
from verifik_async.testing.virtual_clock import VirtualClock

if TYPE_CHECKING:
    import datetime as dt


class SwitchedClock:
    """A virtual clock, until somebody answers who can't know of it.

    Everything in a test shares it, and a fixture that reaches a real server may be
    asked for last. A client whose waits take no time would then hurry that server.
    """

    def __init__(self, *, real: bool = False) -> None:
        """Virtual, unless told otherwise."""
        self._clock: Clock = SystemClock() if real else VirtualClock()

    @property
    def is_virtual(self) -> bool:
        """Whether waits take no time."""
        return isinstance(self._clock, VirtualClock)

    def be_real(self) -> None:
        """Pass time as it passes."""
        if self.is_virtual:
            self._clock = SystemClock()

    def monotonic(self) -> float:
        """Seconds from some start."""
        return self._clock.monotonic()

    def now(self) -> dt.datetime:
        """The time of day, in UTC."""
        return self._clock.now()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._clock.sleep(seconds)
