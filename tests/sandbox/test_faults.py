"""Every fault that a server can play, through both doors."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

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
from tests.sandbox.doors import Door, end_of, opened
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
from verifik_async.wire import HttpResponse, Timeout

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from verifik_async.sandbox.answers import Answer
    from verifik_async.sandbox.rules import Call

PLAYED = sorted(set(Fault) - BEFORE_THE_SERVER)
LARGE = 15_000_000
"""Bytes of an image: more than sockets buffer, so that a reset meets the sending."""


@pytest.fixture(params=["memory", "http"])
async def door(request: pytest.FixtureRequest) -> AsyncGenerator[Door]:
    """Each door in turn, into a world of its own."""
    async with opened(str(request.param), World()) as found:
        yield found


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
    door: Door, fault: Fault, *, by_header: bool
) -> None:
    """Error class, outcome or answer are those of `effect`, stored as documented."""
    size = LARGE if fault is Fault.RESET_WHILE_SENDING else 200
    body = sample(images=[b64(jpeg("face=a", size=size))])
    sent = door.request(body, impatient=fault is Fault.READ_TIMEOUT)
    if by_header:
        sent = sent.with_header("X-Sandbox-Scenario", fault)
    else:
        door.world.arm(fault)
    got = await end_of(door, sent)
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
async def test_the_next_request_is_served_as_ever(door: Door, fault: Fault) -> None:
    """A fault breaks one request, and neither the server nor the client."""
    door.world.arm(fault)
    await end_of(door, door.request(of_faces("face=a"), impatient=True))
    answer = await door.transport.send(door.request(of_faces("face=b")))
    assert answer.status == 200
    assert door.world.requests == 2


async def test_a_reset_of_a_small_body_stores_nothing(door: Door) -> None:
    """`reset_while_sending` is met before the body is read, however small that is."""
    door.world.arm("reset_while_sending")
    assert isinstance(await end_of(door, door.request(sample())), VerifikError)
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
            door = Door(world, AiohttpTransport(), sandbox.base_url)
            task = asyncio.create_task(end_of(door, door.request(sample())))
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
