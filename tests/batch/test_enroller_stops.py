"""What stops a batch: fatal answers, the caller, and faults that are nobody's."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from batch_runs import (
    HANG,
    Answer,
    Carrier,
    Given,
    Persons,
    client_of,
    enrolled,
    in_order,
    indexes,
    outcomes_of,
    person,
    refused,
    take,
    take_all,
    tasks_left,
    turns,
)

from verifik_async import (
    ApiError,
    AuthenticationError,
    BatchEnroller,
    BatchItem,
    BatchOutcome,
    ClientClosedError,
    CredentialsError,
    EnrollmentRequest,
    HttpResponse,
    InsufficientCreditsError,
    OutcomeStatus,
    OutcomeUnknownError,
    PermissionDeniedError,
    RetryPolicy,
    TokenExpiredError,
    VerifikClient,
)
from verifik_async.testing import VirtualClock

NOT_ATTEMPTED = OutcomeStatus.NOT_ATTEMPTED
ENROLLED = OutcomeStatus.ENROLLED
UNKNOWN = OutcomeStatus.UNKNOWN

FATAL: dict[type[ApiError], HttpResponse] = {
    AuthenticationError: refused(401, "Authentication required", "UNAUTHORIZED"),
    TokenExpiredError: refused(403, "token_expired", "FORBIDDEN"),
    PermissionDeniedError: refused(403, "forbidden", "FORBIDDEN"),
    InsufficientCreditsError: refused(402, "insufficient_credits"),
}
EACH_FATAL = pytest.mark.parametrize("kind", FATAL)
EITHER_KIND = pytest.mark.parametrize("asynchronous", [False, True])


def statuses(outcomes: list[BatchOutcome]) -> Counter[OutcomeStatus]:
    """How often each status came."""
    return Counter(outcome.status for outcome in outcomes)


@EACH_FATAL
@pytest.mark.parametrize("concurrency", [1, 4])
async def test_a_fatal_answer_stops_the_run(
    kind: type[ApiError], concurrency: int
) -> None:
    """Nobody after it is sent, nobody has failed, and the report says why."""
    carrier = Carrier(lambda number: FATAL[kind] if number >= 6 else enrolled(number))
    enroller = BatchEnroller(client_of(carrier), concurrency=concurrency)
    people = Persons(40)
    outcomes = await outcomes_of(enroller, people.plain())
    assert statuses(outcomes) == {ENROLLED: 6, NOT_ATTEMPTED: 34}
    assert people.pulled == len(outcomes)
    assert 6 < len(carrier.sent) <= 6 + concurrency
    report = enroller.report
    assert report.counts[NOT_ATTEMPTED] == 34
    assert report.attempts == len(carrier.sent)
    assert type(report.stop_error) is kind
    assert report.stop_reason == str(report.stop_error)
    met = [outcome for outcome in outcomes if outcome.error is not None]
    assert len(met) == len(carrier.sent) - 6
    assert {type(outcome.error) for outcome in met} == {kind}


@EACH_FATAL
@pytest.mark.parametrize("concurrency", [1, 4])
async def test_a_fatal_answer_ends_an_endless_source(
    kind: type[ApiError], concurrency: int
) -> None:
    """It is not asked again: it might never end, or never answer."""
    carrier = Carrier(lambda _: FATAL[kind])
    enroller = BatchEnroller(client_of(carrier), concurrency=concurrency)
    people = Persons()
    outcomes = await outcomes_of(enroller, people.later())
    assert statuses(outcomes) == {NOT_ATTEMPTED: people.pulled}
    assert len(carrier.sent) <= concurrency
    assert people.pulled <= 2 * concurrency
    assert people.closed


async def test_a_fatal_answer_ends_the_wait_for_a_source() -> None:
    """A queue that nobody fills any more does not keep the run alive."""
    queue = asyncio.Queue[EnrollmentRequest]()

    async def people() -> AsyncIterator[EnrollmentRequest]:
        while True:
            yield await queue.get()

    carrier = Carrier(lambda _: FATAL[AuthenticationError])
    queue.put_nowait(person(0))
    outcomes = await outcomes_of(BatchEnroller(client_of(carrier)), people())
    assert statuses(outcomes) == {NOT_ATTEMPTED: 1}
    assert tasks_left() == []


class BrokenProvider:
    """Gives no token."""

    async def get_token(self, *, force_refresh: bool = False) -> str:
        """Fail, after a while."""
        await asyncio.sleep(0)
        raise LookupError(f"vault, {force_refresh}")


async def test_a_provider_without_a_token_stops_the_run() -> None:
    """Nothing is sent, and nobody has failed."""
    carrier = Carrier()
    enroller = BatchEnroller(VerifikClient(BrokenProvider(), carrier), concurrency=4)
    outcomes = await outcomes_of(enroller, Persons(20).plain())
    assert statuses(outcomes) == {NOT_ATTEMPTED: 20}
    assert carrier.sent == []
    assert isinstance(enroller.report.stop_error, CredentialsError)


async def test_a_client_closed_meanwhile_stops_the_run() -> None:
    """Those in flight finish; the others stay pending."""
    gate = asyncio.Event()

    async def wait(_number: int) -> None:
        await gate.wait()

    client = client_of(Carrier(wait=wait))
    async with asyncio.timeout(HANG), BatchEnroller(client, concurrency=2) as enroller:
        outcomes = enroller.enroll(Persons(10).plain())
        await turns(5)
        await client.aclose()
        gate.set()
        settled = [outcome async for outcome in outcomes]
    assert statuses(settled) == {ENROLLED: 2, NOT_ATTEMPTED: 8}
    assert isinstance(enroller.report.stop_error, ClientClosedError)


async def test_a_fatal_answer_does_not_hide_an_unknown_outcome() -> None:
    """Who may have been enrolled before stays `unknown`; the run stops all the same."""
    carrier = LosingFirst()
    client = VerifikClient(
        "token",
        carrier,
        retry=RetryPolicy(on_unknown="resend"),
        clock=VirtualClock(),
    )
    enroller = BatchEnroller(client, concurrency=3)
    outcomes = await outcomes_of(enroller, Persons(20).plain())
    assert statuses(outcomes) == {UNKNOWN: 3, NOT_ATTEMPTED: 17}
    # The first to be sent again meets it; the others are not sent again then.
    assert sorted(outcome.attempts for outcome in outcomes[:3]) == [1, 1, 2]
    assert len(carrier.sent) == 4
    assert set(carrier.sent) == {0, 1, 2}
    assert isinstance(enroller.report.stop_error, AuthenticationError)


class LosingFirst(Carrier):
    """Loses the first answer for each person, and then knows the token no more."""

    def __init__(self) -> None:
        super().__init__(self._lose)

    def _lose(self, number: int) -> Answer:
        if self.sent.count(number) == 1:
            return OutcomeUnknownError("lost by design")
        return FATAL[AuthenticationError]


@EITHER_KIND
async def test_the_caller_can_stop_a_run(*, asynchronous: bool) -> None:
    """Those in flight finish; of a plain source the others are listed as pending."""
    gate = asyncio.Event()

    async def wait(_number: int) -> None:
        await gate.wait()

    carrier = Carrier(wait=wait)
    people = Persons(20)
    enroller = BatchEnroller(client_of(carrier), concurrency=3)
    async with asyncio.timeout(HANG), enroller:
        outcomes = enroller.enroll(people.source(asynchronous=asynchronous))
        await turns(20)
        enroller.stop("lunch")
        gate.set()
        settled = [outcome async for outcome in outcomes]
    pending = {} if asynchronous else {NOT_ATTEMPTED: 17}
    assert statuses(settled) == {ENROLLED: 3, **pending}
    assert len(carrier.sent) == 3
    assert indexes(settled) == list(range(people.pulled))
    assert enroller.report.stop_reason == "lunch"
    assert enroller.report.stop_error is None


@EITHER_KIND
@pytest.mark.parametrize("early", [False, True])
async def test_a_run_stopped_before_it_began_sends_nobody(
    *, asynchronous: bool, early: bool
) -> None:
    """Before `enroll`, or after it and before the first turn: it ends."""
    carrier = Carrier()
    people = Persons(None if asynchronous else 10)
    enroller = BatchEnroller(client_of(carrier), concurrency=3)
    async with asyncio.timeout(HANG), enroller:
        if early:
            enroller.stop("never mind")
        outcomes = enroller.enroll(people.source(asynchronous=asynchronous))
        enroller.stop("never mind")
        settled = [outcome async for outcome in outcomes]
    assert indexes(settled) == list(range(people.pulled))
    assert people.pulled == (0 if asynchronous else 10)
    assert carrier.sent == []


async def test_a_bug_in_a_transport_is_raised_after_the_outcomes() -> None:
    """Nobody knows whether its person was sent: `unknown`. The others finish."""
    miss = AssertionError("no such recording")
    gate = asyncio.Event()

    async def wait(number: int) -> None:
        await (turns(5) if number == 1 else gate.wait())

    carrier = Carrier(lambda n: miss if n == 1 else enrolled(n), wait=wait)
    enroller = BatchEnroller(client_of(carrier), concurrency=3)
    async with enroller:
        outcomes = enroller.enroll(Persons(10).plain())
        settled = await take(outcomes, 1)
        gate.set()
        settled += await take(outcomes, 9)
        with pytest.raises(AssertionError) as caught:
            await take(outcomes, 1)
    assert caught.value is miss is enroller.report.stop_error
    assert settled[0].error is miss
    assert (settled[0].index, settled[0].status) == (1, UNKNOWN)
    assert statuses(settled) == {UNKNOWN: 1, ENROLLED: 2, NOT_ATTEMPTED: 7}
    assert sorted(carrier.sent) == [0, 1, 2]


async def test_the_first_of_several_bugs_is_raised() -> None:
    """The others may be its consequences; they are in the outcomes."""
    bugs = [LookupError("first"), LookupError("second")]

    async def wait(number: int) -> None:
        await turns(5 + number)

    carrier = Carrier(lambda number: bugs[number], wait=wait)
    async with BatchEnroller(client_of(carrier), concurrency=2) as enroller:
        outcomes = enroller.enroll(Persons(3).plain())
        settled = in_order(await take(outcomes, 3))
        with pytest.raises(LookupError, match="first"):
            await take(outcomes, 1)
    assert [outcome.error for outcome in settled] == [*bugs, None]
    assert enroller.report.stop_error is bugs[0]


async def test_a_bug_in_making_a_request_is_raised_after_the_outcomes() -> None:
    """Its person was certainly not sent: pending, not `unknown`."""

    def broken() -> EnrollmentRequest:
        raise LookupError("no such row")

    carrier = Carrier()
    people: list[Given] = [person(0), BatchItem(request=broken, key="b"), person(2)]
    async with BatchEnroller(client_of(carrier), concurrency=1) as enroller:
        outcomes = enroller.enroll(people)
        first, second, third = await take(outcomes, 3)
        with pytest.raises(LookupError, match="row"):
            await take(outcomes, 1)
    assert first.status is ENROLLED
    assert (second.status, second.key, second.attempts) == (NOT_ATTEMPTED, "b", 0)
    assert isinstance(second.error, LookupError)
    assert (third.status, third.error) == (NOT_ATTEMPTED, None)
    assert carrier.sent == [0]


def cancelling_plain() -> Iterator[EnrollmentRequest]:
    """A source that fails with what looks like a cancellation."""
    yield person(0)
    raise asyncio.CancelledError


async def cancelling_later() -> AsyncIterator[EnrollmentRequest]:
    """It awaits a task of its own which somebody has cancelled."""
    yield person(0)
    work = asyncio.create_task(asyncio.Event().wait())
    work.cancel()
    await work


@pytest.mark.parametrize("source", [cancelling_plain, cancelling_later])
@pytest.mark.parametrize("concurrency", [1, 4])
async def test_a_source_that_raises_cancelled_error_has_not_come_to_its_end(
    source: Callable[[], Iterator[EnrollmentRequest]], concurrency: int
) -> None:
    """The loop would end as if everybody had been enrolled."""
    async with BatchEnroller(client_of(Carrier()), concurrency=concurrency) as enroller:
        outcomes = enroller.enroll(source())
        assert indexes(await take(outcomes, 1)) == [0]
        with pytest.raises(OutcomeUnknownError, match="cancelled"):
            await take(outcomes, 1)
    assert enroller.report.stop_reason is not None
    assert tasks_left() == []


@pytest.mark.parametrize("concurrency", [1, 4])
async def test_a_transport_that_raises_cancelled_error_does_not_end_in_silence(
    concurrency: int,
) -> None:
    """Its persons are `unknown`, and the consumer learns of those never pulled."""
    carrier = Carrier(lambda _: asyncio.CancelledError())
    people = Persons(20)
    settled: list[BatchOutcome] = []
    async with BatchEnroller(client_of(carrier), concurrency=concurrency) as enroller:
        with pytest.raises(OutcomeUnknownError, match="cancelled"):
            await take_all(enroller.enroll(people.plain()), settled)
    assert indexes(settled) == list(range(people.pulled))
    assert statuses(settled)[UNKNOWN] == len(carrier.sent) <= concurrency
    assert tasks_left() == []


async def test_somebody_who_cancels_all_tasks_does_not_end_a_run_in_silence() -> None:
    """Workers cancelled from outside leave persons unpulled: the consumer is told."""
    people = Persons()
    async with BatchEnroller(client_of(Carrier()), concurrency=3) as enroller:
        outcomes = enroller.enroll(people.plain())
        settled = await take(outcomes, 4)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        with pytest.raises(OutcomeUnknownError, match="cancelled"):
            await take_all(outcomes, settled)
    assert people.closed
    assert tasks_left() == []
