"""Patience: ends what stands still, however often its end was moved."""

import asyncio
import math

import pytest

from verifik_async.transports.patience import Patience, Watch


async def test_without_a_limit_nothing_ends() -> None:
    """Patience that was told no time waits."""
    async with Patience(Watch()):
        await asyncio.sleep(0.02)


async def stand_still_after(*waits: float, pause: float = 0.0) -> None:
    """Say one wait after the other, with a pause after each, and then do nothing."""
    async with Patience(Watch()) as patience:
        for seconds in waits:
            patience.wait(seconds)
            await asyncio.sleep(pause)
        await asyncio.sleep(60)


@pytest.mark.parametrize(
    "waits",
    [
        pytest.param((0.01,), id="one"),
        pytest.param((60, 0.01), id="nearer"),
        pytest.param((math.inf, 0.01), id="after none"),
    ],
)
async def test_standing_still_ends(waits: tuple[float, ...]) -> None:
    """When nothing moves for as long as was said last, there is a TimeoutError."""
    with pytest.raises(TimeoutError):
        await stand_still_after(*waits)


async def test_a_limit_after_none() -> None:
    """After a while without a limit there can be one again."""
    with pytest.raises(TimeoutError):
        await stand_still_after(0.01, math.inf, 0.01, pause=0.005)


async def test_each_sign_of_life_moves_the_end() -> None:
    """What moves on time may take longer than the limit."""
    async with Patience(Watch()) as patience:
        for _ in range(6):
            patience.wait(0.5)
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("later", [60, math.inf])
async def test_the_end_may_move_away(later: float) -> None:
    """A longer time, or none, counts from then on."""
    async with Patience(Watch()) as patience:
        patience.wait(0.01)
        patience.wait(later)
        await asyncio.sleep(0.03)


async def move_while_it_ends() -> None:
    """Stand still, and show a sign of life only then."""
    async with Patience(Watch()) as patience:
        patience.wait(0.01)
        try:
            await asyncio.sleep(60)
        finally:
            patience.wait(0.01)
            await asyncio.sleep(0.03)


async def test_a_sign_of_life_too_late_changes_nothing() -> None:
    """Once the time was over it ends, whatever moves while it does."""
    with pytest.raises(TimeoutError):
        await move_while_it_ends()


async def test_what_ends_in_time_is_left_alone() -> None:
    """Nothing is cancelled after the block was left."""
    async with Patience(Watch()) as patience:
        patience.wait(0.01)
    await asyncio.sleep(0.03)
