"""A clock that passes when it is slept on."""

from __future__ import annotations

import asyncio
import datetime as dt


class FakeClock:
    """Sleeping takes no time and is remembered."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        """Seconds slept so far, from an odd start."""
        return self.time

    def now(self) -> dt.datetime:
        """A day on which the seconds slept have passed."""
        start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        return start + dt.timedelta(seconds=self.time - 1000)

    async def sleep(self, seconds: float) -> None:
        """Pass at once, but let others run."""
        self.slept.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)


class StoppedClock(FakeClock):
    """Who sleeps on it is never woken: who ends all the same did not wait for time."""

    async def sleep(self, seconds: float) -> None:
        """For ever."""
        self.slept.append(seconds)
        await asyncio.Event().wait()
