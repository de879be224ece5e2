"""The one crew that drives all asynchronous contenders alike."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager

from benchmarks.loads import Load

PostAll = Callable[[Iterator[int]], Awaitable[int]]
Open = Callable[[Load], AbstractAsyncContextManager[PostAll]]


def pooled(post: Callable[[int], Awaitable[object]], width: int) -> PostAll:
    """Post with as many tasks as `width`, all drawing on the same persons."""

    async def worker(persons: Iterator[int]) -> int:
        posted = 0
        for number in persons:
            await post(number)
            posted += 1
        return posted

    async def post_all(persons: Iterator[int]) -> int:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(worker(persons)) for _ in range(width)]
        return sum(task.result() for task in tasks)

    return post_all
