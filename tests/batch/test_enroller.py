"""The batch engine: one outcome for each person pulled, as they complete."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from typing import cast

import pytest
from batch_runs import (
    ERRORS,
    HANG,
    Carrier,
    Given,
    Persons,
    client_of,
    enrolled,
    error_of,
    indexes,
    outcomes_of,
    person,
    refused,
    take,
    tasks_left,
    turns,
)

from verifik_async import (
    BatchEnroller,
    BatchItem,
    ConfigurationError,
    EnrollmentRequest,
    FieldFault,
    InvalidRequestError,
    LivenessFailedError,
    OutcomeStatus,
    VerifikError,
)
from verifik_async.batch.outcomes import status_of


def enroller_of(carrier: Carrier, *, concurrency: int = 3) -> BatchEnroller:
    """An enroller that sends with this carrier."""
    return BatchEnroller(client_of(carrier), concurrency=concurrency)


@pytest.mark.parametrize("concurrency", [1, 3, 50])
@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("count", [0, 1, 20])
async def test_each_person_has_one_outcome(
    *, count: int, asynchronous: bool, concurrency: int
) -> None:
    """From any kind of source, each is sent once, and the answer is this person's."""
    carrier = Carrier()
    enroller = enroller_of(carrier, concurrency=concurrency)
    people = Persons(count).source(asynchronous=asynchronous)
    outcomes = await outcomes_of(enroller, people)
    assert indexes(outcomes) == sorted(carrier.sent) == list(range(count))
    for outcome in outcomes:
        assert outcome.status is OutcomeStatus.ENROLLED
        assert outcome.enrollment is not None
        assert outcome.enrollment.person.id == f"person-{outcome.index}"
        assert outcome.attempts == 1
    assert carrier.most <= concurrency
    assert enroller.undelivered == ()
    assert tasks_left() == []


async def test_outcomes_come_as_they_complete() -> None:
    """One slow person holds nobody up."""
    slow = asyncio.Event()

    async def wait(number: int) -> None:
        if number == 0:
            await slow.wait()

    async with enroller_of(Carrier(wait=wait)) as enroller:
        outcomes = enroller.enroll(Persons(5).plain())
        assert indexes(await take(outcomes, 4)) == [1, 2, 3, 4]
        slow.set()
        assert indexes(await take(outcomes, 1)) == [0]


async def test_the_key_comes_back_with_the_outcome() -> None:
    """Items and bare requests may be mixed."""
    people: list[Given] = [BatchItem(request=person(0), key="a"), person(1)]
    outcomes = await outcomes_of(enroller_of(Carrier()), people)
    assert [outcome.key for outcome in outcomes] == ["a", None]


async def test_a_request_is_made_when_its_turn_comes() -> None:
    """A callable is asked once, and no sooner than there is a slot."""
    made: list[int] = []

    def make(number: int) -> Callable[[], EnrollmentRequest]:
        def request() -> EnrollmentRequest:
            made.append(number)
            assert carrier.in_flight < 3
            return person(number)

        return request

    carrier = Carrier()
    people = [BatchItem(request=make(number)) for number in range(20)]
    outcomes = await outcomes_of(enroller_of(carrier), people)
    assert {outcome.status for outcome in outcomes} == {OutcomeStatus.ENROLLED}
    assert made == list(range(20))


async def test_a_request_that_can_not_be_made_is_invalid() -> None:
    """Nothing is sent for it, and the others go on."""
    fault = FieldFault(field="name", problem="must not be empty")

    def broken() -> EnrollmentRequest:
        raise InvalidRequestError([fault])

    carrier = Carrier()
    people: list[Given] = [BatchItem(request=broken, key="bad"), person(1), person(2)]
    bad, *others = await outcomes_of(enroller_of(carrier, concurrency=1), people)
    assert (bad.status, bad.key, bad.attempts) == (OutcomeStatus.INVALID, "bad", 0)
    assert isinstance(bad.error, InvalidRequestError)
    assert bad.error.faults == (fault,)
    assert [other.status for other in others] == [OutcomeStatus.ENROLLED] * 2
    assert carrier.sent == [1, 2]


