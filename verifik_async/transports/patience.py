"""How long calls wait for the other side to do something."""

from __future__ import annotations

import asyncio
import math
from time import monotonic
from typing import TYPE_CHECKING, Self

from verifik_async.transports.delivery import delivery_by

if TYPE_CHECKING:
    from types import TracebackType


class Patience:
    """Ends what is done in its `async with` when nothing moves for too long.

    Each sign of life moves the end, and so does, where the system tells, what the
    network still takes out of its buffers. As `asyncio.timeout`, which would take a
    fiftieth of all that a small request costs.

    Attributes:
        transport: The connection on which something may move; None before there is one.
        end: When the time is over, as far as is known.

    Raises:
        TimeoutError: The time is over.
    """

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._lost = False
        self._seconds = math.inf
        self._taken = -1
        self.transport: asyncio.BaseTransport | None = None
        self.end = math.inf

    def wait(self, seconds: float) -> None:
        """Let it take so many seconds from now; infinitely many are no limit."""
        self._seconds = seconds
        self.end = end = monotonic() + seconds
        if end < self._watch.rings:
            self._watch.ring(end)

    def goes_on(self, now: float) -> bool:
        """Whether something moved of late, so that the end is put off."""
        delivery = None if self.transport is None else delivery_by(self.transport)
        if delivery is None or delivery.taken <= self._taken:
            return False
        self._taken = delivery.taken
        self.end = now + self._seconds - delivery.rest
        return self.end > now

    def lose(self) -> None:
        """The time is over."""
        if self._task is not None and not self._lost:
            self._lost = True
            self._task.cancel()

    async def __aenter__(self) -> Self:
        self._task = task = asyncio.current_task()
        assert task is not None  # noqa: S101 - whatever awaits is a task
        self._cancelling = task.cancelling()
        self._watch.waiting.add(self)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._watch.waiting.discard(self)
        task, self._task = self._task, None
        if task is None or not self._lost:
            return
        # Unless somebody else cancelled the task as well; see `asyncio.timeouts`.
        if task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error


class Watch:
    """The one timer for all that wait in an event loop.

    Ends are moved with every block and hardly ever reached. A timer for each call
    costs more than sending a small one; looking at all calls now and then does not.

    Attributes:
        waiting: Whoever may lose patience.
        rings: When the timer rings.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self.waiting: set[Patience] = set()
        self.rings = math.inf

    def ring(self, when: float) -> None:
        """Look then, or earlier."""
        if self._timer is not None:
            self._timer.cancel()
        self.rings = when
        self._timer = self._loop.call_later(when - monotonic(), self._look)

    def _look(self) -> None:
        self._timer, self.rings = None, math.inf
        now = monotonic()
        nearest = math.inf
        for patience in self.waiting:
            if patience.end <= now and not patience.goes_on(now):
                patience.lose()
            else:
                nearest = min(nearest, patience.end)
        if nearest < math.inf:
            self.ring(nearest)
