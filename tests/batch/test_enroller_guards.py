"""Canary, breaker and same-face guard at work in a batch."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from batch_runs import (
    HANG,
    Answer,
    Carrier,
    Persons,
    client_of,
    enrolled,
    in_order,
    outcomes_of,
    person,
    refused,
    tasks_left,
)
from journal_runs import items, run, without_thread

from verifik_async import (
    BatchEnroller,
    BatchItem,
    BatchOutcome,
    ConnectError,
    NotFoundError,
    OutcomeStatus,
    ReadTimeoutError,
    StopRules,
    VerifikClient,
)
from verifik_async.sandbox import Sandbox, World
from verifik_async.sandbox.answers import Answer as Decided
from verifik_async.sandbox.rules import Call
from verifik_async.testing import VirtualClock

WIDTH = 32


@pytest.mark.parametrize("journalled", [False, True])
async def test_a_wrong_collection_costs_about_twenty_refusals(
    path: Path, *, journalled: bool
) -> None:
    """Not as many as there are workers; and the report says what is likely wrong."""
    carrier = Carrier(lambda _: refused(404, "invalid_collection"))
    journal = path if journalled else None
    enroller = BatchEnroller(client_of(carrier), concurrency=WIDTH, journal=journal)
    outcomes = await outcomes_of(enroller, items(range(200)))
    assert 18 <= len(carrier.sent) <= 20 + 3
    found = Counter(outcome.status for outcome in outcomes)
    assert found[OutcomeStatus.REJECTED] == len(carrier.sent)
    assert found[OutcomeStatus.NOT_ATTEMPTED] == 200 - len(carrier.sent)
    assert "collection id is wrong" in (enroller.report.stop_reason or "")
    assert isinstance(enroller.report.stop_error, NotFoundError)


async def test_a_good_run_is_at_its_full_width_after_the_first_answers() -> None:
    """Four at a time until three answers were good; then as many as were asked for."""
    clock = VirtualClock()
    widths: list[tuple[int, int]] = []

    async def wait(number: int) -> None:
        widths.append((number, carrier.in_flight))
        await clock.sleep(0.1)

    carrier = Carrier(wait=wait)
    client = VerifikClient("token", carrier, clock=clock)
    enroller = BatchEnroller(client, concurrency=WIDTH)
    await outcomes_of(enroller, Persons(200).plain())
    assert max(width for number, width in widths if number < 4) == 4
    assert max(width for number, width in widths if number < 6) == 4
    assert carrier.most == WIDTH
    # 4, and with their answers the others: as few turns as there can be.
    assert clock.monotonic() == pytest.approx(0.1 * (1 + -(-196 // WIDTH)))


class Outage:
    """A service that is down for a while, on a virtual clock.

    Attributes:
        enrolled: How often each person was enrolled.
        asked: When requests came while it was down.
    """

    def __init__(self, begin: float, end: float, *, lost: bool) -> None:
        self.clock = VirtualClock()
        self.carrier = Carrier(self._answer, wait=self._wait)
        self.client = VerifikClient("token", self.carrier, clock=self.clock)
        self.enrolled = Counter[int]()
        self.asked: list[float] = []
        self._begin, self._end, self._lost = begin, end, lost

    async def _wait(self, _number: int) -> None:
        await self.clock.sleep(0.5)

    def _answer(self, number: int) -> Answer:
        now = self.clock.monotonic()
        if self._begin <= now < self._end:
            self.asked.append(now)
            return ReadTimeoutError("late") if self._lost else ConnectError("down")
        self.enrolled[number] += 1
        return enrolled(number)


async def taken(enroller: BatchEnroller, people: int) -> Counter[str]:
    """How often each status came in a run of so many."""
    async with asyncio.timeout(HANG), enroller:
        outcomes = enroller.enroll(items(range(people)))
        found = Counter([outcome.status.value async for outcome in outcomes])
    assert found.total() == people
    return found


@pytest.mark.parametrize("lost", [False, True])
async def test_an_outage_is_waited_for(
    path: Path, monkeypatch: pytest.MonkeyPatch, *, lost: bool
) -> None:
    """Few meet it, then one at a time is sent to see; another run mends the few."""
    without_thread(monkeypatch)
    service = Outage(3, 300, lost=lost)
    enroller = BatchEnroller(service.client, concurrency=8, journal=path)
    found = await taken(enroller, 200)
    few = found["unknown" if lost else "failed"]
    assert 10 <= few <= 8 * (2 / 0.5 + 2)  # the two seconds of outage_span, and before
    assert found["enrolled"] == 200 - few
    assert enroller.report.stop_reason is None
    assert sum(came > 30 for came in service.asked) <= 3 * 7
    assert service.clock.monotonic() < 400
    ran = await run(path, items(range(200)), on_unknown="resend")
    again = Counter(outcome.status.value for outcome in ran["outcomes"])
    assert again == {"skipped": 200 - few, "enrolled": few}
    assert service.enrolled.total() == len(service.enrolled) == 200 - few


async def test_an_outage_that_does_not_end_leaves_the_job_to_be_resumed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is given up after `max_outage`, and nobody further was sent."""
    without_thread(monkeypatch)
    service = Outage(3, 1e9, lost=False)
    enroller = BatchEnroller(service.client, concurrency=8, journal=path)
    found = await taken(enroller, 200)
    assert found["not_attempted"] >= 200 - found["enrolled"] - 40
    assert found["enrolled"] + found["not_attempted"] + found["failed"] == 200
    assert 15 * 60 <= service.clock.monotonic() <= 15 * 60 + 60
    assert "the network or the service is down" in (enroller.report.stop_reason or "")
    ran = await run(path, items(range(200)))
    again = Counter(outcome.status.value for outcome in ran["outcomes"])
    done = found["enrolled"]
    assert again == {"skipped": done, "enrolled": 200 - done}


