"""The misbehaving server, byte by byte over plain sockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator

import pytest

from verifik_async import ConfigurationError, ConnectError, Fault, HttpResponse, Late
from verifik_async.testing import Exchange, MisbehavingServer
from verifik_async.testing.socket_faults import FLOOD
from verifik_async.transports.faults import BEFORE_THE_SERVER, effect

SECRET = "token-that-must-not-be-seen"
POST = (
    b"POST /a/path?key=" + SECRET.encode() + b" HTTP/1.1\r\nHost: x\r\n"
    b"Authorization: Bearer " + SECRET.encode() + b"\r\n"
    b"X-Twice: one\r\nx-twice: two\r\nContent-Length: 5\r\n\r\n"
)
BODY = b"hello"


class Line:
    """A plain connection."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.reader = reader
        self.writer = writer

    async def say(self, raw: bytes) -> None:
        """Send bytes."""
        self.writer.write(raw)
        await self.writer.drain()

    async def rest(self) -> bytes:
        """What comes until the server closes, or resets."""
        async with asyncio.timeout(30):
            return await self.reader.read()

    async def answer(self) -> tuple[bytes, bytes]:
        """Head and body of an answer with a length."""
        async with asyncio.timeout(30):
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]
            return head, await self.reader.readexactly(int(length or 0))


