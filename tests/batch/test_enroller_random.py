"""Random delays, failures, sources and ways to leave: the promises hold in all."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import AsyncIterator, Iterator, Sequence

import attrs
from batch_runs import (
    ERRORS,
    HANG,
    Answer,
    Carrier,
    Source,
    client_of,
    enrolled,
    error_of,
    indexes,
    person,
    tasks_left,
    turns,
)
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from verifik_async import (
    BatchEnroller,
    BatchOutcome,
    EnrollmentRequest,
    OutcomeStatus,
    OutcomeUnknownError,
    VerifikError,
)
from verifik_async.batch.outcomes import FATAL, status_of


class ForeignError(Exception):
    """A bug in somebody's code."""


class Leaving(enum.Enum):
    """How the consumer ends."""

    AT_THE_END = enum.auto()
    BREAK = enum.auto()
    RAISE = enum.auto()


@attrs.frozen(kw_only=True)
class Visit:
    """What the server does with one person."""

    delay: int
    error: type[BaseException] | None


@attrs.frozen(kw_only=True)
class Plan:
    """A run: its persons, and everything that happens to it."""

    visits: Sequence[Visit]
    concurrency: int
    asynchronous: bool
    source_breaks: bool
    consumer_delay: int
    leaving: Leaving
    leave_after: int
    stop_after: int | None
    cancellations: Sequence[int]


KINDS = st.sampled_from([*ERRORS, ForeignError, asyncio.CancelledError])
VISITS = st.builds(
    Visit, delay=st.integers(0, 6), error=st.none() | st.none() | st.none() | KINDS
)
PLANS = st.builds(
    Plan,
    visits=st.lists(VISITS, max_size=30),
    concurrency=st.integers(1, 8),
    asynchronous=st.booleans(),
    source_breaks=st.booleans(),
    consumer_delay=st.integers(0, 4),
    leaving=st.sampled_from(Leaving),
    leave_after=st.integers(1, 30),
    stop_after=st.none() | st.integers(0, 40),
    cancellations=st.lists(st.integers(0, 40), max_size=2),
)


