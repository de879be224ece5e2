"""Lookout, breaker and guard side by side, called as `stops` says: a run in small."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator

import attrs
from batch_runs import HANG, tasks_left, turns
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from strategies import jpeg, request_of

from verifik_async import (
    BatchOutcome,
    ConnectError,
    EnrollmentRequest,
    FaceImage,
    NotFoundError,
    OutcomeStatus,
    ReadTimeoutError,
    ServerError,
    VerifikError,
)
from verifik_async.batch.breaker import Breaker
from verifik_async.batch.outcomes import status_of
from verifik_async.batch.same_face import SameFaceGuard
from verifik_async.batch.stops import Lookout, StopRules
from verifik_async.testing import VirtualClock

NOT_ATTEMPTED = OutcomeStatus.NOT_ATTEMPTED
FACES = [FaceImage.from_bytes(jpeg(number)) for number in range(40)]

Server = Callable[[float], VerifikError | None]


class SmallRun:
    """Workers that do with the three what the enroller has to do."""

    def __init__(
        self,
        people: Iterator[EnrollmentRequest],
        server: Server,
        *,
        rules: StopRules,
        concurrency: int,
    ) -> None:
        self.clock = VirtualClock()
        self.lookout, self.faces = Lookout(rules), SameFaceGuard()
        self.breaker = Breaker(rules, clock=self.clock)
        self._people = people
        self._server = server
        self._concurrency = concurrency
        self._crew: list[asyncio.Task[None]] = []
        self.counts = Counter[OutcomeStatus]()
        self.in_flight = 0
        self.most = 0
        self.sent = 0
        self.reason: str | None = None

    async def carry_out(self) -> None:
        """To the end."""
        self._hire(self.lookout.width or self._concurrency)
        async with asyncio.timeout(HANG):
            for worker in self._crew:  # it grows meanwhile
                await worker
        assert tasks_left() == []
        assert self.faces.waiting == 0
        assert self.in_flight == 0

    def _hire(self, count: int) -> None:
        while len(self._crew) < min(count, self._concurrency):
            self._crew.append(asyncio.create_task(self._work()))

    def _stop(self, reason: str) -> None:
        self.reason = self.reason or reason
        self.breaker.release()

    async def _work(self) -> None:
        for request in self._people:
            outcome = await self._outcome(request)
            self.counts[outcome.status] += 1
            if stop := self.lookout.see(outcome):
                self._stop(stop.reason)
            if self.lookout.width is None:
                self._hire(self._concurrency)

    async def _outcome(self, request: EnrollmentRequest) -> BatchOutcome:
        async with self.faces.alone(request), self.breaker.passage() as passage:
            if not passage.open or self.reason:
                return BatchOutcome(index=0, status=NOT_ATTEMPTED)
            outcome = await self._sent(request)
            if stop := passage.ended(outcome):
                self._stop(stop.reason)
            return outcome

    async def _sent(self, request: EnrollmentRequest) -> BatchOutcome:
        self.sent += 1
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)
        await self.clock.sleep(0.1 + request.images[0].size % 7 / 10)
        self.in_flight -= 1
        error = self._server(self.clock.monotonic())
        if error is None:
            return BatchOutcome(index=0, status=OutcomeStatus.ENROLLED)
        return BatchOutcome(index=0, status=status_of(error), error=error)


def crowd(count: int, *, faces: int = 40) -> Iterator[EnrollmentRequest]:
    """So many persons, who share so many faces."""
    return (request_of(images=[FACES[number % faces]]) for number in range(count))


async def run_of(
    count: int, server: Server, *, rules: StopRules | None = None, faces: int = 40
) -> SmallRun:
    """A run, carried out."""
    run = SmallRun(
        crowd(count, faces=faces), server, rules=rules or StopRules(), concurrency=32
    )
    await run.carry_out()
    assert run.counts.total() == count
    return run


async def test_a_good_run_starts_narrow_and_is_then_at_full_width() -> None:
    """Three answers at a width of four, and then all workers."""
    run = await run_of(500, lambda _: None)
    assert run.counts == {OutcomeStatus.ENROLLED: 500}
    assert run.most == 32
    assert run.reason is None


async def test_a_wrong_collection_costs_twenty_refusals() -> None:
    """And not as many as there are workers."""
    run = await run_of(
        500, lambda _: NotFoundError(status=404, reason="invalid_collection")
    )
    assert run.most == 4
    assert 18 <= run.sent <= 21
    assert run.counts[NOT_ATTEMPTED] == 500 - run.sent
    assert run.reason is not None
    assert "collection id is wrong" in run.reason


async def test_an_outage_is_waited_for_and_costs_few() -> None:
    """Those in flight and a few probes; neither rate nor canary stops the run."""
    run = await run_of(
        3000, lambda now: ConnectError("down") if 5 <= now < 305 else None
    )
    assert run.reason is None
    failed = run.counts.pop(OutcomeStatus.FAILED)
    assert run.counts == {OutcomeStatus.ENROLLED: 3000 - failed}
    assert failed < 10 + 8 * 32
    assert run.clock.monotonic() > 305


async def test_an_outage_from_the_start_costs_fewer_still() -> None:
    """The run is narrow as long as nobody was answered."""
    run = await run_of(500, lambda now: ServerError(status=503) if now < 200 else None)
    assert run.reason is None
    assert run.counts[OutcomeStatus.UNKNOWN] < 40


async def test_an_outage_without_end_is_given_up() -> None:
    """The rest is not attempted, and the run says why and what to do."""
    run = await run_of(500, lambda _: ReadTimeoutError("down"))
    assert run.counts[NOT_ATTEMPTED] == 500 - run.sent
    assert run.sent < 50
    assert run.reason is not None
    assert "Timeout.read" in run.reason
    assert run.clock.monotonic() >= 900


async def test_one_face_for_all_is_slow_but_ends() -> None:
    """Everybody waits for everybody before, also through an outage."""
    run = await run_of(
        200, lambda now: ConnectError("down") if 5 <= now < 105 else None, faces=1
    )
    assert run.most == 1
    assert run.counts[OutcomeStatus.ENROLLED] == 200 - run.counts[OutcomeStatus.FAILED]


@attrs.frozen(kw_only=True)
class Plan:
    """Who comes, and when the server is down."""

    pictures: list[tuple[int, ...]]
    outages: list[tuple[int, int]]
    concurrency: int
    max_outage: float | None


PLANS = st.builds(
    Plan,
    pictures=st.lists(
        st.lists(st.integers(0, 4), min_size=1, max_size=3).map(tuple), max_size=60
    ),
    outages=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 100)), max_size=3),
    concurrency=st.integers(1, 12),
    max_outage=st.sampled_from([None, 30.0]),
)


@examples(200)
@given(PLANS)
def test_the_three_never_wait_for_each_other_in_a_circle(plan: Plan) -> None:
    """Persons with faces in common, probes and the end of a run go together."""

    def server(now: float) -> VerifikError | None:
        down = any(start <= now < start + length for start, length in plan.outages)
        return ConnectError("planned") if down else None

    async def carried_out() -> SmallRun:
        rules = StopRules(outage_after=2, outage_span=0, max_outage=plan.max_outage)
        people = (
            request_of(images=[FACES[picture] for picture in pictures])
            for pictures in plan.pictures
        )
        run = SmallRun(people, server, rules=rules, concurrency=plan.concurrency)
        await run.carry_out()
        await turns(2)
        return run

    run = asyncio.run(carried_out())
    assert run.counts.total() == len(plan.pictures)
    assert run.reason is not None or run.counts[NOT_ATTEMPTED] == 0
