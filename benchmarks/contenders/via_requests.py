"""requests as in the reference's sample, a thread for each person in flight."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import requests

from benchmarks.contenders.json_bodies import HEADERS, payloads

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from benchmarks.contenders.pool import PostAll
    from benchmarks.loads import Load


@asynccontextmanager
async def threads(load: Load) -> AsyncGenerator[PostAll]:
    """Call `requests.post`, without a session, as the sample does."""
    payload = payloads(load)
    loop = asyncio.get_running_loop()
    turn = threading.Lock()

    def worker(persons: Iterator[int]) -> int:
        posted = 0
        while True:
            with turn:
                number = next(persons, None)
            if number is None:
                return posted
            response = requests.post(
                load.url, json=payload(number), headers=HEADERS, timeout=60
            )
            response.raise_for_status()
            response.json()
            posted += 1

    with ThreadPoolExecutor(load.width) as executor:

        async def post_all(persons: Iterator[int]) -> int:
            workers = [
                loop.run_in_executor(executor, worker, persons)
                for _ in range(load.width)
            ]
            return sum(await asyncio.gather(*workers))

        yield post_all