class Run:
    """A plan being carried out, and what came of it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.carrier = Carrier(self._answer, wait=self._wait)
        self.enroller = BatchEnroller(
            client_of(self.carrier), concurrency=plan.concurrency
        )
        self.pulled = 0
        self.opened = False
        self.closed = False
        self.taken: list[BatchOutcome] = []
        self.raised: BaseException | None = None

    async def carry_out(self) -> None:
        """Consume, and be cancelled from beside at the moments planned."""
        using = asyncio.create_task(self._consume(), name="consumer")
        for moment in self.plan.cancellations:
            await turns(moment)
            using.cancel()
        await asyncio.wait([using], timeout=HANG)
        assert using.done()
        self.raised = None if using.cancelled() else using.exception()
        assert using.cancelled() <= bool(self.plan.cancellations)

    async def _consume(self) -> None:
        async with self.enroller as enroller:
            async for outcome in enroller.enroll(self._source()):
                self.taken.append(outcome)
                if len(self.taken) == self.plan.stop_after:
                    enroller.stop("planned")
                await turns(self.plan.consumer_delay)
                if len(self.taken) == self.plan.leave_after:
                    if self.plan.leaving is Leaving.RAISE:
                        raise LookupError("the consumer's own")
                    if self.plan.leaving is Leaving.BREAK:
                        break

    def _source(self) -> Source:
        return self._later() if self.plan.asynchronous else self._people()

    def _people(self) -> Iterator[EnrollmentRequest]:
        self.opened = True
        try:
            for number in range(len(self.plan.visits)):
                self.pulled += 1
                assert self.pulled - len(self.taken) <= 2 * self.plan.concurrency
                yield person(number)
            if self.plan.source_breaks:
                raise ForeignError("in the source")
        finally:
            self.closed = True

    async def _later(self) -> AsyncIterator[EnrollmentRequest]:
        people = self._people()
        try:
            for request in people:
                yield request
                await turns(self.pulled % 3)
        finally:
            try:
                await turns(1)  # which a further cancellation may cut short
            finally:
                people.close()  # type: ignore[attr-defined]

    async def _wait(self, number: int) -> None:
        await turns(self.plan.visits[number].delay)

    def _answer(self, number: int) -> Answer:
        kind = self.plan.visits[number].error
        if kind is None:
            return enrolled(number)
        return error_of(kind) if issubclass(kind, VerifikError) else kind("planned")

    def check(self) -> None:
        """Every promise that does not depend on the plan."""
        outcomes = [*self.taken, *self.enroller.undelivered]
        assert indexes(outcomes) == list(range(self.pulled))
        assert len(set(self.carrier.sent)) == len(self.carrier.sent)
        assert self.carrier.most <= self.plan.concurrency
        assert self.carrier.in_flight == 0
        assert self.closed == self.opened
        report = self.enroller.report
        assert report.total == sum(report.counts.values()) == self.pulled
        assert report.in_flight == 0
        for outcome in outcomes:
            assert outcome.status in self._possible(outcome)

    def _possible(self, outcome: BatchOutcome) -> set[OutcomeStatus]:
        """What may have become of this person."""
        if outcome.index not in self.carrier.sent:
            # Pending; or cancelled after it was handed on, and before it was sent.
            return {OutcomeStatus.NOT_ATTEMPTED, OutcomeStatus.UNKNOWN}
        kind = self.plan.visits[outcome.index].error
        if kind is None:
            verdict = OutcomeStatus.ENROLLED
        elif issubclass(kind, VerifikError):
            verdict = status_of(error_of(kind))
        else:
            verdict = OutcomeStatus.UNKNOWN
        return {verdict, OutcomeStatus.UNKNOWN} if self._cut_short() else {verdict}

    def _cut_short(self) -> bool:
        return bool(self.plan.cancellations) or isinstance(self.raised, LookupError)

    def check_the_end(self) -> None:
        """Unless it was left early or stopped, nobody was passed over in silence."""
        left = self.plan.leaving is not Leaving.AT_THE_END
        if left or self._cut_short() or self.enroller.report.stop_reason is not None:
            return
        assert self.pulled == len(self.plan.visits)
        assert len(self.taken) == self.pulled == len(set(self.carrier.sent))

    def check_the_error(self) -> None:
        """The consumer gets its own error, a bug's, or none: never one person's."""
        if isinstance(self.raised, OutcomeUnknownError):
            assert "cancelled from outside" in str(self.raised)
        elif self.raised is not None:
            assert isinstance(self.raised, LookupError | ForeignError)


async def _carried_out(plan: Plan) -> Run:
    complaints: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    run = Run(plan)
    await run.carry_out()
    assert tasks_left() == []
    await turns(3)
    assert complaints == []
    return run


@examples(400)
@given(PLANS)
def test_each_person_pulled_has_one_outcome_whatever_happens(plan: Plan) -> None:
    """None lost, none twice, no slot too many, no task or open source left behind."""
    run = asyncio.run(_carried_out(plan))
    run.check()
    run.check_the_end()
    run.check_the_error()


@examples(250)
@given(PLANS)
def test_a_run_that_is_let_be_tells_all(plan: Plan) -> None:
    """Without anybody leaving or cancelling, each outcome comes in the loop."""
    let_be = attrs.evolve(plan, leaving=Leaving.AT_THE_END, cancellations=())
    run = asyncio.run(_carried_out(let_be))
    run.check()
    assert run.enroller.undelivered == ()
    fatal = any(
        visit.error is not None and issubclass(visit.error, FATAL)
        for visit in plan.visits
    )
    if run.raised is None and not fatal and plan.stop_after is None:
        assert run.pulled == len(plan.visits)
