"""Between source and window: intents first, outcomes after, and never too many."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from batch_runs import HANG, Carrier, client_of
from journal_runs import asked, item, items, run, states, statuses

from verifik_async import BatchEnroller, BatchItem


async def test_an_intent_is_on_the_disk_before_the_request_is_sent(path: Path) -> None:
    """And gone with the outcome, which the loop gets only after that."""
    seen: list[bool] = []

    async def wait(number: int) -> None:
        seen.append(states(path)[number] == "intent")

    carrier = Carrier(wait=wait)
    enroller = BatchEnroller(client_of(carrier), concurrency=3, journal=path)
    async with asyncio.timeout(HANG), enroller:
        async for outcome in enroller.enroll(items(range(30))):
            assert states(path)[outcome.index] == "enrolled"
    assert seen == [True] * 30
    assert asked(path, "SELECT * FROM intent") == []


async def test_never_more_intents_than_slots_and_half_as_many(path: Path) -> None:
    """Each is an `unknown` person after a crash, so they are bounded."""
    most = 0

    async def wait(_number: int) -> None:
        nonlocal most
        ((open_,),) = asked(path, "SELECT count(*) FROM intent")
        assert isinstance(open_, int)
        most = max(most, open_)
        await asyncio.sleep(0.001)

    await run(path, items(range(200)), Carrier(wait=wait), concurrency=6)
    assert 6 <= most <= 9


async def test_a_paused_consumer_stops_the_source(path: Path) -> None:
    """As without a journal, with those besides who are looked up ahead."""
    pulled = 0

    def people() -> Iterator[BatchItem]:
        nonlocal pulled
        for one in items(range(1000)):
            pulled += 1
            yield one

    enroller = BatchEnroller(client_of(Carrier()), concurrency=4, journal=path)
    async with asyncio.timeout(HANG), enroller:
        outcomes = enroller.enroll(people())
        await anext(outcomes)
        while enroller.report.total < 8:  # noqa: ASYNC110 - both ways are polled
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        assert pulled <= 2 * 4 + 2 + 64 + 1
        assert pulled < 1000


async def test_what_the_source_raises_comes_after_those_it_gave(path: Path) -> None:
    """Those who were pulled ahead are enrolled first; nobody is left pending."""

    def broken() -> Iterator[BatchItem]:
        yield from items(range(20))
        raise OSError("disk")

    enroller = BatchEnroller(client_of(Carrier()), concurrency=2, journal=path)
    async with asyncio.timeout(HANG), enroller:
        outcomes = enroller.enroll(broken())
        taken = [await anext(outcomes) for _ in range(20)]
        with pytest.raises(OSError, match="disk"):
            await anext(outcomes)
    assert statuses(taken) == ["enrolled"] * 20
    assert isinstance(enroller.report.stop_error, OSError)


async def test_an_asynchronous_source_that_waits_holds_nobody_back(path: Path) -> None:
    """Who has been pulled is looked up and sent while the source has nobody."""
    settled = asyncio.Event()

    async def people() -> AsyncIterator[BatchItem]:
        yield item(0)
        await settled.wait()
        yield item(1)

    enroller = BatchEnroller(client_of(Carrier()), journal=path)
    async with asyncio.timeout(HANG), enroller:
        outcomes = enroller.enroll(people())
        assert (await anext(outcomes)).index == 0
        settled.set()
        assert (await anext(outcomes)).index == 1
