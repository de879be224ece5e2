"""Where the persons of a run come from: one at a time, numbered, from any iterable."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterable, Iterable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Source(Generic[Item]):
    """An iterable, plain or asynchronous, that several workers pull from."""

    def __init__(self, items: Iterable[Item] | AsyncIterable[Item]) -> None:
        """Take `items`; nothing is pulled yet.

        Raises:
            TypeError: `items` can't be iterated.
        """
        self.may_wait_forever = isinstance(items, AsyncIterable)
        """It is asynchronous: a queue, say, that no end is known of."""
        self._later = aiter(items) if isinstance(items, AsyncIterable) else None
        self._now = iter(()) if isinstance(items, AsyncIterable) else iter(items)
        self._pulled = 0
        self._turn = asyncio.Lock()
        self._ended = False

    async def pull(self) -> tuple[int, Item] | None:
        """The next item with its index, or None at the end.

        Raises:
            Exception: What the iterable raised; it counts as ended from then on.
        """
        async with self._turn:
            if self._ended:
                return None
            self._ended = True  # unless there is an item
            try:
                if self._later is None:
                    item = next(self._now)
                else:
                    item = await anext(self._later)
            except (StopIteration, StopAsyncIteration):
                return None
            self._ended = False
            index = self._pulled
            self._pulled += 1
            return index, item

    async def aclose(self) -> None:
        """Pull nothing more; a generator is closed, so that it frees its files."""
        self._ended = True
        later: object = self._later
        now: object = self._now
        if inspect.isasyncgen(later):
            await later.aclose()
        if inspect.isgenerator(now):
            now.close()
