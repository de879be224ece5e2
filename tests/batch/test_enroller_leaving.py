"""Leaving a batch early, in every way: nobody lost, nothing left behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator

import pytest
from batch_runs import (
    HANG,
    Carrier,
    Persons,
    client_of,
    indexes,
    person,
    take,
    tasks_left,
    turns,
)

from verifik_async import (
    BatchEnroller,
    BatchOutcome,
    EnrollmentRequest,
    OutcomeStatus,
    OutcomeUnknownError,
)

EITHER_KIND = pytest.mark.parametrize("asynchronous", [False, True])


class Held:
    """A batch of which person 0 is answered at once, and the others when let go."""

    def __init__(self, *, count: int | None = None) -> None:
        self.people = Persons(count)
        self.gate = asyncio.Event()
        self.carrier = Carrier(wait=self._wait)
        self.enroller = BatchEnroller(client_of(self.carrier), concurrency=3)
        self.taken: list[BatchOutcome] = []

    async def _wait(self, number: int) -> None:
        if number:
            await self.gate.wait()

    def statuses(self) -> dict[int, str]:
        """What became of those whose outcomes the loop did not take."""
        return {gone.index: gone.status.value for gone in self.enroller.undelivered}

    def check_nothing_left(self) -> None:
        """Each person pulled has one outcome, and there is no task or open source."""
        outcomes = [*self.taken, *self.enroller.undelivered]
        assert indexes(outcomes) == list(range(self.people.pulled))
        assert self.enroller.report.total == self.people.pulled
        assert self.enroller.report.in_flight == self.carrier.in_flight == 0
        assert self.people.closed
        assert tasks_left() == []


@EITHER_KIND
async def test_a_break_lets_those_in_flight_finish(*, asynchronous: bool) -> None:
    """They are paid for; nobody else is pulled, and their outcomes are not lost."""
    held = Held()
    async with asyncio.timeout(HANG), held.enroller as enroller:
        source = held.people.source(asynchronous=asynchronous)
        async for outcome in enroller.enroll(source):
            held.taken.append(outcome)
            await turns(10)
            assert held.carrier.in_flight == 3
            assert held.people.pulled == 4
            asyncio.get_running_loop().call_soon(held.gate.set)
            break
    assert held.statuses() == {1: "enrolled", 2: "enrolled", 3: "enrolled"}
    assert held.people.pulled == 4
    assert held.enroller.report.stop_reason is None
    held.check_nothing_left()


@EITHER_KIND
async def test_an_exception_cancels_those_in_flight(*, asynchronous: bool) -> None:
    """It is not held up; whoever was in flight may have been enrolled: `unknown`."""
    held = Held()

    async def use() -> None:
        async with held.enroller as enroller:
            source = held.people.source(asynchronous=asynchronous)
            async for outcome in enroller.enroll(source):
                held.taken.append(outcome)
                await turns(10)
                raise LookupError("the consumer's own")

    async with asyncio.timeout(HANG):
        with pytest.raises(LookupError, match="own"):
            await use()
    assert held.statuses() == {1: "unknown", 2: "unknown", 3: "unknown"}
    for outcome in held.enroller.undelivered:
        assert isinstance(outcome.error, OutcomeUnknownError)
    held.check_nothing_left()


@EITHER_KIND
async def test_a_cancelled_consumer_cancels_those_in_flight(
    *, asynchronous: bool
) -> None:
    """As an exception does; and the task is cancelled afterwards, as it was asked."""
    held = Held()

    async def use() -> None:
        async with held.enroller as enroller:
            source = held.people.source(asynchronous=asynchronous)
            async for outcome in enroller.enroll(source):
                held.taken.append(outcome)

    using = asyncio.create_task(use())
    await turns(20)
    using.cancel()
    await asyncio.wait([using], timeout=HANG)
    assert using.cancelled()
    assert held.statuses() == {1: "unknown", 2: "unknown", 3: "unknown"}
    held.check_nothing_left()


@EITHER_KIND
@pytest.mark.parametrize("times", [1, 3])
async def test_a_cancellation_ends_the_wait_for_those_in_flight(
    *, asynchronous: bool, times: int
) -> None:
    """The first leaves early, the second cancels: a further one changes nothing."""
    held = Held()

    async def use() -> None:
        async with held.enroller as enroller:
            source = held.people.source(asynchronous=asynchronous)
            held.taken += await take(enroller.enroll(source), 1)
            await turns(10)

    using = asyncio.create_task(use())
    await turns(30)
    assert not using.done()
    for _ in range(times):
        using.cancel()
        await turns(1)
    await asyncio.wait([using], timeout=HANG)
    assert using.cancelled()
    assert held.statuses() == {1: "unknown", 2: "unknown", 3: "unknown"}
    held.check_nothing_left()


@EITHER_KIND
async def test_a_generator_around_a_batch_that_is_closed_loses_no_answer(
    *, asynchronous: bool
) -> None:
    """Closing it is leaving early: as with `break`, those in flight finish."""
    held = Held()

    async def around() -> AsyncGenerator[BatchOutcome]:
        async with held.enroller as enroller:
            source = held.people.source(asynchronous=asynchronous)
            async for outcome in enroller.enroll(source):
                yield outcome

    outcomes = around()
    held.taken += await take(outcomes, 1)
    await turns(10)
    closing = asyncio.create_task(outcomes.aclose())
    await turns(10)
    held.gate.set()
    await asyncio.wait([closing], timeout=HANG)
    assert held.statuses() == {1: "enrolled", 2: "enrolled", 3: "enrolled"}
    held.check_nothing_left()


@EITHER_KIND
async def test_a_run_that_is_never_consumed_stops_at_the_window(
    *, asynchronous: bool
) -> None:
    """Nobody more is pulled than the window holds, and the outcomes are kept."""
    held = Held()
    held.gate.set()
    async with asyncio.timeout(HANG), held.enroller as enroller:
        enroller.enroll(held.people.source(asynchronous=asynchronous))
        await turns(100)
    assert held.people.pulled == 6
    assert set(held.statuses().values()) == {"enrolled"}
    held.check_nothing_left()


@EITHER_KIND
async def test_leaving_before_anybody_began_pulls_nobody(*, asynchronous: bool) -> None:
    """Workers cancelled before their first step end the run as well."""
    held = Held()
    async with asyncio.timeout(HANG), held.enroller as enroller:
        outcomes = enroller.enroll(held.people.source(asynchronous=asynchronous))
    assert held.people.pulled == 0
    assert [outcome async for outcome in outcomes] == []
    assert held.enroller.undelivered == ()
    assert tasks_left() == []


async def test_without_a_run_there_is_nothing_to_wait_for() -> None:
    """`async with` alone does nothing."""
    async with Held().enroller as enroller:
        pass
    assert enroller.undelivered == ()
    assert enroller.report.total == 0
    assert tasks_left() == []


async def test_a_loop_that_goes_on_after_the_run_ends() -> None:
    """What was not taken in time is in `undelivered`; nobody waits for it."""
    held = Held(count=5)
    held.gate.set()
    async with asyncio.timeout(HANG):
        async with held.enroller as enroller:
            outcomes = enroller.enroll(held.people.plain())
            await turns(100)
        assert [outcome async for outcome in outcomes] == []
    held.check_nothing_left()


async def test_giving_up_waiting_for_an_outcome_loses_none() -> None:
    """A consumer may take with a time limit, and go on."""
    held = Held(count=5)
    async with asyncio.timeout(HANG), held.enroller as enroller:
        outcomes = enroller.enroll(held.people.plain())
        held.taken += await take(outcomes, 1)
        for _ in range(3):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(outcomes), 0.001)
        held.gate.set()
        held.taken += [outcome async for outcome in outcomes]
    assert held.enroller.undelivered == ()
    held.check_nothing_left()


async def test_a_source_that_fails_to_close_takes_no_outcome_along() -> None:
    """Its error is raised, after everything else has been seen to."""

    def stubborn() -> Iterator[EnrollmentRequest]:
        try:
            yield from held.people.plain()
        finally:
            raise OSError("disk")

    async def use() -> None:
        async with held.enroller as enroller:
            held.taken += await take(enroller.enroll(stubborn()), 1)
            held.gate.set()

    held = Held()
    with pytest.raises(OSError, match="disk"):
        await use()
    assert held.enroller.undelivered
    held.check_nothing_left()


async def test_a_source_that_will_not_be_cancelled_is_not_sent() -> None:
    """What it gives after the end of the run has an outcome, and costs nothing."""
    begun = asyncio.Event()

    async def stubborn() -> AsyncIterator[EnrollmentRequest]:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            yield person(0)
        raise AssertionError("asked again")

    carrier = Carrier()
    async with asyncio.timeout(HANG):
        async with BatchEnroller(client_of(carrier), concurrency=3) as enroller:
            enroller.enroll(stubborn())
            await begun.wait()
    statuses = [outcome.status for outcome in enroller.undelivered]
    assert statuses == [OutcomeStatus.NOT_ATTEMPTED]
    assert carrier.sent == []
    assert tasks_left() == []
