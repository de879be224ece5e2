"""A bounded window: persons pulled, and their outcomes not yet taken."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

from verifik_async.batch.outcomes import BatchOutcome

if TYPE_CHECKING:
    from collections.abc import Iterator


class Window:
    """The outcomes of a run as they complete, and room for so many persons.

    No generator: one that is left early would be closed at some later time, and
    nothing here may depend on when.
    """

    def __init__(self, size: int) -> None:
        """Make room for `size` persons."""
        self._room = asyncio.Semaphore(size)
        self._outcomes = asyncio.Queue[BatchOutcome | None]()
        self._failure: BaseException | None = None

    async def enter(self) -> None:
        """Wait until there is room for another person."""
        await self._room.acquire()

    def put(self, outcome: BatchOutcome) -> None:
        """A person who entered has an outcome now; it leaves when that is taken."""
        self._outcomes.put_nowait(outcome)

    def end(self, failure: BaseException | None = None) -> None:
        """Nothing more is put: taking raises `failure` then, if there is one."""
        self._failure = failure
        self._outcomes.put_nowait(None)

    def drain(self) -> tuple[BatchOutcome, ...]:
        """Take all that is there, and end for whoever goes on taking."""
        left = tuple(self._left())
        self._outcomes.put_nowait(None)
        return left

    def _left(self) -> Iterator[BatchOutcome]:
        while not self._outcomes.empty():
            outcome = self._outcomes.get_nowait()
            if outcome is not None:
                yield outcome

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> BatchOutcome:
        outcome = await self._outcomes.get()
        if outcome is not None:
            self._room.release()
            return outcome
        self._outcomes.put_nowait(None)  # the end stays the end
        raise self._failure or StopAsyncIteration
