"""Sockets and asyncio, no HTTP library, no models, no checks: the floors."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import pybase64

from benchmarks.contenders.json_bodies import HEADERS, bodies
from benchmarks.contenders.pool import pooled
from benchmarks.loads import ENROLL_PATH, FIELDS

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable

    from benchmarks.contenders.pool import PostAll
    from benchmarks.loads import Load

    Pieces = Iterable[bytes]

_ANSWER = 64 * 1024
"""More than the sink answers, so that an answer comes in one piece."""

_SMALL = 64 * 1024
"""Bodies up to this size are sent in one piece."""


@asynccontextmanager
async def prepared(load: Load) -> AsyncGenerator[PostAll]:
    """Send the bytes of a few persons again and again."""
    messages = [[_head(len(body)) + body] for body in bodies(load)]
    async with _posting(load, lambda number: messages[number % len(messages)]) as post:
        yield pooled(post, load.width)


@asynccontextmanager
async def from_disk(load: Load) -> AsyncGenerator[PostAll]:
    """Read, encode and send, and nothing else."""
    paths = load.paths()
    held = [] if load.from_disk else load.held()
    size = len(bodies(load)[0])
    opening = _head(size) + json.dumps(FIELDS).encode()[:-1] + b', "images": ["'

    def photographs(number: int) -> tuple[bytes, bytes]:
        if not load.from_disk:
            return held[number % len(held)]
        one, two = paths[number % len(paths)]
        return one.read_bytes(), two.read_bytes()

    def pieces(number: int) -> Pieces:
        one, two = map(pybase64.b64encode, photographs(number))
        whole = (opening, one, b'", "', two, b'"]}')
        return (b"".join(whole),) if size <= _SMALL else whole

    async with _posting(load, pieces) as post:
        yield pooled(post, load.width)


@asynccontextmanager
async def _posting(
    load: Load, pieces: Callable[[int], Pieces]
) -> AsyncGenerator[Callable[[int], Awaitable[None]]]:
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        free: list[socket.socket] = []
        for _ in range(load.width):
            connection = stack.enter_context(socket.socket())
            connection.settimeout(0)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await loop.sock_connect(connection, ("127.0.0.1", load.port))
            free.append(connection)

        async def post(number: int) -> None:
            connection = free.pop()
            for piece in pieces(number):
                await loop.sock_sendall(connection, piece)
            answer = await loop.sock_recv(connection, _ANSWER)
            if not answer.startswith(b"HTTP/1.1 200"):
                raise ConnectionError("the sink did not answer")
            free.append(connection)

        yield post


def _head(size: int) -> bytes:
    return (
        f"POST {ENROLL_PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: {HEADERS['Authorization']}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {size}\r\n\r\n"
    ).encode()