@contextlib.asynccontextmanager
async def line_to(server: MisbehavingServer) -> AsyncGenerator[Line]:
    """A connection to it."""
    host, _, port = server.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield Line(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def test_without_a_step_it_answers_as_documented() -> None:
    """The reference's sample, on a connection that stays open."""
    async with MisbehavingServer() as server, line_to(server) as line:
        for _ in range(2):
            await line.say(POST + BODY)
            head, body = await line.answer()
            assert head.startswith(b"HTTP/1.1 200 ")
            assert json.loads(body)["data"]["name"] == "Jane Doe"
        assert (len(server.exchanges), server.connections) == (2, 1)


async def test_what_came_is_kept_as_it_came() -> None:
    """Method, target, repeated fields and body, for tests to look at."""
    async with MisbehavingServer() as server, line_to(server) as line:
        await line.say(POST + BODY)
        await line.answer()
    (exchange,) = server.exchanges
    assert exchange.method == "POST"
    assert exchange.target == f"/a/path?key={SECRET}"
    assert ("x-twice", "one") in exchange.fields
    assert exchange.headers["x-twice"] == "two"
    assert exchange.body == BODY
    assert exchange.complete


async def test_secrets_are_in_no_repr() -> None:
    """What the server shows of itself may be printed by any failing test."""
    async with MisbehavingServer() as server, line_to(server) as line:
        await line.say(POST + BODY)
        await line.answer()
        shown = f"{server!r} {server} {server.exchanges!r}"
        assert f"{server.url}, 1 requests, 1 connections" in shown
        assert "POST /a/path, 5 of 5 bytes" in shown
        assert SECRET not in shown
        assert BODY.decode() not in shown


async def test_chunked_bodies_are_read() -> None:
    """Also those that no client of ours would send."""
    async with MisbehavingServer() as server, line_to(server) as line:
        await line.say(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        await line.say(b"2\r\nhe\r\n3;odd=1\r\nllo\r\n0\r\n\r\n")
        await line.answer()
    assert server.exchanges[0].body == BODY
    assert server.exchanges[0].length is None
    assert server.exchanges[0].complete


async def test_a_body_cut_short_is_not_complete() -> None:
    """A client that leaves in the middle has not sent its request."""
    async with MisbehavingServer() as server:
        async with line_to(server) as line:
            await line.say(POST + b"hel")
        await asyncio.sleep(0)
        async with asyncio.timeout(30):
            while not server.exchanges:  # noqa: ASYNC110 - it is on its way
                await asyncio.sleep(0.01)
            await server.exchanges[0].ended.wait()
    assert server.exchanges[0].body == b"hel"
    assert not server.exchanges[0].complete


async def test_steps_are_taken_in_turn_and_the_last_one_stays() -> None:
    """First come, first served; the last step stands for all that follow."""
    steps = [HttpResponse(status=418), HttpResponse(status=409, body=b"no")]
    async with MisbehavingServer(*steps) as server, line_to(server) as line:
        got = list[bytes]()
        for _ in range(3):
            await line.say(POST + BODY)
            got.append((await line.answer())[0][:12])
    assert got == [b"HTTP/1.1 418", b"HTTP/1.1 409", b"HTTP/1.1 409"]


async def test_a_204_has_no_body_and_no_length() -> None:
    """An answer that may have no body says nothing about its size."""
    step = HttpResponse(status=204)
    async with MisbehavingServer(step) as server, line_to(server) as line:
        await line.say(POST + BODY)
        head, _ = await line.answer()
    assert head == b"HTTP/1.1 204 As-Told\r\n\r\n"


async def said_after(fault: Fault, request: bytes = POST + BODY) -> bytes:
    """What a client hears from a server with this fault, until the end."""
    async with MisbehavingServer(fault) as server, line_to(server) as line:
        await line.say(request)
        return await line.rest()


@pytest.mark.parametrize(
    "fault", [Fault.RESET_WHILE_SENDING, Fault.RESET_WHILE_WAITING]
)
async def test_resets_are_resets(fault: Fault) -> None:
    """The client's system gets RST, not the end of the stream."""
    early = fault is Fault.RESET_WHILE_SENDING
    request = POST.replace(b": 5", b": 500000") + BODY if early else POST + BODY
    with pytest.raises(ConnectionResetError):
        await said_after(fault, request)


async def test_a_lost_answer_is_no_answer_to_a_whole_request() -> None:
    """The server takes everything and closes without a byte."""
    async with MisbehavingServer(Fault.LOST_ANSWER) as server, line_to(server) as line:
        await line.say(POST + BODY)
        assert await line.rest() == b""
        assert server.exchanges[0].complete


async def test_garbage_is_no_http() -> None:
    """No client can take the first line for a status."""
    assert not (await said_after(Fault.GARBAGE_STATUS_LINE)).startswith(b"HTTP/1.")


async def test_a_truncated_body_is_shorter_than_announced() -> None:
    """The connection ends before Content-Length bytes."""
    head, _, body = (await said_after(Fault.TRUNCATED_BODY)).partition(b"\r\n\r\n")
    assert b"Content-Length: 999" in head
    assert 0 < len(body) < 999


async def test_silence_lasts_until_the_client_leaves() -> None:
    """Nothing comes; and the connection is free once the client has gone."""
    async with MisbehavingServer(Fault.READ_TIMEOUT) as server:
        async with line_to(server) as line:
            await line.say(POST + BODY)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await line.reader.read(1)
            assert server.open_connections == 1
        async with asyncio.timeout(30):
            await server.exchanges[0].ended.wait()
        assert server.open_connections == 0


async def test_a_flood_is_larger_than_transports_read() -> None:
    """Whoever reads on gets it all, in chunks and well-formed."""
    async with MisbehavingServer(Fault.HUGE_BODY) as server, line_to(server) as line:
        await line.say(POST + BODY)
        await line.reader.readuntil(b"\r\n\r\n")
        size = 0
        while step := int(await line.reader.readuntil(b"\r\n"), 16):
            size += len((await line.reader.readexactly(step + 2))[:-2])
    assert size == FLOOD


async def test_a_slow_body_is_the_true_answer_in_parts() -> None:
    """The answer comes whole, and its parts not at once."""
    answer, parts = HttpResponse(status=201, body=b"abcdefghi"), list[bytes]()
    async with (
        MisbehavingServer(Fault.SLOW_BODY, answer=answer) as server,
        line_to(server) as line,
    ):
        await line.say(POST + BODY)
        head = await line.reader.readuntil(b"\r\n\r\n")
        while len(b"".join(parts)) < 9:
            parts.append(await line.reader.read(100))
    assert head.startswith(b"HTTP/1.1 201 ")
    assert b"".join(parts) == b"abcdefghi"
    assert len(parts) > 1


ANSWERS: dict[Fault, HttpResponse] = {
    fault: happens
    for fault in Fault
    if fault is not Fault.SLOW_BODY
    and isinstance(happens := effect(fault), HttpResponse)
}


@pytest.mark.parametrize("fault", ANSWERS)
async def test_faults_that_are_answers_come_from_the_table(fault: Fault) -> None:
    """What `effect` says a transport gets is what the server sends."""
    expected = ANSWERS[fault]
    async with MisbehavingServer(fault) as server, line_to(server) as line:
        await line.say(POST + BODY)
        head, body = await line.answer()
    assert head.startswith(b"HTTP/1.1 %d " % expected.status)
    assert body == expected.body
    for name, text in expected.headers.items():
        assert f"{name}: {text}" in head.decode().lower()


@pytest.mark.parametrize("fault", sorted(BEFORE_THE_SERVER))
def test_faults_before_the_server_are_refused(fault: Fault) -> None:
    """What no server can play is refused, with the place where it can be had."""
    with pytest.raises(ConfigurationError, match="dead_end"):
        MisbehavingServer(fault)


def test_a_server_raises_no_errors() -> None:
    """A step late in raising belongs to scripts."""
    with pytest.raises(ConfigurationError, match="Fault instead"):
        MisbehavingServer(Late(ConnectError("no"), 1))


async def test_a_late_step_is_late() -> None:
    """The answer waits for its time, and then comes."""
    step = Late(HttpResponse(status=202), 0.1)
    async with MisbehavingServer(step) as server, line_to(server) as line:
        await line.say(POST + BODY)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await line.reader.read(1)
        head, _ = await line.answer()
    assert head.startswith(b"HTTP/1.1 202 ")


async def ask_in_vain(
    server: MisbehavingServer, *, then: Exception | None = None
) -> None:
    """Ask, see the connection end, and maybe raise while the server runs."""
    async with server, line_to(server) as line:
        await line.say(POST + BODY)
        assert await line.rest() == b""
        if then:
            raise then


async def test_an_own_step_that_fails_is_told_at_the_end() -> None:
    """A step's failed assertion fails the test, and the client is not left waiting."""

    async def fail(exchange: Exchange) -> None:
        assert await exchange.read_body() == b"something else"

    with pytest.raises(AssertionError, match="something else"):
        await ask_in_vain(MisbehavingServer(fail))


async def test_an_error_of_the_test_itself_comes_first() -> None:
    """What went wrong outside hides behind no failure of a step."""

    async def fail(exchange: Exchange) -> None:
        raise ValueError(exchange)

    with pytest.raises(LookupError):
        await ask_in_vain(MisbehavingServer(fail), then=LookupError())


async def test_it_stops_though_a_client_reads_nothing() -> None:
    """Leaving the block ends all connections, also those stuck in a write."""
    async with MisbehavingServer(Fault.HUGE_BODY) as server:
        host, _, port = server.url.removeprefix("http://").partition(":")
        _, writer = await asyncio.open_connection(host, int(port), limit=1)
        writer.write(POST + BODY)
        while not server.exchanges:  # noqa: ASYNC110 - it is on its way
            await asyncio.sleep(0.01)
    assert server.open_connections == 0
    writer.transport.abort()


async def test_before_the_start_there_is_no_address() -> None:
    """A server that was not started says so."""
    server = MisbehavingServer()
    with pytest.raises(ConfigurationError, match="async with"):
        _ = server.url
    assert "not started" in repr(server)
    await server.__aexit__(None, None, None)
