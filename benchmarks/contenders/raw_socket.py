"""Sockets and asyncio, no HTTP library: the floor."""

from __future__ import annotations

import asyncio
import socket
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from benchmarks.contenders.json_bodies import HEADERS, bodies
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
    """Send the bytes of a few persons again and again."""
    messages = [_head(len(body)) + body for body in bodies(load)]
    loop = asyncio.get_running_loop()

    async with AsyncExitStack() as stack:
        free: list[socket.socket] = []
        for _ in range(load.width):
            connection = stack.enter_context(socket.socket())
            connection.settimeout(0)
            await loop.sock_connect(connection, ("127.0.0.1", load.port))
            free.append(connection)

        async def post(number: int) -> None:
            connection = free.pop()
            await loop.sock_sendall(connection, messages[number % len(messages)])
            answer = await loop.sock_recv(connection, _ANSWER)
            if not answer.startswith(b"HTTP/1.1 200"):
                raise ConnectionError("the sink did not answer")
            free.append(connection)

        yield pooled(post, load.width)


def _head(size: int) -> bytes:
    return (
        f"POST {ENROLL_PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: {HEADERS['Authorization']}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {size}\r\n\r\n"
    ).encode()