@pytest.mark.parametrize("kind", ERRORS)
async def test_an_error_is_data(kind: type[VerifikError]) -> None:
    """No error of ours is raised for one person, whichever class it has."""
    error = error_of(kind)
    carrier = Carrier(lambda number: error if number == 1 else enrolled(number))
    enroller = enroller_of(carrier, concurrency=1)
    outcomes = await outcomes_of(enroller, Persons(4).plain())
    assert indexes(outcomes) == [0, 1, 2, 3]
    assert outcomes[1].error is error
    assert outcomes[1].status is status_of(error)
    assert outcomes[1].attempts == 1
    stopped = outcomes[1].status is OutcomeStatus.NOT_ATTEMPTED
    assert carrier.sent == ([0, 1] if stopped else [0, 1, 2, 3])


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_what_the_source_raises_comes_after_the_outcomes(
    *, asynchronous: bool
) -> None:
    """Those who were pulled before are finished; then the consumer gets the error."""

    def broken() -> Iterator[EnrollmentRequest]:
        yield from Persons(4).plain()
        raise OSError("disk")

    async def later() -> AsyncIterator[EnrollmentRequest]:
        for request in broken():
            yield request

    enroller = enroller_of(Carrier())
    async with enroller:
        outcomes = enroller.enroll(later() if asynchronous else broken())
        assert indexes(await take(outcomes, 4)) == [0, 1, 2, 3]
        for _ in range(2):
            with pytest.raises(OSError, match="disk"):
                await take(outcomes, 1)
    assert enroller.report.counts[OutcomeStatus.ENROLLED] == 4
    assert enroller.report.stop_reason == "OSError in the source or the transport"
    assert isinstance(enroller.report.stop_error, OSError)


async def test_an_item_of_another_type_stops_the_run() -> None:
    """A source of the wrong things is a mistake in the program: no more is sent."""
    carrier = Carrier()
    people = cast("list[Given]", [person(0), {"name": "Jane Doe"}, person(2)])
    enroller = enroller_of(carrier, concurrency=1)
    first, wrong, last = await outcomes_of(enroller, people)
    assert first.status is OutcomeStatus.ENROLLED
    assert wrong.status is last.status is OutcomeStatus.NOT_ATTEMPTED
    assert isinstance(wrong.error, ConfigurationError)
    assert enroller.report.stop_error is wrong.error
    assert "Jane" not in f"{enroller.report} {wrong}"
    assert carrier.sent == [0]


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_a_slow_consumer_stops_the_source(*, asynchronous: bool) -> None:
    """Pulled and not taken are at any time twice the concurrency at the most."""
    people = Persons(60)
    source = people.source(asynchronous=asynchronous)
    taken = 0
    async with asyncio.timeout(HANG), enroller_of(Carrier()) as enroller:
        async for _ in enroller.enroll(source):
            assert people.pulled - taken <= 6
            taken += 1
            await turns(10)
            if taken < 50:
                assert people.pulled - taken == 6
    assert taken == people.pulled == 60


async def test_the_report_can_be_read_while_the_run_goes_on() -> None:
    """Who is in flight, who is settled, and no more persons than were pulled."""
    gate = asyncio.Event()

    async def wait(number: int) -> None:
        if number >= 2:
            await gate.wait()

    refusal = refused(409, "409:liveness_failed@0.3")
    carrier = Carrier(lambda n: refusal if n == 1 else enrolled(n), wait=wait)
    async with enroller_of(carrier) as enroller:
        assert enroller.report.total == enroller.report.elapsed == 0
        outcomes = enroller.enroll(Persons(6).plain())
        await take(outcomes, 2)
        await turns(5)
        report = enroller.report
        assert (report.total, report.in_flight, report.attempts) == (2, 3, 2)
        assert report.counts[OutcomeStatus.LIVENESS_FAILED] == 1
        assert report.rate == 2 / report.elapsed > 0
        gate.set()
        await take(outcomes, 4)
    report = enroller.report
    assert (report.total, report.in_flight, report.attempts) == (6, 0, 6)
    assert sum(report.counts.values()) == report.total
    assert (report.stop_reason, report.stop_error) == (None, None)
    assert report == enroller.report  # the clock stands


