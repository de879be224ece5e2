"""Random servers, limits, stops and ways to leave, with all guards on duty."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import functools
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Literal

import attrs
import pytest
from batch_runs import (
    HANG,
    Answer,
    Carrier,
    Source,
    enrolled,
    indexes,
    person,
    refused,
    tasks_left,
    turns,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from journal_runs import run, states, without_thread

from verifik_async import (
    BatchEnroller,
    BatchItem,
    BatchOutcome,
    ConnectError,
    HttpResponse,
    Journal,
    Limits,
    OutcomeStatus,
    ReadTimeoutError,
    StopRules,
    VerifikClient,
)
from verifik_async.testing import VirtualClock

SETTLED = {"enrolled", "duplicate", "liveness_failed"}


class Said(enum.Enum):
    """What one request is answered."""

    YES = enum.auto()
    DUPLICATE = enum.auto()
    LIVENESS = enum.auto()
    NOT_NOW = enum.auto()
    NOT_FOR_LONG = enum.auto()
    LOST = enum.auto()
    NOT_SENT = enum.auto()
    DENIED = enum.auto()


def not_now(seconds: int) -> HttpResponse:
    """A 429."""
    headers = {"retry-after": f"{seconds}"}
    return HttpResponse.of_json(429, {"message": "later"}, headers=headers)


ANSWERS: dict[Said, Answer] = {
    Said.DUPLICATE: refused(409, "409:duplicated_person"),
    Said.LIVENESS: refused(409, "409:liveness_failed"),
    Said.NOT_NOW: not_now(2),
    Said.NOT_FOR_LONG: not_now(200),
    Said.LOST: ReadTimeoutError("late"),
    Said.NOT_SENT: ConnectError("no"),
    Said.DENIED: refused(401, "Authentication required", "UNAUTHORIZED"),
}


class Leaving(enum.Enum):
    """How the consumer ends."""

    AT_THE_END = enum.auto()
    BREAK = enum.auto()
    RAISE = enum.auto()
    CANCELLED = enum.auto()


@attrs.frozen(kw_only=True)
class Plan:
    """A run, and everything that happens to it.

    Attributes:
        faces: The picture of each person.
        said: What each request for a person is answered, and then always yes.
        takes: Seconds of an answer to each person.
        concurrency: The batch's.
        rate: The batch's.
        rules: The batch's.
        asynchronous: The kind of source.
        stop_at: When the run is stopped.
        leaving: How it is left.
        leave_at: And when.
    """

    faces: Sequence[int]
    said: Sequence[Sequence[Said]]
    takes: Sequence[float]
    concurrency: int | Literal["auto"]
    rate: float | None
    rules: StopRules
    asynchronous: bool
    stop_at: float | None
    leaving: Leaving
    leave_at: float


MOST = 14
SAID = st.lists(st.sampled_from([Said.YES, Said.YES, Said.YES, *Said]), max_size=3)
RULES = st.sampled_from(
    [
        StopRules(canary=None, outage_after=None),
        StopRules(canary=3, canary_width=2, outage_after=2, outage_span=0),
        StopRules(canary=None, outage_after=1, outage_span=0, max_outage=None),
    ]
)
MOMENTS = st.sampled_from([0.0, 0.001, 0.1, 0.5, 1.0, 2.0, 5.0, 30.0])
PLANS = st.builds(
    Plan,
    faces=st.lists(st.integers(0, 6), max_size=MOST),
    said=st.lists(SAID, min_size=MOST, max_size=MOST),
    takes=st.lists(st.sampled_from([0.0, 0.1, 0.1, 0.5]), min_size=MOST, max_size=MOST),
    concurrency=st.sampled_from([1, 2, 5, "auto"]),
    rate=st.sampled_from([None, None, 5.0]),
    rules=RULES,
    asynchronous=st.booleans(),
    stop_at=st.none() | MOMENTS,
    leaving=st.sampled_from([Leaving.AT_THE_END, *Leaving]),
    leave_at=MOMENTS,
)


class Run:
    """A plan being carried out, and what came of it.

    Persons are numbered by their place; pictures tell the number of the face, and
    names that of the person.
    """

    def __init__(self, plan: Plan, journal: Journal | None) -> None:
        self.plan = plan
        self.clock = VirtualClock()
        self.carrier = Carrier(self._answer, wait=self._wait)
        self.client = VerifikClient("token", self.carrier, clock=self.clock)
        self.enroller = BatchEnroller(
            self.client,
            concurrency=plan.concurrency,
            rate=plan.rate,
            stop_rules=plan.rules,
            journal=journal,
        )
        self.there = Counter[int]()
        self.said = [list(said) for said in plan.said]
        self.pulled = 0
        self.taken: list[BatchOutcome] = []
        self.sent_after_stop = 0
        self.allowed_after_stop: int | None = None

    async def _wait(self, face: int) -> None:
        assert not self.there[face], "the same picture twice at once"
        if self.allowed_after_stop is not None:
            self.sent_after_stop += 1
        self.there[face] += 1
        try:
            await self.clock.sleep(self.plan.takes[face])
        finally:
            self.there[face] -= 1

    def _answer(self, face: int) -> Answer:
        said = self.said[face].pop(0) if self.said[face] else Said.YES
        return ANSWERS.get(said) or enrolled(face)

    def people(self) -> Iterator[BatchItem]:
        """Persons with keys."""
        for number, face in enumerate(self.plan.faces):
            self.pulled += 1
            yield BatchItem(key=f"{number}", request=functools.partial(person, face))

    async def _later(self) -> AsyncIterator[BatchItem]:
        for item in self.people():
            yield item
            await self.clock.sleep(0.01)

    async def _stop(self) -> None:
        if self.plan.stop_at is None:
            return
        await self.clock.sleep(self.plan.stop_at)
        self.enroller.stop("planned")
        self.allowed_after_stop = 0

    async def carry_out(self) -> None:
        """Consume, stop, and end as it is planned."""
        using = asyncio.create_task(self._consume())
        stopping = asyncio.create_task(self._stop())
        if self.plan.leaving is Leaving.CANCELLED:
            await self.clock.sleep(self.plan.leave_at)
            using.cancel()
        await asyncio.wait([using], timeout=HANG)
        stopping.cancel()
        await asyncio.wait([stopping])
        assert using.done()
        if not using.cancelled() and using.exception() is not None:
            assert isinstance(using.exception(), LookupError)
        await self.client.aclose()
        await turns(20)
        assert tasks_left() == []

    async def _consume(self) -> None:
        source: Source = self._later() if self.plan.asynchronous else self.people()
        async with self.enroller as enroller:
            async for outcome in enroller.enroll(source):
                self.taken.append(outcome)
                if self.clock.monotonic() < self.plan.leave_at:
                    continue
                if self.plan.leaving is Leaving.RAISE:
                    raise LookupError("the consumer's own")
                if self.plan.leaving is Leaving.BREAK:
                    break

    def outcomes(self) -> list[BatchOutcome]:
        """Of everybody pulled, each once."""
        return [*self.taken, *self.enroller.undelivered]

    def check(self) -> None:
        """Every promise that does not depend on the plan."""
        outcomes = self.outcomes()
        assert indexes(outcomes) == list(range(self.pulled))
        most = 64 if self.plan.concurrency == "auto" else self.plan.concurrency
        assert self.carrier.most <= most
        assert self.carrier.in_flight == 0
        assert self.sent_after_stop == 0
        report = self.enroller.report
        assert report.total == self.pulled
        assert report.in_flight == 0
        cut_short = self.plan.leaving in {Leaving.RAISE, Leaving.CANCELLED}
        assert cut_short or report.attempts == len(self.carrier.sent)
        assert self.client.limiter.limits == Limits()
        snapshot = self.client.limiter.snapshot()
        assert (snapshot.in_flight, snapshot.waiting) == (0, 0)
        let_be = self.plan.leaving is Leaving.AT_THE_END
        if let_be and report.stop_reason is None:
            assert self.pulled == len(self.plan.faces)
            assert not report.counts[OutcomeStatus.NOT_ATTEMPTED]


@settings(max_examples=150, deadline=None)
@given(PLANS)
def test_all_guards_together_lose_nobody_and_send_nobody_too_many(plan: Plan) -> None:
    """One outcome each, k in flight at most, never the same picture twice at once."""
    carried_out = Run(plan, None)
    asyncio.run(carried_out.carry_out())
    carried_out.check()


@settings(max_examples=100, deadline=None)
@given(PLANS)
def test_after_any_run_the_next_one_settles_the_others(plan: Plan) -> None:
    """Nobody is sent again who was settled, or may have been enrolled."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        without_thread(stack.enter_context(pytest.MonkeyPatch.context()))
        path = Path(folder) / "job.sqlite3"
        journal = Journal(path, durability="process")
        carried_out = Run(plan, journal)
        asyncio.run(carried_out.carry_out())
        carried_out.check()
        before = states(path)
        assert "intent" not in before.values()
        for outcome in carried_out.outcomes():
            pending = outcome.status is OutcomeStatus.NOT_ATTEMPTED
            assert before.get(outcome.index) == (
                None if pending else outcome.status.value
            )
        check_the_next(plan, journal, before)


def check_the_next(plan: Plan, journal: Journal, before: dict[object, object]) -> None:
    """Run the job again, where everybody who is sent is enrolled."""
    people = list(Run(plan, None).people())
    carrier = Carrier()
    ran = asyncio.run(run(journal, people, carrier))
    faces = Counter[int]()
    for number, outcome in enumerate(ran["outcomes"]):
        state = before.get(number)
        if state in SETTLED:
            assert outcome.status is OutcomeStatus.SKIPPED
        elif state == "unknown":
            assert outcome.status is OutcomeStatus.UNKNOWN
        else:
            assert outcome.status is OutcomeStatus.ENROLLED
            faces[plan.faces[number]] += 1
    assert Counter(carrier.sent) == faces
