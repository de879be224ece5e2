"""Leaving a journalled batch early: the file says of each what is known."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from batch_runs import HANG, Carrier, Persons, client_of, indexes, take_all, tasks_left
from journal_runs import items, run, states, statuses

from verifik_async import BatchEnroller, BatchOutcome, OutcomeUnknownError
from verifik_async.errors import note_outcome


class Held:
    """A run in which everybody but the first waits for a gate, at the server."""

    def __init__(self, path: Path, *, width: int = 3) -> None:
        self.gate = asyncio.Event()
        self.carrier = Carrier(wait=self._wait)
        self.path = path
        self.width = width
        self.enroller = BatchEnroller(
            client_of(self.carrier), concurrency=width, journal=path
        )
        self.taken: list[BatchOutcome] = []

    async def _wait(self, number: int) -> None:
        if number:
            await self.gate.wait()

    async def full(self) -> None:
        """Wait until all slots are taken, and all intents that may stand do."""
        async with asyncio.timeout(HANG):
            while not self._is_full():  # noqa: ASYNC110 - the file tells nobody
                await asyncio.sleep(0.002)

    def _is_full(self) -> bool:
        most = self.width + 1
        return self.carrier.in_flight == self.width and self.intents() >= most

    def intents(self) -> int:
        """How many are about to be sent, or sent."""
        return list(states(self.path).values()).count("intent")

    async def begin(self) -> None:
        """Take the first outcome, and wait until the others are under way."""
        outcomes = self.enroller.enroll(items(range(40)))
        self.taken.append(await anext(outcomes))
        await self.full()

    def check(self) -> dict[str, set[int]]:
        """By outcome: who; each person pulled has one, and nothing is left behind."""
        outcomes = [*self.taken, *self.enroller.undelivered]
        assert indexes(outcomes) == list(range(len(outcomes)))
        assert self.enroller.report.total == len(outcomes)
        assert tasks_left() == []
        assert self.intents() == 0
        found: dict[str, set[int]] = {}
        for outcome in outcomes:
            found.setdefault(outcome.status.value, set()).add(outcome.index)
        return found


async def test_a_break_lets_those_in_flight_finish_and_gives_the_others_back(
    path: Path,
) -> None:
    """Intents of people who were not sent are taken back: they are not `unknown`."""
    held = Held(path)
    async with asyncio.timeout(HANG), held.enroller:
        await held.begin()
        asyncio.get_running_loop().call_later(0.01, held.gate.set)
    found = held.check()
    assert found["enrolled"] == set(held.carrier.sent) == {0, 1, 2, 3}
    assert states(path) == dict.fromkeys(range(4), "enrolled")
    carrier = Carrier()
    await run(path, items(range(40)), carrier)
    assert sorted(carrier.sent) == list(range(4, 40))


async def test_an_exception_makes_those_in_flight_unknown_and_nobody_else(
    path: Path,
) -> None:
    """They may have been enrolled; who was only about to be sent stays pending."""
    held = Held(path)

    async def use() -> None:
        async with held.enroller:
            await held.begin()
            raise LookupError("the consumer's own")

    async with asyncio.timeout(HANG):
        with pytest.raises(LookupError, match="own"):
            await use()
    found = held.check()
    assert found["unknown"] == {1, 2, 3}
    assert states(path) == {0: "enrolled", 1: "unknown", 2: "unknown", 3: "unknown"}


@pytest.mark.parametrize("times", [1, 3])
async def test_a_cancelled_consumer_loses_nothing(path: Path, times: int) -> None:
    """However often it is cancelled, everything is on the disk when it has ended."""
    held = Held(path)

    async def use() -> None:
        async with held.enroller as enroller:
            outcomes = enroller.enroll(items(range(40)))
            async for outcome in outcomes:
                held.taken.append(outcome)

    using = asyncio.create_task(use())
    await held.full()
    for _ in range(times):
        using.cancel()
        await asyncio.sleep(0)
    await asyncio.wait([using], timeout=HANG)
    assert using.cancelled()
    assert held.check()["unknown"] == {1, 2, 3}
    ran = await run(path, items(range(40)))
    assert statuses(ran["outcomes"])[:4] == ["skipped", *["unknown"] * 3]
    assert set(statuses(ran["outcomes"])[4:]) == {"enrolled"}


async def test_a_cancelled_call_that_was_not_sent_leaves_its_person_pending(
    path: Path,
) -> None:
    """The client knows: the person was waiting for a slot, a token or the limiter."""
    waiting = asyncio.Event()

    async def wait(_number: int) -> None:
        waiting.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as cancelled:
            note_outcome(cancelled, sent=False)
            raise

    enroller = BatchEnroller(client_of(Carrier(wait=wait)), concurrency=1, journal=path)

    async def use() -> None:
        async with enroller:
            enroller.enroll(items(range(3)))
            await waiting.wait()
            raise LookupError

    async with asyncio.timeout(HANG):
        with pytest.raises(LookupError):
            await use()
    assert set(statuses(enroller.undelivered)) == {"not_attempted"}
    assert sum(outcome.attempts for outcome in enroller.undelivered) == 1
    assert states(path) == {}


async def test_leaving_before_anybody_began_sends_nobody(path: Path) -> None:
    """Clerks cancelled before their first step end the run as well."""
    carrier = Carrier()
    async with asyncio.timeout(HANG):
        async with BatchEnroller(client_of(carrier), journal=path) as enroller:
            outcomes = enroller.enroll(items(range(9)))
    assert [outcome async for outcome in outcomes] == []
    assert carrier.sent == []
    assert tasks_left() == []


async def test_somebody_who_cancels_all_tasks_does_not_end_a_run_in_silence(
    path: Path,
) -> None:
    """The consumer is told, and the journal is closed in order."""
    persons = Persons(60)
    settled: list[BatchOutcome] = []
    async with BatchEnroller(
        client_of(Carrier()), concurrency=3, journal=path
    ) as enroller:
        outcomes = enroller.enroll(persons.plain())
        settled.append(await anext(outcomes))
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        with pytest.raises(OutcomeUnknownError, match="cancelled from outside"):
            await take_all(outcomes, settled)
    assert indexes(settled) == list(range(persons.pulled))
    assert "intent" not in states(path).values()
    assert tasks_left() == []


async def test_a_cancelled_opening_leaves_the_journal_free(path: Path) -> None:
    """Its lock does not outlive the `async with` that was never entered."""
    for turn in range(6):
        entering = asyncio.create_task(
            BatchEnroller(client_of(Carrier()), journal=path).__aenter__()
        )
        await asyncio.sleep(turn * 0.0005)
        entering.cancel()
        await asyncio.wait([entering])
        if not entering.cancelled():
            await (await entering).__aexit__(None, None, None)
        assert tasks_left() == []
    ran = await run(path, items(range(2)))
    assert statuses(ran["outcomes"]) == ["enrolled"] * 2
