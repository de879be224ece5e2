"""Every fault that a server can play, through both doors."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import attrs
import pytest

from tests.sandbox.calls import (
    HEADERS,
    ROUTE,
    b64,
    encoded,
    jpeg,
    of_faces,
    request,
    sample,
)
from verifik_async import AiohttpTransport
from verifik_async.errors import ConfigurationError, ConnectionLostError, VerifikError
from verifik_async.sandbox import Sandbox, SandboxTransport, World
from verifik_async.testing import VirtualClock
from verifik_async.transports.faults import (
    BEFORE_THE_SERVER,
    NEEDS_AN_ANSWER,
    Fault,
    Flaky,
    effect,
)
from verifik_async.wire import HttpRequest, HttpResponse, Timeout, text_body

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable

    from verifik_async.sandbox.answers import Answer
    from verifik_async.sandbox.rules import Call
    from verifik_async.transports.protocol import Transport

PLAYED = sorted(set(Fault) - BEFORE_THE_SERVER)
LARGE = 15_000_000
"""Bytes of an image: more than sockets buffer, so that a reset meets the sending."""
PIECE = 1_000_000


@attrs.frozen
class _Door:
    """A way into a world."""

    world: World
    transport: Transport
    base_url: str

    def request(self, body: object, *, impatient: bool = False) -> HttpRequest:
        """A request that goes this way, in pieces as images do."""
        made = request(body)
        return attrs.evolve(
            made,
            url=self.base_url + ROUTE,
            timeout=Timeout(read=0.2) if impatient else Timeout(),
            body=text_body(*_pieces(made.body.read())),
        )


def _pieces(body: bytes) -> list[bytes]:
    return [body[at : at + PIECE] for at in range(0, len(body), PIECE)]


@asynccontextmanager
async def _opened(name: str, world: World) -> AsyncGenerator[_Door]:
    if name == "memory":
        yield _Door(world, SandboxTransport(world, clock=VirtualClock()), "https://x")
        return
    async with Sandbox(world=world) as sandbox:
        transport = AiohttpTransport()
        try:
            yield _Door(world, transport, sandbox.base_url)
        finally:
            await transport.aclose()


@pytest.fixture(params=["memory", "http"])
async def door(request: pytest.FixtureRequest) -> AsyncGenerator[_Door]:
    """Each door in turn, into a world of its own."""
    async with _opened(str(request.param), World()) as opened:
        yield opened


async def _end_of(door: _Door, sent: HttpRequest) -> HttpResponse | VerifikError:
    try:
        return await door.transport.send(sent)
    except VerifikError as error:
        return error


def _require_effect(fault: Fault, got: HttpResponse | VerifikError) -> None:
    """Require what the one table says."""
    expected = effect(fault)
    if isinstance(expected, VerifikError):
        assert type(got) is type(expected)
        assert isinstance(got, VerifikError)
        assert got.outcome is expected.outcome
        return
    assert isinstance(got, HttpResponse)
    assert (got.status, got.body) == (expected.status, expected.body)
    for name, text in expected.headers.items():
        assert got.headers[name] == text
    assert got.headers["x-sandbox-basis"] == f"armed; {fault}"


@pytest.mark.parametrize("by_header", [False, True], ids=["armed", "by header"])
@pytest.mark.parametrize("fault", PLAYED)
async def test_each_fault_ends_as_the_table_says(
    door: _Door, fault: Fault, *, by_header: bool
) -> None:
    """Error class, outcome or answer are those of `effect`, stored as documented."""
    size = LARGE if fault is Fault.RESET_WHILE_SENDING else 200
    body = sample(images=[b64(jpeg("face=a", size=size))])
    sent = door.request(body, impatient=fault is Fault.READ_TIMEOUT)
    if by_header:
        sent = sent.with_header("X-Sandbox-Scenario", fault)
    else:
        door.world.arm(fault)
    got = await _end_of(door, sent)
    if fault is Fault.SLOW_BODY:
        assert isinstance(got, HttpResponse)
        assert got.status == 200
        assert json.loads(got.body)["data"]["_id"] == door.world.people()[0].id
    else:
        _require_effect(fault, got)
    assert len(door.world.people()) == (fault in NEEDS_AN_ANSWER)
    assert [seen.fault for seen in door.world.seen] == [fault]
    assert door.world.state()["armed"] == {}


@pytest.mark.parametrize("fault", PLAYED)
async def test_the_next_request_is_served_as_ever(door: _Door, fault: Fault) -> None:
    """A fault breaks one request, and neither the server nor the client."""
    door.world.arm(fault)
    await _end_of(door, door.request(of_faces("face=a"), impatient=True))
    answer = await door.transport.send(door.request(of_faces("face=b")))
    assert answer.status == 200
    assert door.world.requests == 2


async def test_a_reset_of_a_small_body_stores_nothing(door: _Door) -> None:
    """`reset_while_sending` is met before the body is read, however small that is."""
    door.world.arm("reset_while_sending")
    assert isinstance(await _end_of(door, door.request(sample())), VerifikError)
    assert not door.world.people()
    assert door.world.seen[0].body_size == 0


class _Announcing(World):
    """A world that says when it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()

    async def answer(self, call: Call) -> Answer:
        """Answer as ever, and say so."""
        self.asked.set()
        return await super().answer(call)


