"""The window: room for so many persons, and outcomes until the end."""

from __future__ import annotations

import asyncio

import pytest
from batch_runs import HANG, indexes, take, turns

from verifik_async import BatchOutcome, OutcomeStatus
from verifik_async.batch.window import Window


def outcome(index: int) -> BatchOutcome:
    """Somebody's outcome."""
    return BatchOutcome(index=index, status=OutcomeStatus.ENROLLED)


async def test_room_is_made_by_taking_an_outcome_not_by_putting_it() -> None:
    """A slow consumer is felt by those who enter."""
    window = Window(1)
    await window.enter()
    entering = asyncio.create_task(window.enter())
    window.put(outcome(0))
    await turns(5)
    assert not entering.done()
    await take(window, 1)
    async with asyncio.timeout(HANG):
        await entering


async def test_outcomes_come_in_the_order_in_which_they_were_put() -> None:
    """First settled, first told."""
    window = Window(3)
    for index in (2, 0, 1):
        window.put(outcome(index))
    window.end()
    assert [taken.index async for taken in window] == [2, 0, 1]


async def test_the_end_stays_the_end() -> None:
    """Every further loop ends at once, however many there are."""
    window = Window(1)
    window.end()
    async with asyncio.timeout(HANG):
        assert [[taken async for taken in window] for _ in range(3)] == [[], [], []]


async def test_everybody_who_waits_learns_of_the_end() -> None:
    """Two loops may share the outcomes of one run."""
    window = Window(1)
    waiting = [asyncio.ensure_future(anext(window, None)) for _ in range(3)]
    await turns(2)
    window.end()
    async with asyncio.timeout(HANG):
        assert await asyncio.gather(*waiting) == [None] * 3


async def test_a_failure_is_raised_after_the_outcomes() -> None:
    """What was settled before is told first, and the failure to everybody."""
    window = Window(1)
    window.put(outcome(0))
    window.end(OSError("disk"))
    assert indexes(await take(window, 1)) == [0]
    for _ in range(2):
        with pytest.raises(OSError, match="disk"):
            await take(window, 1)


@pytest.mark.parametrize("ended", [False, True])
async def test_draining_takes_what_is_left_and_ends(*, ended: bool) -> None:
    """Nobody waits for outcomes that can't come any more."""
    window = Window(2)
    window.put(outcome(0))
    window.put(outcome(1))
    if ended:
        window.end()
    assert indexes(window.drain()) == [0, 1]
    async with asyncio.timeout(HANG):
        assert [taken async for taken in window] == []


async def test_a_cancelled_wait_takes_nothing_along() -> None:
    """An outcome that comes in the same turn as the cancellation is still there."""
    window = Window(1)
    waiting = asyncio.ensure_future(anext(window))
    await turns(2)
    window.put(outcome(0))
    waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled()
    assert indexes(await take(window, 1)) == [0]
