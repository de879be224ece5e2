"""Random outages, crews and cancellations: nobody hangs, and probes come one by one."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator

import attrs
from batch_runs import HANG, tasks_left, turns
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from verifik_async import BatchOutcome, ConnectError, OutcomeStatus
from verifik_async.batch.breaker import Breaker
from verifik_async.batch.stops import StopRules
from verifik_async.testing import VirtualClock

ENROLLED = BatchOutcome(index=0, status=OutcomeStatus.ENROLLED)
LOST = BatchOutcome(index=0, status=OutcomeStatus.FAILED, error=ConnectError("planned"))
INVALID = BatchOutcome(index=0, status=OutcomeStatus.INVALID)


@attrs.frozen(kw_only=True)
class Plan:
    """A run, and what happens to the service and the workers meanwhile.

    Attributes:
        takes: How long each person takes; None for one that is refused here.
        outages: When the service goes down, and for how long.
        workers: How many there are.
        cancelled: Worker by number, and when it is cancelled.
        released: When the run is stopped.
    """

    takes: list[float | None]
    outages: list[tuple[float, float]]
    workers: int
    cancelled: list[tuple[int, float]]
    released: float | None
    max_outage: float | None


TIMES = st.floats(0, 200).map(lambda seconds: round(seconds, 1))
PLANS = st.builds(
    Plan,
    takes=st.lists(
        st.none() | st.sampled_from([0, 0.3, 1, 4, 30.0]), min_size=1, max_size=60
    ),
    outages=st.lists(st.tuples(TIMES, TIMES), max_size=3),
    workers=st.integers(1, 8),
    cancelled=st.lists(st.tuples(st.integers(0, 7), TIMES), max_size=4),
    released=st.none() | st.none() | TIMES,
    max_outage=st.sampled_from([None, 20.0, 900.0]),
)


class Run:
    """A plan being carried out."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.clock = VirtualClock()
        rules = StopRules(outage_after=3, outage_span=1, max_outage=plan.max_outage)
        self.breaker = Breaker(rules, clock=self.clock)
        self.people: Iterator[float | None] = iter(plan.takes)
        self.sent = 0
        self.turned_away = 0
        self.given_up = 0
        self.probes_in_flight = 0

    async def carry_out(self) -> None:
        """All workers, until they are done or cancelled."""
        crew = [asyncio.create_task(self._work()) for _ in range(self.plan.workers)]
        others = [
            asyncio.create_task(self._cancel(crew[number % len(crew)], when))
            for number, when in self.plan.cancelled
        ]
        if self.plan.released is not None:
            others.append(asyncio.create_task(self._release(self.plan.released)))
        done, _ = await asyncio.wait(crew, timeout=HANG)
        assert len(done) == len(crew)
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for task in done:
            assert task.cancelled() or task.exception() is None

    async def _cancel(self, worker: asyncio.Task[None], when: float) -> None:
        await self.clock.sleep(when)
        worker.cancel()

    async def _release(self, when: float) -> None:
        await self.clock.sleep(when)
        self.breaker.release()

    async def _work(self) -> None:
        for takes in self.people:
            async with self.breaker.passage() as passage:
                if not passage.open:
                    self.turned_away += 1
                    continue
                self.sent += 1
                stop = passage.ended(await self._outcome(takes))
                self.given_up += stop is not None

    async def _outcome(self, takes: float | None) -> BatchOutcome:
        is_probe = self.breaker.outage is not None
        self.probes_in_flight += is_probe
        assert self.probes_in_flight <= 1 or not is_probe
        try:
            await self.clock.sleep(takes or 0)
        finally:
            self.probes_in_flight -= is_probe
        if takes is None:
            return INVALID
        now = self.clock.monotonic()
        down = any(start <= now < start + length for start, length in self.plan.outages)
        return LOST if down else ENROLLED

    def check(self) -> None:
        """Everybody who was taken up was sent or let go, and it was said once why."""
        everybody = len(self.plan.takes)
        left = len(list(self.people))
        cancelled = min(len(self.plan.cancelled), self.plan.workers)
        assert left == 0 or cancelled == self.plan.workers
        assert 0 <= everybody - left - self.sent - self.turned_away <= cancelled
        stopped = self.given_up > 0 or self.plan.released is not None
        assert stopped or self.turned_away == 0
        assert self.given_up <= 1
        waiting = self.breaker._waiting  # pyright: ignore[reportPrivateUsage]
        assert waiting == set()


async def _carried_out(plan: Plan) -> Run:
    complaints: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    run = Run(plan)
    await run.carry_out()
    await turns(3)  # a sleep that was just given up takes a turn to end
    assert tasks_left() == []
    await turns(3)
    assert complaints == []
    return run


@examples(300)
@given(PLANS)
def test_whatever_happens_nobody_waits_for_ever(plan: Plan) -> None:
    """Each is sent or let go, probes come one at a time, and no task is left."""
    asyncio.run(_carried_out(plan)).check()


@given(st.lists(st.integers(0, 25), min_size=1, max_size=4), st.integers(2, 5))
def test_cancelled_at_any_moment_they_leave_the_turn_to_others(
    moments: list[int], workers: int
) -> None:
    """The last one left is the probe when it is due."""

    async def carried_out() -> None:
        clock = VirtualClock()
        breaker = Breaker(StopRules(outage_after=1, outage_span=0), clock=clock)
        sent: list[float] = []

        async def send(outcome: BatchOutcome) -> None:
            async with breaker.passage() as passage:
                sent.append(clock.monotonic())
                passage.ended(outcome)

        await send(LOST)
        crew = [asyncio.create_task(send(ENROLLED)) for _ in range(workers)]
        for moment, worker in zip(moments, itertools.cycle(crew[:-1])):
            await turns(moment)
            worker.cancel()
        async with asyncio.timeout(HANG):
            await crew[-1]
        assert sent[1] == 5
        assert len(sent) > 1
        await asyncio.gather(*crew, return_exceptions=True)
        await turns(3)  # a sleep that was just given up takes a turn to end
        assert tasks_left() == []

    asyncio.run(carried_out())
