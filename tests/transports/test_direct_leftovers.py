"""What is left of a call: no socket, no photograph, no thread, no frame."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
import threading
import weakref
from collections.abc import Generator
from pathlib import Path

import attrs
import pytest
from photo_calls import (
    LARGE,
    OK,
    Held,
    confirm,
    photo,
    photo_on_disk,
    silent,
    stall,
    to,
)
from raw_server import Behaviour, Exchange, serving

from verifik_async import (
    AiohttpTransport,
    ClientClosedError,
    ConnectError,
    Outcome,
    Timeout,
    VerifikError,
    WriteError,
)
from verifik_async.errors import outcome_of

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def open_files(word: str) -> int:
    """Files and sockets of this process whose names hold `word`."""
    found = 0
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # the one that lists them
            found += word in str(link.readlink())
    return found


@pytest.fixture
def _no_gc() -> Generator[None]:
    """What is freed is freed at once, without the collector."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@LINUX
@pytest.mark.usefixtures("_no_gc")
async def test_a_server_that_takes_no_more_holds_nothing_open(tmp_path: Path) -> None:
    """Cancelled or out of time, neither socket nor photograph stays open."""
    async with serving(stall) as server:
        transport = AiohttpTransport()
        request = to(server.url, photo_on_disk(tmp_path))
        idle = open_files("socket:")
        call = asyncio.create_task(transport.send(request))
        await asyncio.sleep(0.1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError) as cancelled:
            await call
        hasty = attrs.evolve(request, timeout=Timeout(write=0.1))
        with pytest.raises(WriteError):
            await transport.send(hasty)
        await asyncio.sleep(0.05)
        assert open_files("socket:") == idle + server.open_connections
        assert open_files(str(tmp_path)) == 0
        await transport.aclose()
    assert outcome_of(cancelled.value) is Outcome.NOT_SENT


async def garble(exchange: Exchange) -> None:
    """Answer what is no HTTP."""
    await exchange.read_body()
    await exchange.write(b"banana\r\n\r\n")


async def leave(exchange: Exchange) -> None:
    """Close without a word."""
    await exchange.read_body()
    exchange.writer.close()


@pytest.mark.parametrize("size", [1_000, LARGE])
@pytest.mark.parametrize("behaviour", [confirm, silent, garble, leave])
@pytest.mark.usefixtures("_no_gc")
async def test_no_photograph_outlives_its_call(behaviour: Behaviour, size: int) -> None:
    """However a call ends, nothing of the transport's keeps its images."""
    async with serving(behaviour) as server:
        transport = AiohttpTransport()
        image = photo(size)
        left = weakref.ref(image)
        request = attrs.evolve(to(server.url, image), timeout=Timeout(read=0.1))
        with contextlib.suppress(VerifikError):
            await asyncio.create_task(transport.send(request))
        del image, request
        await asyncio.sleep(0.01)
        assert left() is None
        await transport.aclose()


async def test_a_cancelled_call_carries_no_part_of_its_answer() -> None:
    """Whoever reports a cancellation with its variables reports no person."""

    async def begin(exchange: Exchange) -> None:
        await exchange.read_body()
        await exchange.write(OK + b'Content-Length: 99\r\n\r\n{"name":"Jane Doe"')
        await asyncio.sleep(60)

    async with serving(begin) as server:
        proxy = server.url.replace("//", "//user:password@")
        transport = AiohttpTransport(proxy=proxy)
        call = asyncio.create_task(transport.send(to(server.url)))
        await asyncio.sleep(0.1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await call
        await transport.aclose()
    variables = [
        repr(value)
        for entry in caught.traceback
        if "verifik_async" in str(entry.path)
        for value in entry.frame.f_locals.values()
    ]
    assert variables
    assert not [text for text in variables if "Jane" in text or "password" in text]


def test_a_loop_that_ends_leaves_no_thread() -> None:
    """Nobody closed the transport, and it lives: its threads end with the loop."""
    transport = AiohttpTransport()

    async def main() -> None:
        async with serving(confirm) as server:
            await transport.send(to(server.url, photo()))

    before = set(threading.enumerate())
    asyncio.run(main())
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
    assert set(threading.enumerate()) <= before


async def test_a_call_cancelled_while_a_block_is_made_sends_no_more() -> None:
    """What a thread still makes goes nowhere, and the connection is not used again."""
    held = Held()
    async with serving(stall, confirm) as server:
        transport = AiohttpTransport(connections=1)
        request = to(server.url, photo(), held.image)
        call = asyncio.create_task(transport.send(request))
        await asyncio.to_thread(held.reading.wait, 10)
        call.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await call
        held.go_on.set()
        assert (await transport.send(to(server.url))).status == 200
        assert server.connections == 2
        await transport.aclose()
    assert outcome_of(caught.value) is Outcome.NOT_SENT


@pytest.mark.parametrize("turns", range(10))
async def test_closing_early_is_no_fault_of_the_set_up(turns: int) -> None:
    """A call that is closed before anything went: NOT_SENT, whenever that is."""
    async with serving(silent) as server:
        transport = AiohttpTransport()
        call = asyncio.create_task(transport.send(to(server.url, photo(24_000_000))))
        for _ in range(turns):
            await asyncio.sleep(0)
        await transport.aclose()
        with pytest.raises((ClientClosedError, ConnectError, WriteError)):
            await call
