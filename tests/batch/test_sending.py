"""One person's way to a verdict, where something is raised that is no error of ours."""

from __future__ import annotations

import asyncio
import functools
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
from batch_runs import (
    HANG,
    Answer,
    Carrier,
    Persons,
    client_of,
    enrolled,
    indexes,
    person,
    take_all,
    tasks_left,
)
from journal_runs import run, states

from verifik_async import (
    AttemptFinished,
    AttemptStarted,
    BatchEnroller,
    BatchItem,
    BatchOutcome,
    EnrollmentRequest,
    Event,
    OutcomeStatus,
    StopRules,
)

PERSONS = 12
BROKEN = 5
"""Who makes something fail."""

ENROLLED, NOT_ATTEMPTED = OutcomeStatus.ENROLLED, OutcomeStatus.NOT_ATTEMPTED
UNKNOWN = OutcomeStatus.UNKNOWN


class FailedTest(BaseException):
    """As pytest's own: nothing that `except Exception` catches."""


def fails() -> None:
    """What somebody's code does."""
    raise FailedTest("by design")


@attrs.frozen(kw_only=True)
class Fault:
    """Whose code fails.

    Attributes:
        found: What becomes of the person.
        keyed: Whether persons have keys; else a journal has to read them first.
    """

    transport: bool = False
    factory: bool = False
    source: bool = False
    observer: type[AttemptStarted | AttemptFinished] | None = None
    keyed: bool = True
    found: OutcomeStatus = NOT_ATTEMPTED


FAULTS = {
    "transport": Fault(transport=True, found=UNKNOWN),
    "factory": Fault(factory=True),
    "factory, read for its key": Fault(factory=True, keyed=False),
    "source": Fault(source=True),
    "observer of a start": Fault(observer=AttemptStarted),
    "observer of an end": Fault(observer=AttemptFinished, found=UNKNOWN),
}


class Broken:
    """A run in which something fails at one person.

    Attributes:
        client: Sends.
        carrier: Counts.
    """

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.carrier = Carrier(self._answer)
        self.client = client_of(self.carrier)
        self.made: list[int] = []

    def _answer(self, number: int) -> Answer:
        if self.fault.transport and number == BROKEN:
            fails()
        return enrolled(number)

    def observe(self, event: Event) -> None:
        """Fail when the person's request begins, or ends."""
        kind = self.fault.observer
        if kind is not None and isinstance(event, kind) and event.call == BROKEN + 1:
            fails()

    def make(self, number: int) -> EnrollmentRequest:
        """Make a request."""
        if self.fault.factory and number == BROKEN:
            fails()
        return person(number)

    def people(self) -> Iterator[BatchItem]:
        """All of them."""
        for number in range(PERSONS):
            if self.fault.source and number == BROKEN:
                fails()
            key = f"{number}" if self.fault.keyed else None
            yield BatchItem(key=key, request=functools.partial(self.make, number))


@pytest.mark.parametrize("where", FAULTS)
@pytest.mark.parametrize("journalled", [False, True])
@pytest.mark.parametrize("concurrency", [1, 3])
async def test_what_is_no_exception_ends_the_run_and_loses_nobody(
    where: str, concurrency: int, path: Path, *, journalled: bool
) -> None:
    """It is raised to the consumer, after everybody who was pulled has an outcome."""
    broken = Broken(FAULTS[where])
    outcomes: list[BatchOutcome] = []
    rules = StopRules(canary=None)
    journal = path if journalled else None
    with broken.client.observed_by(broken.observe):
        async with BatchEnroller(
            broken.client, concurrency=concurrency, stop_rules=rules, journal=journal
        ) as enroller:
            with pytest.raises(FailedTest):
                await take_all(enroller.enroll(broken.people()), outcomes)
    outcomes += enroller.undelivered
    pulled = BROKEN if broken.fault.source else PERSONS
    assert indexes(outcomes) == list(range(pulled))
    found = Counter(outcome.status for outcome in outcomes)
    assert found[UNKNOWN] == (broken.fault.found is UNKNOWN)
    assert found.total() == found[ENROLLED] + found[NOT_ATTEMPTED] + found[UNKNOWN]
    assert "FailedTest" in (enroller.report.stop_reason or "")
    snapshot = broken.client.limiter.snapshot()
    assert (snapshot.in_flight, snapshot.waiting) == (0, 0)
    assert tasks_left() == []
    if journalled:
        assert "intent" not in states(path).values()
        again = Broken(Fault(keyed=broken.fault.keyed))
        ran = await run(path, again.people(), again.carrier)
        told = Counter(outcome.status.value for outcome in ran["outcomes"])
        assert told["enrolled"] + told["skipped"] + told["unknown"] == PERSONS
        assert told["unknown"] == found[UNKNOWN]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="no eager tasks before 3.12")
@pytest.mark.parametrize("journalled", [False, True])
async def test_tasks_may_begin_eagerly(path: Path, *, journalled: bool) -> None:
    """A worker that begins before it is hired is not taken for one that waits."""
    factory: object = vars(asyncio)["eager_task_factory"]
    asyncio.get_running_loop().set_task_factory(factory)  # type: ignore[arg-type]
    gate = asyncio.Event()

    async def wait(_number: int) -> None:
        await gate.wait()

    carrier = Carrier(wait=wait)
    journal = path if journalled else None
    enroller = BatchEnroller(client_of(carrier), concurrency=3, journal=journal)
    async with asyncio.timeout(HANG), enroller:
        enroller.enroll(Persons(40).plain())
        while len(carrier.sent) < 3:  # noqa: ASYNC110 - a thread writes the journal
            await asyncio.sleep(0.001)
        asyncio.get_running_loop().call_soon(gate.set)
    found = Counter(outcome.status for outcome in enroller.undelivered)
    assert found[ENROLLED] == 3
    assert found[UNKNOWN] == 0


async def test_a_stop_by_the_factory_of_a_request_sends_not_even_that_one() -> None:
    """It is its turn, and the run stops: nobody is on the way yet."""
    carrier = Carrier()
    enroller = BatchEnroller(client_of(carrier), concurrency=3)

    def make(number: int) -> EnrollmentRequest:
        enroller.stop("enough")
        return person(number)

    people = [BatchItem(request=functools.partial(make, n)) for n in range(5)]
    async with asyncio.timeout(HANG), enroller:
        outcomes = [outcome async for outcome in enroller.enroll(people)]
    assert {outcome.status for outcome in outcomes} == {NOT_ATTEMPTED}
    assert carrier.sent == []


async def test_a_stop_after_the_run_has_ended_is_harmless() -> None:
    """Also where no event loop runs any more."""
    enroller = BatchEnroller(client_of(Carrier()), concurrency=3)
    async with asyncio.timeout(HANG), enroller:
        outcomes = [outcome async for outcome in enroller.enroll(Persons(5).plain())]
    await asyncio.to_thread(enroller.stop, "late")
    assert len(outcomes) == 5
    assert enroller.report.counts[ENROLLED] == 5
