"""The tasks of a run: those that wait can be cancelled apart from those at work."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

Worker = asyncio.Task[None]

Value = TypeVar("Value")


async def outlast(future: asyncio.Future[Value]) -> Value:
    """Await what is sure to come soon, however often the wait is cancelled.

    Raises:
        CancelledError: It was; and what was awaited is there.
        Exception: What the future holds.
    """
    cancelled: asyncio.CancelledError | None = None
    while not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled from future.exception()
    return future.result()


class Crew:
    """A fixed set of workers, none of which is left behind.

    No `asyncio.TaskGroup`, which can't be left early without cancelling the tasks at
    work, and wraps the caller's own exceptions into a group.
    """

    def __init__(self, *, retired: Callable[[Worker], None]) -> None:
        """Start with nobody; `retired` is told of each worker that is done."""
        self._workers: set[Worker] = set()
        self._waiting: set[Worker] = set()
        self._retired = retired

    @property
    def gone(self) -> bool:
        """Nobody is left, or nobody was ever there."""
        return not self._workers

    def hire(self, work: Coroutine[object, object, None], *, name: str) -> None:
        """Start a worker, which waits until it says that it is at work."""
        worker = asyncio.create_task(work, name=name)
        self._workers.add(worker)
        self._waiting.add(worker)
        # Not at the end of `work`: a task cancelled early never begins it.
        worker.add_done_callback(self._retire)

    @contextlib.contextmanager
    def at_work(self) -> Generator[None]:
        """The current worker does something that should not be cut short."""
        me = cast("Worker", asyncio.current_task())
        self._waiting.discard(me)
        try:
            yield
        finally:
            self._waiting.add(me)

    def _retire(self, worker: Worker) -> None:
        self._workers.discard(worker)
        self._waiting.discard(worker)
        self._retired(worker)

    def cancel_waiting(self) -> None:
        """Cancel the workers that are not at work."""
        for worker in tuple(self._waiting):
            worker.cancel()

    def cancel(self) -> None:
        """Cancel every worker."""
        for worker in tuple(self._workers):
            worker.cancel()

    async def all_retired(self) -> None:
        """Wait until nobody is left, however often the wait is cancelled.

        Raises:
            CancelledError: It was; every worker has been cancelled as well.
        """
        cancelled: asyncio.CancelledError | None = None
        while self._workers:
            try:
                await asyncio.wait(self._workers)
            except asyncio.CancelledError as error:
                cancelled = error
                self.cancel()
        if cancelled is not None:
            raise cancelled
