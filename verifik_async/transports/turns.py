"""Large bodies take turns, so that an event loop is never long without its own."""

from __future__ import annotations

import asyncio
from collections import deque

_AT_ONCE = 3 * 512 * 1024
"""Bytes. With less the loop looks for news all the time; these are over in some
milliseconds."""


class Turns:
    """Lets so many bytes go in each turn of the loop, first come, first served.

    A socket may take a body whole, at once. When all bodies do, and nothing makes them
    wait, the loop stands still for as long as all of them take together.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[asyncio.Future[None], int]] = deque()
        self._gone = 0

    async def take(self, size: int) -> None:
        """Wait until few others have had this turn of the loop, for so many bytes."""
        if self._gone < _AT_ONCE:
            self._go(size)
            return
        called = self._loop.create_future()
        self._waiting.append((called, size))
        await called

    def _go(self, size: int) -> None:
        if not self._gone:
            self._loop.call_soon(self._next_turn)
        self._gone += size

    def _next_turn(self) -> None:
        self._gone = 0
        while self._waiting and self._gone < _AT_ONCE:
            called, size = self._waiting.popleft()
            if not called.done():  # or it was cancelled
                called.set_result(None)
                self._go(size)
