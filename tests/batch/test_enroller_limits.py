"""A batch's limits hold for its client while it runs, and no longer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from batch_runs import HANG, Carrier, Persons, client_of, outcomes_of, person, turns

from verifik_async import (
    BatchEnroller,
    BatchStanding,
    JournalError,
    Limits,
    StopRules,
    VerifikClient,
)
from verifik_async.testing import VirtualClock

FULL_WIDTH = StopRules(canary=None)


async def runs_to_its_end(enroller: BatchEnroller) -> None:
    """As most do."""
    await outcomes_of(enroller, Persons(9).plain())


async def is_left_early(enroller: BatchEnroller) -> None:
    """By a break."""
    async with enroller:
        async for _ in enroller.enroll(Persons().plain()):
            break


async def is_broken_off(enroller: BatchEnroller) -> None:
    """By the consumer's own error."""

    async def use() -> None:
        async with enroller:
            async for _ in enroller.enroll(Persons().plain()):
                raise LookupError

    with pytest.raises(LookupError):
        await use()


async def is_cancelled(enroller: BatchEnroller) -> None:
    """By somebody else."""
    using = asyncio.create_task(outcomes_of(enroller, Persons().later()))
    await turns(30)
    using.cancel()
    await asyncio.wait([using], timeout=HANG)
    assert using.cancelled()


async def never_enrolls(enroller: BatchEnroller) -> None:
    """It is only entered."""
    async with enroller:
        pass


async def is_never_entered(enroller: BatchEnroller) -> None:
    """It is only made."""
    assert enroller.standing == BatchStanding()


WAYS = [
    runs_to_its_end,
    is_left_early,
    is_broken_off,
    is_cancelled,
    never_enrolls,
    is_never_entered,
]


@pytest.mark.parametrize("way", WAYS)
async def test_limits_end_with_the_run(
    way: Callable[[BatchEnroller], Awaitable[None]],
) -> None:
    """However it ends: who uses the client afterwards is as free as before."""
    client = client_of(Carrier())
    before = client.limiter.limits
    async with asyncio.timeout(HANG):
        await way(BatchEnroller(client, concurrency=3, rate=1e6, bytes_per_second=1e9))
    assert client.limiter.limits == before == Limits()
    assert client.limiter.width is None


async def test_a_journal_that_cannot_be_opened_leaves_no_limits(
    tmp_path: Path,
) -> None:
    """Nothing has begun."""
    client = client_of(Carrier())
    with pytest.raises(JournalError):  # a folder is no journal
        await BatchEnroller(client, concurrency=3, journal=tmp_path).__aenter__()
    assert client.limiter.limits == Limits()


async def test_a_service_and_a_batch_share_the_limits() -> None:
    """All requests of the client count, whoever sends them."""
    gate = asyncio.Event()

    async def wait(_number: int) -> None:
        await gate.wait()

    carrier = Carrier(wait=wait)
    client = client_of(carrier)
    enroller = BatchEnroller(client, concurrency=3, stop_rules=FULL_WIDTH)
    async with asyncio.timeout(HANG), enroller:
        outcomes = enroller.enroll(Persons(9).plain())
        await turns(10)
        others = [asyncio.create_task(client.enroll(person(n))) for n in (100, 101)]
        await turns(10)
        assert carrier.in_flight == 3
        gate.set()
        await asyncio.gather(*others)
        assert len([outcome async for outcome in outcomes]) == 9
    assert carrier.most == 3


async def test_of_two_batches_the_narrower_holds_while_it_runs() -> None:
    """Then the other one hires, up to its own width."""
    clock = VirtualClock()

    async def wait(_number: int) -> None:
        await clock.sleep(0.1)

    carrier = Carrier(wait=wait)
    client = VerifikClient("token", carrier, clock=clock)
    wide = BatchEnroller(client, concurrency=8, stop_rules=FULL_WIDTH)
    narrow = BatchEnroller(client, concurrency=2, stop_rules=FULL_WIDTH)
    async with asyncio.timeout(HANG), wide:
        async with narrow:
            outcomes = wide.enroll(Persons(100).plain())
            mine = [one async for one in narrow.enroll(map(person, range(200, 210)))]
            assert carrier.most == 2
        theirs = [one async for one in outcomes]
    assert (len(mine), len(theirs)) == (10, 100)
    assert carrier.most == 8
    assert client.limiter.limits == Limits()


def test_a_client_serves_batches_in_one_event_loop_after_another() -> None:
    """Also after a loop that ended in the middle of a wait."""
    carrier = Carrier()
    client = client_of(carrier)

    async def whole() -> int:
        enroller = BatchEnroller(client, concurrency=3, rate=1e4)
        return len(await outcomes_of(enroller, Persons(9).plain()))

    async def cut_short() -> None:
        enroller = BatchEnroller(client, concurrency=3, rate=0.01)
        async with asyncio.timeout(0.05), enroller:
            async for _ in enroller.enroll(Persons().plain()):
                pass

    for _ in range(2):
        assert asyncio.run(whole()) == 9
        with pytest.raises(TimeoutError):
            asyncio.run(cut_short())
    assert client.limiter.limits == Limits()


async def test_auto_hires_as_the_width_grows() -> None:
    """From four workers, with the answers, to as many as the server seems to bear."""
    clock = VirtualClock()
    seen: list[int] = []

    async def wait(_number: int) -> None:
        seen.append(carrier.in_flight)
        await clock.sleep(0.1)

    carrier = Carrier(wait=wait)
    client = VerifikClient("token", carrier, clock=clock)
    enroller = BatchEnroller(client, concurrency="auto", stop_rules=FULL_WIDTH)
    await outcomes_of(enroller, Persons(1000).plain())
    assert max(seen[:4]) == 4
    assert carrier.most == 64


async def test_a_standing_tells_what_is_waited_for() -> None:
    """Before, while the first answers are awaited, under a rate, and afterwards."""
    gate = asyncio.Event()

    async def wait(_number: int) -> None:
        await gate.wait()

    client = client_of(Carrier(wait=wait))
    enroller = BatchEnroller(client, concurrency=8, rate=5)
    async with asyncio.timeout(HANG), enroller:
        assert enroller.standing == BatchStanding()
        outcomes = enroller.enroll(Persons().later())
        await turns(10)
        assert enroller.standing.concurrency == 4
        assert enroller.standing.waits_for == "the first answers"
        gate.set()
        for _ in range(4):
            await anext(outcomes)
        await turns(10)
        standing = enroller.standing
        assert (standing.concurrency, standing.waits_for) == (8, "the rate of 5/s")
        enroller.stop("lunch")
        assert enroller.standing.waits_for in {None, "requests on their way"}
    assert enroller.standing.on_the_way == 0
    assert enroller.standing.waits_for is None


async def test_a_standing_tells_of_pictures_that_are_on_their_way() -> None:
    """How many wait for them."""
    gate = asyncio.Event()

    async def wait(_number: int) -> None:
        await gate.wait()

    client = client_of(Carrier(wait=wait))
    enroller = BatchEnroller(client, concurrency=4, stop_rules=FULL_WIDTH)
    async with asyncio.timeout(HANG), enroller:
        outcomes = enroller.enroll([person(1) for _ in range(3)])
        await turns(10)
        assert enroller.standing.waits_for == "2 with a picture that is on its way"
        gate.set()
        assert len([outcome async for outcome in outcomes]) == 3
