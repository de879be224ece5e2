"""Ten thousand persons: each once, no slot too many, and memory stays flat."""

from __future__ import annotations

import asyncio
import functools
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from batch_runs import (
    Answer,
    Carrier,
    Persons,
    client_of,
    enrolled,
    person,
    refused,
)

from verifik_async import (
    BatchEnroller,
    BatchItem,
    OutcomeStatus,
    VerifikClient,
)
from verifik_async.sandbox import Sandbox, SandboxTransport, World
from verifik_async.sandbox.answers import Answer as Decided
from verifik_async.sandbox.rules import Call

pytestmark = pytest.mark.once

MANY = 10_000
WIDTH = 16
IMAGE = 20_000
FEW = 4_000
WARM = 1_000
"""Memory is measured from this person on. 3,000 images held would be 60 MB."""

FLAT = 2_000_000
"""Bytes by which memory may peak above that: mostly the requests in the window, with
32 images, and their bodies in flight."""


class CountingWorld(World):
    """A sandbox's world that also counts who is being served."""

    in_flight = 0
    most = 0

    async def answer(self, call: Call) -> Decided:
        """Answer after a turn of the loop, so that requests overlap."""
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)
        try:
            await asyncio.sleep(0)
            return await super().answer(call)
        finally:
            self.in_flight -= 1


async def check_all_enrolled(client: VerifikClient, world: CountingWorld) -> None:
    """Enroll them all, and hold the outcomes against what the server has seen."""
    people = Persons(MANY)
    seen = bytearray(MANY)
    ids: set[str] = set()
    async with client, BatchEnroller(client, concurrency=WIDTH) as enroller:
        async for outcome in enroller.enroll(people.plain()):
            seen[outcome.index] += 1
            assert outcome.enrollment is not None
            ids.add(outcome.enrollment.person.id)
    assert seen == b"\x01" * MANY
    assert world.requests == world.answers[200] == MANY
    assert ids == {record.id for record in world.people()}
    assert len(ids) == MANY
    assert 1 < world.most <= WIDTH
    report = enroller.report
    assert report.total == report.attempts == MANY
    assert report.counts[OutcomeStatus.ENROLLED] == MANY


async def test_ten_thousand_over_http_are_enrolled_once_each() -> None:
    """Through real sockets on the loopback address."""
    world = CountingWorld()
    async with Sandbox(world=world) as sandbox:
        client = VerifikClient("token", base_url=sandbox.base_url)
        await check_all_enrolled(client, world)


async def test_ten_thousand_in_memory_are_enrolled_once_each() -> None:
    """Without sockets, the same."""
    world = CountingWorld()
    client = VerifikClient("token", SandboxTransport(world))
    await check_all_enrolled(client, world)


@pytest.mark.parametrize("journalled", [False, True])
async def test_memory_does_not_grow_with_the_number_of_persons(
    path: Path, *, journalled: bool
) -> None:
    """Persons are made one by one, and none is kept once its outcome was taken."""
    before = 0
    enroller = BatchEnroller(
        client_of(Carrier(various)),
        concurrency=WIDTH,
        rate=1e6,
        bytes_per_second=1e12,
        journal=path if journalled else None,
    )
    tracemalloc.start()
    try:
        async with enroller as run:
            async for outcome in run.enroll(with_images()):
                if outcome.index == WARM:
                    before, _ = tracemalloc.get_traced_memory()
                    tracemalloc.reset_peak()
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert before > 0
    assert most - before < FLAT
    assert run.report.counts[OutcomeStatus.ENROLLED] == MANY * 2 / 5


def with_images() -> Iterator[BatchItem]:
    """Persons made one by one, each with an image of its own."""
    for number in range(MANY):
        request = functools.partial(person, number, size=IMAGE)
        yield BatchItem(key=f"{number}", request=request)


ANSWERS = [
    refused(409, "409:liveness_failed@0.3"),
    refused(500, "internal_error"),
    refused(409, "409:duplicated_person"),
]


def various(number: int) -> Answer:
    """Two of five are enrolled."""
    return [*ANSWERS, enrolled(number), enrolled(number)][number % 5]
