"""Faults with a probability, armed in a sandbox."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.sandbox.calls import b64, jpeg, of_faces, request, sample
from tests.sandbox.doors import Door, end_of, opened
from verifik_async.errors import ConfigurationError
from verifik_async.sandbox import SandboxTransport, World
from verifik_async.transports.faults import Fault, Flaky
from verifik_async.wire import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable


@pytest.fixture(params=["memory", "http"])
async def door(request: pytest.FixtureRequest) -> AsyncGenerator[Door]:
    """Each door in turn, into a world of its own."""
    async with opened(str(request.param), World()) as found:
        yield found


def test_a_flaky_that_makes_no_sense_is_refused() -> None:
    """A `Flaky` has no number, and nothing that is met before the body."""
    world = World()
    with pytest.raises(ConfigurationError, match="times"):
        world.arm(Flaky(probability=1), times=2)
    with pytest.raises(ConfigurationError, match="reset_while_waiting"):
        world.arm(Flaky(probability=1, faults=(Fault.RESET_WHILE_SENDING,)))
    assert world.state()["armed"] == {}


async def test_a_flaky_stays_until_it_is_disarmed(door: Door) -> None:
    """Every request meets it, what is armed by number goes first, `disarm` ends it."""
    door.world.arm(Flaky(probability=1, faults=(Fault.UNAVAILABLE,)), retry_after=4)
    door.world.arm("internal_error")
    assert door.world.state()["armed"] == {"internal_error": 1, "flaky": 1}
    answers = [await door.transport.send(door.request(sample())) for _ in range(3)]
    assert [answer.status for answer in answers] == [500, 503, 503]
    assert answers[1].headers["retry-after"] == "4"
    door.world.disarm()
    assert (await door.transport.send(door.request(sample()))).status == 200


async def test_a_flaky_may_be_for_one_token() -> None:
    """A token's own `Flaky` decides for it alone."""
    world = World()
    world.arm(Flaky(probability=1, faults=(Fault.INTERNAL_ERROR,)), token="other")
    assert (await SandboxTransport(world).send(request(sample()))).status == 200
    world.arm(Flaky(probability=1, faults=(Fault.UNAVAILABLE,)), token="token-1")
    assert (await SandboxTransport(world).send(request(sample()))).status == 503


FLAKY = Flaky(
    probability=0.4,
    faults=(Fault.RESET_WHILE_WAITING, Fault.RATE_LIMITED, Fault.LOST_ANSWER),
    seed=7,
)


async def _ends(name: str, numbers: Iterable[int]) -> dict[int, tuple[str, str]]:
    """How two attempts for each of these people end, all in parallel."""
    world = World()
    world.arm(FLAKY)
    async with opened(name, world) as door:

        async def twice(number: int) -> tuple[int, tuple[str, str]]:
            sent = door.request(of_faces(f"face=f{number}"))
            return number, (await _named(door, sent), await _named(door, sent))

        return dict(await asyncio.gather(*map(twice, numbers)))


async def _named(door: Door, sent: HttpRequest) -> str:
    got = await end_of(door, sent)
    return str(got.status) if isinstance(got, HttpResponse) else type(got).__name__


async def test_parallel_flaky_calls_fail_alike_in_every_run() -> None:
    """A thousand calls in another order meet the same faults, also on a repeat."""
    numbers = list(range(1000))
    first = await _ends("memory", numbers)
    random.Random(1).shuffle(numbers)  # noqa: S311 - only to differ
    assert await _ends("memory", numbers) == first
    counts = Counter(end for pair in first.values() for end in pair)
    assert set(counts) == {"200", "409", "429", "ConnectionLostError"}
    assert 600 < counts["429"] + counts["ConnectionLostError"] < 1000


async def test_both_doors_meet_the_same_flaky_faults() -> None:
    """What a body meets in memory it meets over HTTP."""
    numbers = range(40)
    assert await _ends("http", numbers) == await _ends("memory", numbers)


async def test_a_large_body_meets_the_same_as_ever() -> None:
    """A body whose digest is made in a thread is decided upon like any other."""
    world = World()
    world.arm(Flaky(probability=1, faults=(Fault.RATE_LIMITED,)))
    body = sample(images=[b64(jpeg("face=a", size=400_000))])
    assert (await SandboxTransport(world).send(request(body))).status == 429


async def test_attempts_are_counted_for_each_token() -> None:
    """What one token sent before does not change what another's requests meet."""
    world = World()
    world.arm(Flaky(probability=0.5, faults=(Fault.UNAVAILABLE,), seed=3))
    transport = SandboxTransport(world)

    async def statuses(token: str) -> list[bool]:
        sent = request(sample()).with_header("Authorization", f"Bearer {token}")
        return [(await transport.send(sent)).status == 503 for _ in range(12)]

    first = await statuses("one")
    assert set(first) == {True, False}
    assert await statuses("two") == first
