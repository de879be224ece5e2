"""Patience: ends what stands still, however often its end was moved."""

import asyncio
import math

import pytest

from verifik_async.transports.patience import Patience


async def test_without_a_limit_nothing_ends() -> None:
    """Patience that was told no time waits."""
    async with Patience():
        await asyncio.sleep(0.02)


async def test_standing_still_ends() -> None:
    """When nothing moves for so long, there is a TimeoutError."""
    with pytest.raises(TimeoutError):
        async with Patience() as patience:
            patience.wait(0.01)
            await asyncio.sleep(60)


async def test_each_sign_of_life_moves_the_end() -> None:
    """Moving on time and again takes longer than the limit, and then it ends."""
    moves = 0
    with pytest.raises(TimeoutError):
        async with Patience() as patience:
            for _ in range(4):
                patience.wait(0.1)
                await asyncio.sleep(0.05)
                moves += 1
            await asyncio.sleep(60)
    assert moves == 4


@pytest.mark.parametrize("later", [60, math.inf])
async def test_the_end_may_move_away(later: float) -> None:
    """A longer time, or none, counts from then on."""
    async with Patience() as patience:
        patience.wait(0.01)
        patience.wait(later)
        await asyncio.sleep(0.03)


@pytest.mark.parametrize("before", [60, math.inf])
async def test_the_end_may_come_nearer(before: float) -> None:
    """A shorter time counts from then on."""
    with pytest.raises(TimeoutError):
        async with Patience() as patience:
            patience.wait(before)
            patience.wait(0.01)
            await asyncio.sleep(60)


async def test_a_limit_after_none() -> None:
    """After a while without a limit there can be one again."""
    with pytest.raises(TimeoutError):
        async with Patience() as patience:
            patience.wait(0.01)
            patience.wait(math.inf)
            await asyncio.sleep(0.03)
            patience.wait(0.01)
            await asyncio.sleep(60)


async def test_a_sign_of_life_too_late_changes_nothing() -> None:
    """Once the time was over it ends, whatever moves while it does."""
    with pytest.raises(TimeoutError):
        async with Patience() as patience:
            patience.wait(0.01)
            try:
                await asyncio.sleep(60)
            finally:
                patience.wait(0.01)
                await asyncio.sleep(0.03)


async def test_what_ends_in_time_is_left_alone() -> None:
    """Nothing is cancelled after the block was left."""
    async with Patience() as patience:
        patience.wait(0.01)
    await asyncio.sleep(0.03)
