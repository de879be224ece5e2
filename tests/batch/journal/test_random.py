"""Random runs of one job, one after another, with whatever may happen to each."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from unittest import mock

import attrs
from batch_runs import HANG, Answer, Carrier, client_of, enrolled, refused, turns
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from journal_runs import item, states

from verifik_async import (
    BatchEnroller,
    BatchItem,
    BatchOutcome,
    ConnectError,
    OutcomeStatus,
    ReadTimeoutError,
)
from verifik_async.batch.journal.resumption import OnUnknown
from verifik_async.batch.journal.store import Store

PERSONS = 12


class Leaving(enum.Enum):
    """How the consumer ends."""

    AT_THE_END = enum.auto()
    BREAK = enum.auto()
    RAISE = enum.auto()
    CANCELLED = enum.auto()


class Answers(enum.Enum):
    """What the server says to a person's request."""

    ENROLLED = enum.auto()
    DUPLICATE = enum.auto()
    LIVENESS = enum.auto()
    LOST = enum.auto()
    NOT_SENT = enum.auto()
    DENIED = enum.auto()


@attrs.frozen(kw_only=True)
class Plan:
    """One run, and everything that happens to it."""

    people: Sequence[int]
    answers: Sequence[Answers]
    width: int
    on_unknown: OnUnknown
    retry: Sequence[str]
    leaving: Leaving
    leave_after: int
    stop_after: int | None
    breaks_after: int | None


KINDS = [Answers.ENROLLED] * 6 + list(Answers)
PLANS = st.builds(
    Plan,
    people=st.lists(st.integers(0, PERSONS - 1), max_size=20),
    answers=st.lists(st.sampled_from(KINDS), min_size=PERSONS, max_size=PERSONS),
    width=st.integers(1, 5),
    on_unknown=st.sampled_from(["hold", "resend"]),
    retry=st.sampled_from([(), ("duplicate",), ("liveness_failed",)]),
    leaving=st.sampled_from([Leaving.AT_THE_END, *Leaving]),
    leave_after=st.integers(1, 12),
    stop_after=st.none() | st.integers(1, 12),
    breaks_after=st.none() | st.none() | st.integers(1, 12),
)


def answer_of(kind: Answers, number: int) -> Answer:
    """The answer, or the error instead of it."""
    answers: dict[Answers, Answer] = {
        Answers.DUPLICATE: refused(409, "409:duplicated_person"),
        Answers.LIVENESS: refused(409, "409:liveness_failed"),
        Answers.LOST: ReadTimeoutError("late"),
        Answers.NOT_SENT: ConnectError("refused"),
        Answers.DENIED: refused(401, "Authentication required", "UNAUTHORIZED"),
    }
    return answers.get(kind) or enrolled(number)


class Run:
    """A plan being carried out, and what came of it."""

    def __init__(self, plan: Plan, path: Path) -> None:
        self.plan = plan
        self.path = path
        self.carrier = Carrier(self._answer, wait=turns)
        self.enroller = BatchEnroller(
            client_of(self.carrier),
            concurrency=plan.width,
            journal=path,
            retry=plan.retry,
            on_unknown=plan.on_unknown,
        )
        known = states(path) if path.exists() else {}
        self.before = {
            row: "unknown" if state == "intent" else state
            for row, state in known.items()
        }
        self.pulled: list[int] = []
        self.taken: list[BatchOutcome] = []
        self._groups = 0

    def _answer(self, number: int) -> Answer:
        return answer_of(self.plan.answers[number], number)

    def _people(self) -> Iterator[BatchItem]:
        for number in self.plan.people:
            self.pulled.append(number)
            yield item(number)

    async def carry_out(self) -> None:
        """Consume, and end as it is planned."""
        using = asyncio.create_task(self._consume())
        if self.plan.leaving is Leaving.CANCELLED:
            await asyncio.sleep(self.plan.leave_after * 0.0005)
            using.cancel()
        await asyncio.wait([using], timeout=HANG)
        assert using.done()
        if not using.cancelled() and using.exception() is not None:
            assert isinstance(using.exception(), LookupError)

    async def _consume(self) -> None:
        async with self.enroller as enroller:
            async for outcome in enroller.enroll(self._people()):
                self.taken.append(outcome)
                if len(self.taken) == self.plan.stop_after:
                    enroller.stop("planned")
                if len(self.taken) == self.plan.leave_after:
                    if self.plan.leaving is Leaving.RAISE:
                        raise LookupError("the consumer's own")
                    if self.plan.leaving is Leaving.BREAK:
                        break

    def full_disk(self) -> contextlib.AbstractContextManager[object]:
        """The disk is full from some group of writes on, if the plan says so."""
        most = self.plan.breaks_after

        def write_rows(store: Store) -> None:
            self._groups += 1
            if most is not None and self._groups > most:
                raise sqlite3.OperationalError("database or disk is full")
            WRITE_ROWS(store)

        return mock.patch.object(Store, "_write_rows", write_rows)

    def check(self) -> None:
        """Everybody pulled has one outcome, and the file says the same of them."""
        outcomes = [*self.taken, *self.enroller.undelivered]
        assert sorted(one.index for one in outcomes) == list(range(len(self.pulled)))
        assert len(set(self.carrier.sent)) == len(self.carrier.sent)
        after = states(self.path) if self.path.exists() else {}
        full = self.plan.breaks_after is not None
        assert full or "intent" not in after.values()
        first = dict.fromkeys(self.pulled)
        for outcome in sorted(outcomes, key=lambda one: one.index):
            number = self.pulled[outcome.index]
            if number in first:
                del first[number]
                self._check_one(number, outcome, after.get(number))
            else:
                assert outcome.status in (
                    OutcomeStatus.INVALID,
                    OutcomeStatus.NOT_ATTEMPTED,
                )

    def _check_one(self, number: int, outcome: BatchOutcome, now: object) -> None:
        before = self.before.get(number)
        sent = number in self.carrier.sent
        full = self.plan.breaks_after is not None
        if outcome.status is OutcomeStatus.SKIPPED:
            assert outcome.settled is not None
            assert outcome.settled.status.value == before == now
            assert not sent
        elif outcome.status is OutcomeStatus.NOT_ATTEMPTED:
            assert now == before or (full and now == "intent")
        elif full and now != outcome.status.value:
            claimed = sent or outcome.status is OutcomeStatus.UNKNOWN
            assert now == ("intent" if claimed else before)
        else:
            assert now == outcome.status.value
        self._check_sent(number, before, sent=sent)

    def _check_sent(self, number: int, before: object, *, sent: bool) -> None:
        """Nobody is sent who was settled or unknown, unless that was asked for."""
        allowed = before in (None, "failed", "invalid", *self.plan.retry)
        allowed |= before == "unknown" and self.plan.on_unknown == "resend"
        assert allowed or not sent, number


WRITE_ROWS: Callable[[Store], None] = vars(Store)["_write_rows"]


@examples(120)
@given(st.lists(PLANS, min_size=1, max_size=4))
def test_a_job_of_many_runs_sends_nobody_who_is_settled(plans: list[Plan]) -> None:
    """Whatever happens, outcome and file agree, and the next run goes on from there."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "job.sqlite3"
        for plan in plans:
            run = Run(plan, path)
            with run.full_disk():
                asyncio.run(run.carry_out())
            run.check()
