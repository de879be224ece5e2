"""Crews: those who wait are cancelled apart, and nobody is left behind."""

from __future__ import annotations

import asyncio

import pytest
from batch_runs import HANG, tasks_left, turns

from verifik_async.batch.crew import Crew, Worker


class Work:
    """What three workers do: the first waits, the others are at work."""

    def __init__(self) -> None:
        self.crew = Crew(retired=self._retired)
        self.done = asyncio.Event()
        self.begun: list[int] = []
        self.retired: list[tuple[str, bool]] = []
        self.cleaned_up = 0

    def hire(self, count: int = 3) -> None:
        """Start them."""
        for number in range(count):
            self.crew.hire(self._do(number), name=f"worker {number}")

    def _retired(self, worker: Worker) -> None:
        self.retired.append((worker.get_name(), worker.cancelled()))

    async def _do(self, number: int) -> None:
        self.begun.append(number)
        if number == 0:
            await asyncio.Event().wait()
        with self.crew.at_work():
            try:
                await self.done.wait()
            finally:
                await turns(3)
                self.cleaned_up += 1


async def test_only_those_who_wait_are_cancelled() -> None:
    """Work under way goes on to its end."""
    work = Work()
    work.hire()
    await turns(2)
    work.crew.cancel_waiting()
    await turns(2)
    assert work.retired == [("worker 0", True)]
    work.done.set()
    async with asyncio.timeout(HANG):
        await work.crew.all_retired()
    assert sorted(work.retired) == [
        ("worker 0", True),
        ("worker 1", False),
        ("worker 2", False),
    ]


async def test_after_its_work_a_worker_waits_again() -> None:
    """It can be cancelled once more, also if the work failed."""
    crew = Crew(retired=lambda _: None)

    async def do() -> None:
        with crew.at_work():
            pass
        await asyncio.Event().wait()

    crew.hire(do(), name="worker")
    await turns(2)
    crew.cancel_waiting()
    async with asyncio.timeout(HANG):
        await crew.all_retired()


async def test_a_worker_cancelled_before_it_began_retires_as_well() -> None:
    """Its coroutine never runs, so nothing in it can tell."""
    work = Work()
    work.hire()
    work.crew.cancel_waiting()
    async with asyncio.timeout(HANG):
        await work.crew.all_retired()
    assert work.begun == []
    assert [cancelled for _, cancelled in work.retired] == [True] * 3
    assert work.crew.gone


async def test_nobody_to_wait_for_is_no_wait() -> None:
    """A crew may be asked before anybody was hired."""
    crew = Crew(retired=lambda _: None)
    assert crew.gone
    await crew.all_retired()


async def test_a_wait_cancelled_again_and_again_leaves_nobody_behind() -> None:
    """Every cancellation reaches the workers; the wait ends after the last of them."""
    work = Work()
    work.hire()
    waiting = asyncio.create_task(work.crew.all_retired())
    await turns(2)
    for _ in range(3):
        waiting.cancel()
        await turns(1)
    async with asyncio.timeout(HANG):
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert work.crew.gone
    assert tasks_left() == []


async def test_cancelling_lets_workers_clean_up() -> None:
    """All of them are cancelled, and their `finally` runs to its end."""
    work = Work()
    work.hire()
    await turns(2)
    work.crew.cancel()
    async with asyncio.timeout(HANG):
        await work.crew.all_retired()
    assert work.cleaned_up == 2
