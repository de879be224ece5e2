"""Time that passes only when nothing else happens."""

from __future__ import annotations

import asyncio
import datetime as dt
import heapq
import itertools

QUIET_PASSES = 16
"""Turns of the event loop in which nobody else goes to sleep or wakes up, after which
everybody is taken to be waiting for time. Awaiting a future takes one or two."""


class VirtualClock:
    """A clock for tests in which all I/O is in memory.

    Whoever sleeps on it waits until nothing else can run; then time jumps to the
    earliest who is due. So a suite with minutes of back-off ends in milliseconds, in
    the same order every time:

        clock = VirtualClock()
        client = VerifikClient("token", ScriptedTransport(steps), clock=clock)

    It can't see work in threads or on sockets: time may pass it by. Real servers need
    a real clock.
    """

    def __init__(self, start: dt.datetime | None = None) -> None:
        """Begin at `start`: 2026-01-01 in UTC unless given."""
        self._start = start or dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        self._elapsed = 0.0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._driver: asyncio.Task[None] | None = None
        self._stirred = False

    def monotonic(self) -> float:
        """Seconds that have passed."""
        return self._elapsed

    def now(self) -> dt.datetime:
        """The start, and what has passed since."""
        return self._start + dt.timedelta(seconds=self._elapsed)

    async def sleep(self, seconds: float) -> None:
        """Wait until everybody waits and this is the earliest to be due."""
        self._stirred = True
        woken = asyncio.get_running_loop().create_future()
        due = self._elapsed + max(0.0, seconds)
        heapq.heappush(self._sleepers, (due, next(self._order), woken))
        if self._driver is None or self._driver.done():
            self._driver = asyncio.create_task(self._drive(), name="virtual-clock")
        await woken

    async def _drive(self) -> None:
        while self._sleepers:
            await self._quiet()
            due, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():  # or its task was cancelled, and time stands still
                self._elapsed = max(self._elapsed, due)
                woken.set_result(None)

    async def _quiet(self) -> None:
        """Let everybody run until nobody has gone to sleep for a while."""
        passes = 0
        while passes < QUIET_PASSES:
            self._stirred = False
            await asyncio.sleep(0)
            passes = 0 if self._stirred else passes + 1
