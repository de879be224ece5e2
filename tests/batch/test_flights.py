"""Whoever waits is called back when a run stops; what is on its way finishes."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import pytest
from batch_runs import (
    HANG,
    Answer,
    Carrier,
    enrolled,
    indexes,
    person,
    tasks_left,
    turns,
)
from fake_clock import StoppedClock
from journal_runs import run, states

from verifik_async import (
    AttemptFinished,
    AttemptStarted,
    BatchEnroller,
    BatchItem,
    BatchOutcome,
    ConnectError,
    Event,
    HttpResponse,
    Limits,
    OutcomeStatus,
    Paused,
    RetryPolicy,
    RetryScheduled,
    StopRules,
    TokenProvider,
    VerifikClient,
)
from verifik_async.batch.flights import Flight, Flights

PERSONS = 8
FULL_WIDTH = StopRules(canary=None)
ENROLLED, NOT_ATTEMPTED = OutcomeStatus.ENROLLED, OutcomeStatus.NOT_ATTEMPTED
FAILED = OutcomeStatus.FAILED


def told_to_wait(seconds: str) -> HttpResponse:
    """The server's "not now"."""
    return HttpResponse.of_json(
        429, {"message": "slow down"}, headers={"retry-after": seconds}
    )


class GivesNoToken:
    """A vault that does not answer."""

    async def get_token(self, *, force_refresh: bool = False) -> str:
        """Never."""
        await asyncio.Event().wait()
        return str(force_refresh)


@attrs.frozen(kw_only=True)
class Place:
    """Somewhere to wait, where time stands still.

    Attributes:
        first: What person 0 is answered; None is held by a gate, and then a person.
        others: What the others are answered.
        sent: Requests that there are before all others wait.
        found: What becomes of everybody in the end.
    """

    first: Answer | None = None
    others: Answer | None = None
    limits: Limits | None = None
    rules: StopRules = FULL_WIDTH
    retry: RetryPolicy = RetryPolicy()  # noqa: RUF009 - frozen
    token: str | TokenProvider = "token"
    same_picture: bool = False
    sent: int = 1
    found: dict[OutcomeStatus, int]


ONE_GOES = {ENROLLED: 1, NOT_ATTEMPTED: PERSONS - 1}
NOBODY_GOES = {NOT_ATTEMPTED: PERSONS}
PLACES = {
    "the rate": Place(limits=Limits(rate=0.001), found=ONE_GOES),
    "bytes a second": Place(limits=Limits(bytes_per_second=0.1), found=ONE_GOES),
    "a picture on its way": Place(same_picture=True, found=ONE_GOES),
    "a token": Place(token=GivesNoToken(), sent=0, found=NOBODY_GOES),
    "a pause": Place(
        first=told_to_wait("30"), others=told_to_wait("30"), sent=3, found=NOBODY_GOES
    ),
    "a pause beyond max_wait": Place(
        first=told_to_wait("100"), others=told_to_wait("100"), sent=3, found=NOBODY_GOES
    ),
    "the next attempt": Place(
        first=ConnectError("no"), others=ConnectError("no"), sent=3, found=NOBODY_GOES
    ),
    "the end of an outage": Place(
        first=ConnectError("no"),
        rules=StopRules(canary_width=1, outage_after=1, outage_span=0),
        retry=RetryPolicy(max_attempts=1),
        found={FAILED: 1, NOT_ATTEMPTED: PERSONS - 1},
    ),
}
EACH_PLACE = pytest.mark.parametrize("where", PLACES)


