"""httpx with a dictionary."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx

from benchmarks.contenders.json_bodies import HEADERS, payloads
from benchmarks.contenders.pool import pooled

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from benchmarks.contenders.pool import PostAll
    from benchmarks.loads import Load


@asynccontextmanager
async def json_body(load: Load) -> AsyncGenerator[PostAll]:
    """Post with one client and as many connections as persons are in flight."""
    payload = payloads(load)
    limits = httpx.Limits(
        max_connections=load.width, max_keepalive_connections=load.width
    )

    async with httpx.AsyncClient(headers=HEADERS, limits=limits, timeout=60) as client:

        async def post(number: int) -> None:
            response = await client.post(load.url, json=payload(number))
            response.raise_for_status().json()

        yield pooled(post, load.width)
