"""Time that passes only when nothing else happens."""

from __future__ import annotations

import asyncio
import datetime as dt
import heapq
from typing import TYPE_CHECKING

from verifik_async.loops import PerLoop

if TYPE_CHECKING:
    from collections.abc import Callable

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
    a real clock. It may be used from several event loops one after another; time goes
    on from one to the next.
    """

    def __init__(self, start: dt.datetime | None = None) -> None:
        """Begin at `start`: 2026-01-01 in UTC unless given."""
        self._start = start or dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        self._elapsed = 0.0
        self._sleepers = PerLoop(lambda: _Sleepers(self._pass_until))

    def monotonic(self) -> float:
        """Seconds that have passed."""
        return self._elapsed

    def now(self) -> dt.datetime:
        """The start, and what has passed since."""
        return self._start + dt.timedelta(seconds=self._elapsed)

    async def sleep(self, seconds: float) -> None:
        """Wait until everybody waits and this is the earliest to be due."""
        await self._sleepers.get().until(self._elapsed + max(0.0, seconds))

    def _pass_until(self, due: float) -> None:
        self._elapsed = max(self._elapsed, due)


class _Sleepers:
    """Who sleeps in one event loop, and the watch that wakes them.

    The watch is a chain of callbacks and not a task: a task would outlive whoever
    slept last, and be complained about when the loop ends first.
    """

    def __init__(self, pass_until: Callable[[float], None]) -> None:
        self._pass_until = pass_until
        self._loop = asyncio.get_running_loop()
        self._heap: list[tuple[float, int, asyncio.Future[None]]] = []
        self._entered = 0
        self._quiet_passes = 0
        self._watched = False

    def until(self, due: float) -> asyncio.Future[None]:
        """A future that is done when it is `due` and nothing else can run."""
        woken = self._loop.create_future()
        self._entered += 1
        heapq.heappush(self._heap, (due, self._entered, woken))
        self._quiet_passes = 0
        if not self._watched:
            self._watched = True
            self._loop.call_soon(self._watch)
        return woken

    def _watch(self) -> None:
        """Wake the earliest after enough quiet passes, as long as anybody sleeps."""
        while self._heap and self._heap[0][2].done():
            heapq.heappop(self._heap)  # cancelled: for them time stands still
        self._watched = bool(self._heap)
        if not self._watched:
            return
        self._quiet_passes += 1
        if self._quiet_passes > QUIET_PASSES:
            due, _, woken = heapq.heappop(self._heap)
            self._pass_until(due)
            woken.set_result(None)
            self._quiet_passes = 0
        self._loop.call_soon(self._watch)