@pytest.mark.parametrize(
    "limits", [{"concurrency": 1}, {"concurrency": 8, "rate": 20}, {"concurrency": 8}]
)
@pytest.mark.parametrize("journalled", [False, True])
async def test_guards_do_not_wait_for_one_another(
    limits: dict[str, int],
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    journalled: bool,
) -> None:
    """Same pictures, an outage, a rate and few workers: everybody comes through."""
    without_thread(monkeypatch)
    service = Outage(2, 60, lost=False)
    rules = StopRules(outage_after=2, outage_span=0)
    enroller = BatchEnroller(
        service.client,
        concurrency=limits["concurrency"],
        rate=limits.get("rate"),
        stop_rules=rules,
        journal=path if journalled else None,
    )
    people = [BatchItem(key=f"{n}", request=person(n % 5)) for n in range(60)]
    async with asyncio.timeout(HANG), enroller:
        found = [outcome async for outcome in enroller.enroll(people)]
    assert [outcome.index for outcome in in_order(found)] == list(range(60))
    assert enroller.report.stop_reason is None
    assert enroller.report.counts[OutcomeStatus.NOT_ATTEMPTED] == 0
    assert tasks_left() == []


class WatchfulWorld(World):
    """A sandbox's world that takes its time, and sees who is there at once.

    Attributes:
        met: Bodies that came while an equal one was there.
        most: How many were there at once.
    """

    met = 0
    most = 0

    def watch(self) -> None:
        """Begin to watch."""
        self._there = Counter[bytes]()

    async def answer(self, call: Call) -> Decided:
        """Answer after a while."""
        face = hashlib.sha256(call.body).digest()
        self.met += self._there[face] > 0
        self._there[face] += 1
        self.most = max(self.most, self._there.total())
        try:
            await asyncio.sleep(0.01)
            return await super().answer(call)
        finally:
            self._there[face] -= 1


@pytest.mark.parametrize("journalled", [False, True])
async def test_the_same_picture_is_never_on_its_way_twice(
    path: Path, *, journalled: bool
) -> None:
    """Over real sockets: of two rows with it one is enrolled, and one a duplicate."""
    world = WatchfulWorld()
    world.watch()
    people = [
        BatchItem(key=f"{number}-{turn}", request=person(number))
        for number in range(30)
        for turn in range(2)
    ]
    async with Sandbox(world=world) as sandbox:
        client = VerifikClient("token", base_url=sandbox.base_url)
        journal = path if journalled else None
        async with client:
            outcomes = await outcomes_of(
                BatchEnroller(
                    client,
                    concurrency=16,
                    stop_rules=StopRules(canary=None),
                    journal=journal,
                ),
                people,
            )
    assert world.met == 0
    assert world.most > 4
    pairs: Iterator[tuple[BatchOutcome, BatchOutcome]]
    pairs = zip(outcomes[::2], outcomes[1::2], strict=True)
    for pair in pairs:
        found = sorted(outcome.status.value for outcome in pair)
        assert found == ["duplicate", "enrolled"]
    assert len(world.people()) == 30