class Stuck:
    """A run in which everybody waits somewhere, or is on the way and held."""

    def __init__(
        self,
        place: Place,
        *,
        journal: Path | None = None,
    ) -> None:
        self.place = place
        self.gate = asyncio.Event()
        self._all_sent = asyncio.Event()
        if not place.sent:
            self._all_sent.set()
        self.carrier = Carrier(self._answer, wait=self._wait)
        self.client = VerifikClient(
            place.token,
            self.carrier,
            limits=place.limits,
            retry=place.retry,
            clock=StoppedClock(),
        )
        self.enroller = BatchEnroller(
            self.client, concurrency=3, stop_rules=place.rules, journal=journal
        )

    def _answer(self, number: int) -> Answer:
        given = self.place.others if number else self.place.first
        return given or enrolled(number)

    async def _wait(self, number: int) -> None:
        if len(self.carrier.sent) == self.place.sent:
            self._all_sent.set()
        held = self.place.others if number else self.place.first
        await (self.gate.wait() if held is None else asyncio.sleep(0))

    def people(self) -> Iterator[BatchItem]:
        """Persons with keys."""
        for number in range(PERSONS):
            face = 0 if self.place.same_picture else number
            yield BatchItem(key=f"{number}", request=functools.partial(person, face))

    async def everybody_waits(self) -> None:
        """Let the run come so far."""
        async with asyncio.timeout(HANG):
            await self._all_sent.wait()
        await asyncio.sleep(0.01)

    async def check(self, outcomes: list[BatchOutcome]) -> None:
        """Nobody was sent any more, and everybody has an outcome."""
        await self.client.aclose()
        assert len(self.carrier.sent) == self.place.sent
        assert indexes(outcomes) == list(range(PERSONS))
        found = Counter(outcome.status for outcome in outcomes)
        assert found == self.place.found
        assert tasks_left() == []


@EACH_PLACE
@pytest.mark.parametrize("journalled", [False, True])
async def test_whoever_waits_when_a_run_stops_is_not_sent(
    where: str, path: Path, *, journalled: bool
) -> None:
    """Wherever they wait: the run ends at once, and they are pending, not failed."""
    stuck = Stuck(PLACES[where], journal=path if journalled else None)
    async with asyncio.timeout(HANG), stuck.enroller as enroller:
        outcomes = enroller.enroll(stuck.people())
        await stuck.everybody_waits()
        enroller.stop("lunch")
        stuck.gate.set()
        taken = [outcome async for outcome in outcomes]
    await stuck.check(taken)
    if journalled:
        kept = {ENROLLED.value, FAILED.value}
        assert set(states(path).values()) <= kept
        ran = await run(path, stuck.people())
        again = Counter(outcome.status.value for outcome in ran["outcomes"])
        done = stuck.place.found.get(ENROLLED, 0)
        assert again == Counter({"enrolled": PERSONS - done, "skipped": done})


@EACH_PLACE
async def test_whoever_waits_when_the_loop_is_left_is_not_sent(where: str) -> None:
    """As when it stops; of those on their way nobody is lost."""
    stuck = Stuck(PLACES[where])
    async with asyncio.timeout(HANG), stuck.enroller as enroller:
        enroller.enroll(stuck.people())
        await stuck.everybody_waits()
        asyncio.get_running_loop().call_soon(stuck.gate.set)
    found = Counter(outcome.status for outcome in enroller.undelivered)
    assert found[ENROLLED] == stuck.place.found.get(ENROLLED, 0)
    assert set(found) == set(stuck.place.found)
    assert len(stuck.carrier.sent) == stuck.place.sent
    await stuck.client.aclose()
    assert tasks_left() == []


@pytest.mark.parametrize(
    ("where", "kind"),
    [
        ("the next attempt", RetryScheduled),
        ("a pause", Paused),
        ("a pause", RetryScheduled),
        ("a pause beyond max_wait", AttemptFinished),
        ("the rate", AttemptStarted),
        ("a picture on its way", AttemptStarted),
    ],
)
@pytest.mark.parametrize("early", [False, True])
async def test_an_observer_may_stop_the_run(
    where: str, kind: type[Event], *, early: bool
) -> None:
    """Also in the turn of somebody who is about to wait: they are called back, too."""
    stuck = Stuck(PLACES[where])

    def stop(event: Event) -> None:
        if isinstance(event, kind):
            stuck.enroller.stop("seen enough")
            stuck.gate.set()

    async with asyncio.timeout(HANG), stuck.enroller as enroller:
        with contextlib.ExitStack() as observing:
            if early:
                observing.enter_context(stuck.client.observed_by(stop))
            outcomes = enroller.enroll(stuck.people())
            if not early:
                observing.enter_context(stuck.client.observed_by(stop))
            taken = [outcome async for outcome in outcomes]
    assert indexes(taken) == list(range(PERSONS))
    assert {outcome.status for outcome in taken} <= {ENROLLED, NOT_ATTEMPTED}
    assert len(stuck.carrier.sent) <= stuck.place.sent
    assert tasks_left() == []


