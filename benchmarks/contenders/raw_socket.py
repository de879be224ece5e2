"""Sockets and asyncio, no HTTP library: the floor."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from benchmarks.contenders.json_bodies import HEADERS, payloads
from benchmarks.contenders.pool import pooled
from benchmarks.loads import ENROLL_PATH

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from benchmarks.contenders.pool import PostAll
    from benchmarks.loads import Load

_ANSWER = 64 * 1024
"""More than the sink answers, so that an answer comes in one piece."""


@asynccontextmanager
async def prepared(load: Load) -> AsyncGenerator[PostAll]:
    """Send the same bytes again and again."""
    body = json.dumps(payloads(load)(0)).encode()
    head = (
        f"POST {ENROLL_PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: {HEADERS['Authorization']}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    message = head.encode() + body
    loop = asyncio.get_running_loop()

    async with AsyncExitStack() as stack:
        free: list[socket.socket] = []
        for _ in range(load.width):
            connection = stack.enter_context(socket.socket())
            connection.settimeout(0)
            await loop.sock_connect(connection, ("127.0.0.1", load.port))
            free.append(connection)

        async def post(_: int) -> None:
            connection = free.pop()
            await loop.sock_sendall(connection, message)
            answer = await loop.sock_recv(connection, _ANSWER)
            if not answer.startswith(b"HTTP/1.1 200"):
                raise ConnectionError("the sink did not answer")
            free.append(connection)

        yield pooled(post, load.width)
