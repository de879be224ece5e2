"""Sources: every item once, in order, from any iterable, and closed in the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import cast

import pytest
from batch_runs import turns

from verifik_async.batch.source import Source


class Countdown:
    """An iterator of the bare protocol: no `__iter__` of its own."""

    def __init__(self, start: int) -> None:
        self._left = start

    def __next__(self) -> int:
        if not self._left:
            raise StopIteration
        self._left -= 1
        return self._left


class Bare:
    """Iterable, plain or asynchronous, through iterators of the bare protocol."""

    def __iter__(self) -> Iterator[int]:
        return cast("Iterator[int]", Countdown(3))


class LaterCountdown:
    """The same, asynchronous: no `__aiter__` of its own."""

    def __init__(self, start: int) -> None:
        self._left = start

    async def __anext__(self) -> int:
        await asyncio.sleep(0)
        if not self._left:
            raise StopAsyncIteration
        self._left -= 1
        return self._left


class BareLater:
    """Asynchronously iterable through an iterator of the bare protocol."""

    def __aiter__(self) -> AsyncIterator[int]:
        return cast("AsyncIterator[int]", LaterCountdown(3))


async def later(numbers: Iterable[int]) -> AsyncIterator[int]:
    """The numbers, each after a turn of the loop."""
    for number in numbers:
        await asyncio.sleep(0)
        yield number


async def all_of(source: Source[int]) -> list[tuple[int, int]]:
    """Everything that the source has."""
    pulled: list[tuple[int, int]] = []
    while (item := await source.pull()) is not None:
        pulled.append(item)
    return pulled


@pytest.mark.parametrize("people", [[5, 6], (5, 6), iter([5, 6]), {5: "", 6: ""}])
async def test_a_plain_iterable_is_numbered(people: Iterable[int]) -> None:
    """Items come in order, with their place from 0."""
    source = Source(people)
    assert await all_of(source) == [(0, 5), (1, 6)]
    assert not source.may_wait_forever


async def test_an_asynchronous_iterable_is_numbered() -> None:
    """As a plain one; but no end is known of it."""
    source = Source(later([5, 6]))
    assert await all_of(source) == [(0, 5), (1, 6)]
    assert source.may_wait_forever


@pytest.mark.parametrize("bare", [Bare(), BareLater()])
async def test_iterators_need_no_more_than_next(bare: Bare | BareLater) -> None:
    """What `for` or `async for` takes is taken."""
    assert await all_of(Source(bare)) == [(0, 2), (1, 1), (2, 0)]


class Restless:
    """Goes on after its end, and after its errors."""

    def __init__(self, *, fails: bool = False) -> None:
        self.asked = 0
        self._end = OSError("disk") if fails else None

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        self.asked += 1
        if self.asked == 2:
            raise self._end or StopIteration
        return self.asked


class RestlessLater:
    """The same, asynchronous."""

    def __init__(self, restless: Restless) -> None:
        self._restless = restless

    def __aiter__(self) -> AsyncIterator[int]:
        return self

    async def __anext__(self) -> int:
        try:
            return next(self._restless)
        except StopIteration:
            raise StopAsyncIteration from None


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_an_ended_source_stays_ended(*, asynchronous: bool) -> None:
    """It is not asked again by a worker that comes late."""
    restless = Restless()
    source = Source(RestlessLater(restless) if asynchronous else restless)
    assert await all_of(source) == [(0, 1)]
    assert await source.pull() is None
    assert restless.asked == 2


async def test_what_can_not_be_iterated_is_refused_at_once() -> None:
    """A coroutine that should have been called or awaited, for example."""
    with pytest.raises(TypeError):
        Source(cast("Iterable[int]", 5))


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_an_error_of_the_source_comes_once(*, asynchronous: bool) -> None:
    """The worker that pulled gets it; for the others the source has ended."""
    restless = Restless(fails=True)
    source = Source(RestlessLater(restless) if asynchronous else restless)
    assert await source.pull() == (0, 1)
    with pytest.raises(OSError, match="disk"):
        await source.pull()
    assert await source.pull() is None
    assert restless.asked == 2


async def test_an_asynchronous_source_is_asked_by_one_at_a_time() -> None:
    """Async generators can't be entered twice; and each item goes to one worker."""
    source = Source(later(range(20)))
    pulled = await asyncio.gather(*(all_of(source) for _ in range(5)))
    items = sorted(item for part in pulled for item in part)
    assert items == [(number, number) for number in range(20)]


async def test_a_cancelled_pull_ends_the_source() -> None:
    """What was being read when it was cut short can't be trusted to go on."""
    source = Source(BareLater())
    pulling = asyncio.create_task(source.pull())
    await turns(1)
    pulling.cancel()
    await asyncio.wait([pulling])
    assert pulling.cancelled()
    assert await source.pull() is None


async def test_closing_ends_a_plain_generator() -> None:
    """Its `finally` runs now, not when it is collected, and it isn't asked again."""
    closed: list[bool] = []

    def numbers() -> Iterator[int]:
        try:
            yield from range(5)
        finally:
            closed.append(True)

    source = Source(numbers())
    await source.pull()
    await source.aclose()
    assert closed == [True]
    assert await source.pull() is None


async def test_closing_ends_an_asynchronous_generator() -> None:
    """Also with an `await` in its `finally`."""
    closed: list[bool] = []

    async def numbers() -> AsyncIterator[int]:
        try:
            for number in range(5):
                yield number
        finally:
            await asyncio.sleep(0)
            closed.append(True)

    source = Source(numbers())
    await source.pull()
    await source.aclose()
    assert closed == [True]
    assert await source.pull() is None


async def test_closing_leaves_other_iterators_alone() -> None:
    """A file or a cursor belongs to the caller, who may read on."""
    numbers = iter(range(5))
    source = Source(numbers)
    await source.pull()
    await source.aclose()
    assert await source.pull() is None
    assert next(numbers) == 1