async def test_stopping_does_not_wait_for_the_silent() -> None:
    """A request that gets no answer is cut off when the server stops."""
    world = _Announcing()
    world.arm("read_timeout")
    async with asyncio.timeout(20):
        async with Sandbox(world=world) as sandbox:
            door = _Door(world, AiohttpTransport(), sandbox.base_url)
            task = asyncio.create_task(_end_of(door, door.request(sample())))
            await world.asked.wait()
        assert isinstance(await task, ConnectionLostError)
        await door.transport.aclose()


async def test_waits_pass_on_the_clock() -> None:
    """In memory `read_timeout` takes the request's limit, and `slow_body` a moment."""
    clock = VirtualClock()
    transport = SandboxTransport(clock=clock)
    transport.world.arm("read_timeout")
    transport.world.arm("slow_body")
    with pytest.raises(VerifikError):
        await transport.send(request(sample()))
    silent = clock.monotonic()
    assert silent == Timeout().read
    await transport.send(request(sample()))
    assert clock.monotonic() > silent


async def test_resets_wait_for_a_request_that_begins() -> None:
    """A body that was read can't be reset while it is sent: others are met instead."""
    world = World()
    world.arm("internal_error")
    world.arm("reset_while_sending")
    transport = SandboxTransport(world)
    assert (await transport.send(request(sample()))).status == 500
    with pytest.raises(VerifikError) as caught:
        await transport.send(request(sample()))
    assert type(caught.value) is type(effect(Fault.RESET_WHILE_SENDING))


@pytest.mark.parametrize("fault", sorted(BEFORE_THE_SERVER))
async def test_faults_before_the_server_are_refused(fault: Fault) -> None:
    """What needs no server can't be armed, nor be part of a `Flaky` or a header."""
    world = World()
    with pytest.raises(ConfigurationError, match="before any server"):
        world.arm(fault)
    with pytest.raises(ConfigurationError, match="before any server"):
        world.arm(Flaky(probability=0.5, faults=(fault,)))
    wished = request(sample()).with_header("X-Sandbox-Scenario", fault)
    assert (await SandboxTransport(world).send(wished)).status == 400
    assert not world.people()


def test_a_flaky_that_makes_no_sense_is_refused() -> None:
    """A `Flaky` has no number, and nothing that is met before the body."""
    world = World()
    with pytest.raises(ConfigurationError, match="times"):
        world.arm(Flaky(probability=1), times=2)
    with pytest.raises(ConfigurationError, match="reset_while_waiting"):
        world.arm(Flaky(probability=1, faults=(Fault.RESET_WHILE_SENDING,)))
    assert world.state()["armed"] == {}


async def test_a_flaky_stays_until_it_is_disarmed(door: _Door) -> None:
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
    async with _opened(name, world) as door:

        async def twice(number: int) -> tuple[int, tuple[str, str]]:
            sent = door.request(of_faces(f"face=f{number}"))
            return number, (await _named(door, sent), await _named(door, sent))

        return dict(await asyncio.gather(*map(twice, numbers)))


async def _named(door: _Door, sent: HttpRequest) -> str:
    got = await _end_of(door, sent)
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


@pytest.mark.parametrize(
    "fault", [Fault.RESET_WHILE_SENDING, Fault.RESET_WHILE_WAITING]
)
async def test_resets_are_resets_on_the_socket(fault: Fault) -> None:
    """A client's socket sees RST, and not an orderly end as for a lost answer."""
    async with Sandbox() as sandbox:
        sandbox.arm(fault)
        with pytest.raises(ConnectionResetError):
            await _raw_answer(sandbox)
        sandbox.arm("lost_answer")
        assert await _raw_answer(sandbox) == b""


async def _raw_answer(sandbox: Sandbox) -> bytes:
    body = encoded(sample())
    fields = {**HEADERS, "Host": "x", "Content-Length": str(len(body))}
    lines = [f"POST {ROUTE} HTTP/1.1", *(f"{key}: {fields[key]}" for key in fields)]
    port = int(sandbox.base_url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        return await reader.read()
    finally:
        writer.close()