@pytest.mark.parametrize("concurrency", [0, -1])
def test_concurrency_starts_at_one(concurrency: int) -> None:
    """With nobody at work, a run would wait for ever."""
    with pytest.raises(ConfigurationError, match="at least 1"):
        enroller_of(Carrier(), concurrency=concurrency)


async def test_an_enroller_is_used_in_async_with_only() -> None:
    """Before and after it, nobody would see to the tasks."""
    enroller = enroller_of(Carrier())
    with pytest.raises(ConfigurationError, match="async with"):
        enroller.enroll([])
    async with enroller:
        pass
    with pytest.raises(ConfigurationError, match="async with"):
        enroller.enroll([])
    async with enroller:
        with pytest.raises(ConfigurationError, match="async with"):
            enroller.enroll([])


async def test_an_enroller_runs_once() -> None:
    """A second run would mix its counts and outcomes with the first."""
    async with enroller_of(Carrier()) as enroller:
        outcomes = enroller.enroll([person(0)])
        with pytest.raises(ConfigurationError, match="once"):
            enroller.enroll([person(1)])
        assert indexes(await take(outcomes, 1)) == [0]


async def test_what_is_no_source_is_refused_at_once_and_uses_nothing_up() -> None:
    """The mistake shows where it was made, and the right source can follow."""
    async with enroller_of(Carrier()) as enroller:
        with pytest.raises(TypeError):
            enroller.enroll(cast("list[Given]", person(0)))
        assert indexes([o async for o in enroller.enroll([person(0)])]) == [0]


async def test_two_batches_share_one_client() -> None:
    """Each has its own width, window, persons and report."""
    carrier = Carrier()
    client = client_of(carrier)
    first = BatchEnroller(client, concurrency=2)
    second = BatchEnroller(client, concurrency=3)
    both = await asyncio.gather(
        outcomes_of(first, Persons(20).plain()),
        outcomes_of(second, Persons(30).later()),
    )
    assert [indexes(outcomes) for outcomes in both] == [[*range(20)], [*range(30)]]
    assert carrier.most <= 5
    assert (first.report.total, second.report.total) == (20, 30)


def test_a_client_outlives_the_loop_of_its_first_batch() -> None:
    """Scripts call `asyncio.run` more than once, and make enrollers outside of it."""
    client = client_of(Carrier())
    for _ in range(2):
        enroller = BatchEnroller(client, concurrency=2)
        outcomes = asyncio.run(outcomes_of(enroller, Persons(5).plain()))
        assert {outcome.status for outcome in outcomes} == {OutcomeStatus.ENROLLED}


async def test_outcomes_that_are_kept_keep_no_images() -> None:
    """A million failures in a list are small: no traceback holds their requests."""
    requests: list[weakref.ref[EnrollmentRequest]] = []

    def people() -> Iterator[EnrollmentRequest]:
        for number in range(10):
            request = person(number)
            requests.append(weakref.ref(request))
            yield request
            del request

    answers = [refused(409, "409:liveness_failed"), refused(500), refused(404)]
    carrier = Carrier(lambda number: answers[number % 3])
    gc.disable()  # nor does it take a collection to free them
    try:
        outcomes = await outcomes_of(enroller_of(carrier), people())
        alive = [request for request in requests if request() is not None]
    finally:
        gc.enable()
    assert isinstance(outcomes[0].error, LivenessFailedError)
    assert alive == []
