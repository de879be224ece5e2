"""Nothing but an event loop: how late its turns come shows how busy the machine is."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from benchmarks.contenders.pool import PostAll
    from benchmarks.loads import Load


@asynccontextmanager
async def nothing(load: Load) -> AsyncGenerator[PostAll]:
    """Let persons pass by, and post none of them."""
    del load

    async def post_all(persons: Iterator[int]) -> int:
        passed = 0
        for passed in persons:  # noqa: B007 - their number is asked for
            await asyncio.sleep(0.01)
        return passed

    yield post_all
