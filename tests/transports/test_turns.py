"""Turns: few go in each turn of the loop, all go in the end, in the order of coming."""

import asyncio
import contextlib
import threading

import pytest
from raw_server import Exchange, serving

from verifik_async import AiohttpTransport, Body, HttpRequest, Timeout
from verifik_async.bodies import Base64Part
from verifik_async.reading import MemoryReader, Reader
from verifik_async.transports.turns import Turns

MIB = 1024 * 1024


async def test_the_loop_has_turns_between_them() -> None:
    """However many come at once, the loop is asked for news in between."""
    turns = Turns()
    went: list[int] = []

    async def come(number: int) -> None:
        await turns.take(MIB)
        went.append(number)

    tasks = [asyncio.create_task(come(number)) for number in range(40)]
    before, most = 0, 0
    while len(went) < len(tasks):
        await asyncio.sleep(0)
        before, most = len(went), max(most, len(went) - before)
    assert went == list(range(40))
    assert most <= 4


async def test_those_who_are_cancelled_take_nobodys_turn() -> None:
    """Whoever gives up while waiting is passed over."""
    turns = Turns()
    went: list[int] = []

    async def come(number: int) -> None:
        await turns.take(MIB)
        went.append(number)

    tasks = [asyncio.create_task(come(number)) for number in range(20)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.wait_for(turns.take(MIB), 60)
    assert {1, 3, 5, 17, 19} <= set(went)


async def test_alone_nobody_waits() -> None:
    """One after the other goes at once."""
    turns = Turns()
    for _ in range(20):
        await turns.take(MIB)
        await asyncio.sleep(0)
        await asyncio.sleep(0)


async def test_small_ones_go_in_larger_numbers() -> None:
    """What counts is how much there is to do."""
    turns = Turns()
    went = 0

    async def come() -> None:
        nonlocal went
        await turns.take(MIB // 4)
        went += 1

    tasks = [asyncio.create_task(come()) for _ in range(40)]
    await asyncio.sleep(0)
    assert went == 6
    await asyncio.gather(*tasks)


async def test_only_large_bodies_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """One for each MiB or part of it, so that a long body lets others in, too."""
    taken: list[int] = []
    take = Turns.take

    async def noted(self: Turns, size: int) -> None:
        taken.append(size)
        await take(self, size)

    async def answer(exchange: Exchange) -> None:
        await exchange.read_body()
        await exchange.answer(200, {})

    monkeypatch.setattr(Turns, "take", noted)
    async with (
        serving(answer) as server,
        contextlib.aclosing(AiohttpTransport()) as live,
    ):
        for size, turns in ((1000, []), (MIB // 2, [MIB // 2])):
            await live.send(to(server.url, b"x" * size))
            assert taken == turns
        taken.clear()
        await live.send(to(server.url, b"x" * MIB, b"y" * MIB, b"z" * 1000))
        assert taken == [MIB, MIB, 1000]


def to(url: str, *parts: bytes) -> HttpRequest:
    """A request with a body of these parts."""
    return HttpRequest(
        method="POST", url=url, headers={}, body=Body(parts), timeout=Timeout()
    )


class Noted:
    """Bytes in memory that note in which threads they are read."""

    in_memory = True

    def __init__(self, size: int) -> None:
        self.size = size
        self.threads: set[int] = set()

    def reader(self) -> Reader:
        """Note who asks."""
        self.threads.add(threading.get_ident())
        return MemoryReader(bytes(self.size))


@pytest.mark.parametrize(("size", "aside"), [(MIB // 2, False), (MIB, True)])
async def test_large_bodies_are_made_in_a_thread(size: int, *, aside: bool) -> None:
    """The loop sends while they are read; for smaller ones that costs more."""

    async def answer(exchange: Exchange) -> None:
        await exchange.read_body()
        await exchange.answer(200, {})

    source = Noted(size)
    async with (
        serving(answer) as server,
        contextlib.aclosing(AiohttpTransport()) as live,
    ):
        request = HttpRequest(
            method="POST",
            url=server.url,
            headers={},
            body=Body((Base64Part(label="images[0]", source=source),)),
            timeout=Timeout(),
        )
        await live.send(request)
    assert len(source.threads) == 1
    assert (threading.get_ident() not in source.threads) is aside
