"""Turns: few go in each turn of the loop, all go in the end, in the order of coming."""

import asyncio

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
    assert most <= 8


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
    assert went == 16
    await asyncio.gather(*tasks)
