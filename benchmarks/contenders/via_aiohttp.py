"""aiohttp by itself: the practical limit, and the usual way."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp

from benchmarks.contenders.json_bodies import HEADERS, bodies, payloads
from benchmarks.contenders.pool import pooled

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from benchmarks.contenders.pool import PostAll
    from benchmarks.loads import Load


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        headers=HEADERS,
        raise_for_status=True,
    )


@asynccontextmanager
async def prepared(load: Load) -> AsyncGenerator[PostAll]:
    """Send the bytes of a few persons again and again; do not even parse the answer."""
    prepared = bodies(load)
    kind = {"Content-Type": "application/json"}

    async with _session() as session:

        async def post(number: int) -> None:
            body = prepared[number % len(prepared)]
            async with session.post(load.url, data=body, headers=kind) as response:
                await response.read()

        yield pooled(post, load.width)


@asynccontextmanager
async def json_body(load: Load) -> AsyncGenerator[PostAll]:
    """Give aiohttp a dictionary."""
    payload = payloads(load)

    async with _session() as session:

        async def post(number: int) -> None:
            async with session.post(load.url, json=payload(number)) as response:
                await response.json()

        yield pooled(post, load.width)
