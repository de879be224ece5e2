"""How long a call waits for the other side to do something."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType


class Patience:
    """Ends what is done in its `async with` when nothing moves for too long.

    Each sign of life moves the end. That is a matter of every block, so there is one
    timer, which looks again when it rings too early; moving a timer costs more.

    Raises:
        TimeoutError: The time is over.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._limit = asyncio.timeout(None)
        self._end = math.inf
        self._timer: asyncio.TimerHandle | None = None

    def wait(self, seconds: float) -> None:
        """Let it take so many seconds from now; infinitely many are no limit."""
        self._end = end = self._loop.time() + seconds
        if self._timer is None or end < self._timer.when():
            self._set_timer()

    def _set_timer(self) -> None:
        self._drop_timer()
        if self._end < math.inf:
            self._timer = self._loop.call_at(self._end, self._look)

    def _drop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        now = self._loop.time()
        if now < self._end:
            self._set_timer()
        elif not self._limit.expired():
            self._limit.reschedule(now)

    async def __aenter__(self) -> Self:
        await self._limit.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._drop_timer()
        await self._limit.__aexit__(kind, error, traceback)