class Call:
    """A call in a task of its own, within a flight.

    Attributes:
        came: What the call waits for.
        flight: Once it has begun.
        ended: What the flight ended with: an error, or its result.
        after: Whether the task could go on afterwards.
    """

    def __init__(self, flights: Flights, *, swallows: bool = False) -> None:
        self._flights = flights
        self._swallows = swallows
        self.came = asyncio.get_running_loop().create_future()
        self.ended: object = None
        self.after = False
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        self.flight = Flight(self._flights)
        try:
            with self.flight:
                self.ended = await self._call()
        except asyncio.CancelledError as cancelled:
            self.ended = cancelled
            if not self.flight.recalled:
                raise
        await turns(2)
        self.after = True

    async def _call(self) -> object:
        try:
            return await self.came
        except asyncio.CancelledError:
            if not self._swallows:
                raise
            return "swallowed"

    async def end(self) -> None:
        """Wait for the task's end."""
        await asyncio.wait([self.task], timeout=HANG)


async def calling(*, swallows: bool = False) -> tuple[Flights, Call]:
    """A call under way."""
    flights = Flights()
    call = Call(flights, swallows=swallows)
    await turns(1)
    return flights, call


async def test_a_worker_that_is_called_back_goes_on() -> None:
    """Its call is cancelled, and the task is as it was."""
    flights, call = await calling()
    flights.recall()
    flights.recall()
    await call.end()
    assert isinstance(call.ended, asyncio.CancelledError)
    assert call.after
    assert call.task.cancelling() == 0
    assert flights.calls == {}


@pytest.mark.parametrize("first", ["recall", "cancel"])
@pytest.mark.parametrize("apart", [0, 1])
async def test_a_cancellation_by_others_is_not_taken_for_a_call_back(
    first: str, apart: int
) -> None:
    """In either order, in one turn of the loop or two: the task is cancelled."""
    flights, call = await calling()
    acts: list[Callable[[], object]] = [flights.recall, call.task.cancel]
    for act in acts if first == "recall" else reversed(acts):
        act()
        await turns(apart)
    await call.end()
    assert call.task.cancelled()
    assert not call.after
    assert flights.calls == {}


async def test_a_call_that_swallows_its_cancellation_goes_on() -> None:
    """Its result stands, and nothing is left over for the next await."""
    flights, call = await calling(swallows=True)
    flights.recall()
    await call.end()
    assert call.ended == "swallowed"
    assert call.after
    assert call.task.cancelling() == 0


@pytest.mark.parametrize("first", ["recall", "answer"])
async def test_an_answer_in_the_turn_of_the_call_back(first: str) -> None:
    """Either of them counts, and the worker goes on."""
    flights, call = await calling()
    acts: list[Callable[[], object]]
    acts = [flights.recall, functools.partial(_answer, call.came)]
    for act in acts if first == "recall" else reversed(acts):
        act()
    await call.end()
    assert call.after
    assert call.task.cancelling() == 0


def _answer(future: asyncio.Future[object]) -> None:
    if not future.done():
        future.set_result("answered")


async def test_a_request_on_its_way_is_not_called_back() -> None:
    """Only when it has ended, and the call goes on to wait."""
    flights, call = await calling()
    call.flight.on_the_way = True
    flights.recall()
    await turns(3)
    assert flights.calls
    call.flight.on_the_way = False
    flights.recall()
    await call.end()
    assert isinstance(call.ended, asyncio.CancelledError)
