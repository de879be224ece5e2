"""A line that is slow but moves is not given up; one that stands still is."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import sys
import time
from collections.abc import AsyncGenerator

import aiohttp
import attrs
import pytest
from photo_calls import photo, to
from raw_server import Behaviour, Exchange, RawServer

from verifik_async import (
    AiohttpTransport,
    HttpRequest,
    ReadTimeoutError,
    Timeout,
    WriteError,
)
from verifik_async.testing.contract.tls import with_unknown_certificate

LIMIT = 0.6
"""Seconds of patience; the slow line takes several times as long for a body."""

_AT_A_TIME = 8 * 1024


async def take_slowly(exchange: Exchange, size: int) -> None:
    """Take so much, less than a megabyte in a second, but without a break."""
    while size > 0:
        block = await exchange.reader.read(_AT_A_TIME)
        if not block:
            return
        size -= len(block)
        await asyncio.sleep(0.01)


async def slow(exchange: Exchange) -> None:
    """Take everything, slowly, and say yes."""
    await take_slowly(exchange, exchange.length)
    await exchange.answer(200, {})


async def slow_then_silent(exchange: Exchange) -> None:
    """Take everything, slowly, and never answer."""
    await take_slowly(exchange, exchange.length)
    await asyncio.sleep(60)


async def slow_then_nothing(exchange: Exchange) -> None:
    """Take a part, slowly, and no more."""
    await take_slowly(exchange, 300_000)
    await asyncio.sleep(60)


@contextlib.asynccontextmanager
async def narrow(
    behaviour: Behaviour, context: ssl.SSLContext | None = None
) -> AsyncGenerator[RawServer]:
    """A server with next to no buffers."""
    raw = RawServer()
    raw.behaviours.append(behaviour)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _AT_A_TIME)
    listener.bind(("127.0.0.1", 0))
    server = await asyncio.start_server(
        raw.accept, sock=listener, limit=_AT_A_TIME, ssl=context
    )
    scheme = "https" if context else "http"
    raw.url = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
    try:
        yield raw
    finally:
        await raw.stop()
        server.close()
        await server.wait_closed()


def impatient(request: HttpRequest) -> HttpRequest:
    """The same, with little time for each step."""
    return attrs.evolve(request, timeout=Timeout(write=LIMIT, read=LIMIT))


only_linux_tells = pytest.mark.skipif(
    sys.platform != "linux", reason="this system does not tell what a network takes"
)


@only_linux_tells
@pytest.mark.once
@pytest.mark.parametrize("way", ["plain", "tls", "session"])
async def test_what_moves_is_waited_for(way: str) -> None:
    """For longer than `write` and `read` allow a line that stands still."""
    context = with_unknown_certificate() if way == "tls" else None
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    async with contextlib.AsyncExitStack() as stack:
        server = await stack.enter_async_context(narrow(slow, context))
        session = None
        if way == "session":
            session = await stack.enter_async_context(aiohttp.ClientSession())
        transport = AiohttpTransport(session, ssl=trusting if context else None)
        stack.push_async_callback(transport.aclose)
        began = time.monotonic()
        answer = await transport.send(impatient(to(server.url, photo())))
        assert answer.status == 200
        assert time.monotonic() - began > 2 * LIMIT


async def test_an_answer_that_does_not_come_after_a_slow_body() -> None:
    """It is missed, and the outcome is unknown."""
    async with narrow(slow_then_silent) as server:
        transport = AiohttpTransport()
        with pytest.raises(ReadTimeoutError):
            await asyncio.wait_for(
                transport.send(impatient(to(server.url, photo(600_000)))), 30
            )
        await transport.aclose()


async def test_a_line_that_stands_still_after_a_while() -> None:
    """It is given up, and nothing was sent."""
    async with narrow(slow_then_nothing) as server:
        transport = AiohttpTransport()
        request = impatient(to(server.url, photo(), photo(24_000_000)))
        with pytest.raises(WriteError):
            await asyncio.wait_for(transport.send(request), 30)
        await transport.aclose()
