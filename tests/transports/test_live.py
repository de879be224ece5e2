"""The live transport against servers that misbehave: what was sent, what is known."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
import io
import json
import logging
import pickle
import ssl
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import aiohttp
import attrs
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from raw_server import Exchange, serving

from verifik_async import (
    AiohttpTransport,
    Body,
    ClientClosedError,
    ConfigurationError,
    ConnectError,
    ConnectionLostError,
    ConnectTimeoutError,
    FaceImage,
    HttpRequest,
    InvalidRequestError,
    Outcome,
    ReadTimeoutError,
    Timeout,
    UnexpectedResponseError,
    VerifikError,
    WriteError,
)
from verifik_async.bodies import Base64Part
from verifik_async.errors import outcome_of

TOKEN = "token-that-must-not-be-seen"
BIG = b"x" * 20_000_000


def to(url: str, body: bytes = b"{}", **seconds: float) -> HttpRequest:
    """A request for `url`."""
    return HttpRequest(
        method="POST",
        url=f"{url}/a/path",
        headers={"Authorization": f"Bearer {TOKEN}"},
        body=Body((body,)),
        timeout=Timeout(**seconds),
    )


async def refused_by(transport: AiohttpTransport, request: HttpRequest) -> VerifikError:
    """The error that sending `request` ends with, checked for leaks."""
    with pytest.raises(VerifikError) as caught:
        await transport.send(request)
    error = caught.value
    shown = f"{error!r} {error} {vars(error)} {pickle.dumps(error)!r}"
    assert TOKEN not in shown
    # nothing of aiohttp's is chained: its errors carry the headers
    assert error.__cause__ is None
    assert error.__context__ is None
    return error


async def echo(exchange: Exchange) -> None:
    """Answer with what came."""
    body = await exchange.read_body()
    await exchange.answer(
        200,
        {
            "line": exchange.request_line,
            "headers": exchange.headers,
            "body": body[:100].decode(),
        },
    )


async def drop_after_body(exchange: Exchange) -> None:
    """Take everything, then close without a word."""
    await exchange.read_body()
    exchange.writer.close()


async def test_the_request_arrives_as_it_is() -> None:
    """Method, path, headers and body are those of the request, and no more."""
    async with serving(echo) as server:
        transport = AiohttpTransport()
        response = await transport.send(to(server.url, b'{"a": 1}'))
        await transport.aclose()
    seen = json.loads(response.body)
    assert response.status == 200
    assert response.headers["content-type"] == "application/json"
    assert seen["line"] == "POST /a/path HTTP/1.1"
    assert seen["body"] == '{"a": 1}'
    assert seen["headers"]["authorization"] == f"Bearer {TOKEN}"
    assert seen["headers"]["content-length"] == "8"
    assert "expect" not in seen["headers"]
    assert "transfer-encoding" not in seen["headers"]


@pytest.mark.parametrize("size", [10, 65_536, 65_537, 400_000, 20_000_000])
async def test_bodies_of_all_sizes_arrive_whole(size: int) -> None:
    """A body is sent to its last byte, whatever its size."""
    async with serving(echo) as server:
        transport = AiohttpTransport()
        await transport.send(to(server.url, b"y" * size))
        await transport.aclose()
        assert server.exchanges[0].body == b"y" * size


async def test_files_are_sent_as_base64(tmp_path: Path) -> None:
    """A file's bytes arrive as raw base64, encoded while they are sent."""
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"\xff\xd8\xff" + bytes(range(256)) * 12_000)
    part = Base64Part(label="images[0]", source=FaceImage.from_path(photo))
    async with serving(echo) as server:
        transport = AiohttpTransport()
        body = Body((b'["', part, b'"]'))
        await transport.send(
            HttpRequest(method="POST", url=server.url, headers={}, body=body)
        )
        await transport.aclose()
        arrived = json.loads(server.exchanges[0].body)
    assert base64.b64decode(arrived[0]) == photo.read_bytes()


async def test_openers_are_called_and_read_in_threads() -> None:
    """What may ask a network never holds up the event loop; all of it arrives."""
    data = b"\xff\xd8\xff" + bytes(range(256)) * 8_000
    threads: set[threading.Thread] = set()

    class Remote(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            threads.add(threading.current_thread())
            return super().read(size)

    def opener() -> Remote:
        threads.add(threading.current_thread())
        return Remote(data)

    image = FaceImage.from_opener(opener, len(data))
    threads.clear()
    async with serving(echo) as server:
        transport = AiohttpTransport()
        await transport.send(with_image(server.url, image))
        await transport.aclose()
        arrived = json.loads(server.exchanges[0].body)
    assert threading.current_thread() not in threads
    assert base64.b64decode(arrived[0]) == data


@pytest.mark.parametrize("warm", [False, True])
async def test_a_lost_answer_is_unknown_and_not_sent_again(*, warm: bool) -> None:
    """A full body without an answer is UNKNOWN, on fresh and reused connections."""
    behaviours = [echo, drop_after_body] if warm else [drop_after_body]
    async with serving(*behaviours) as server:
        transport = AiohttpTransport()
        if warm:
            await transport.send(to(server.url))
        error = await refused_by(transport, to(server.url))
        await transport.aclose()
        assert len(server.exchanges) == 1 + warm
        assert server.connections == 1
    assert isinstance(error, ConnectionLostError)
    assert error.outcome is Outcome.UNKNOWN


async def test_a_refused_connection_was_not_sent() -> None:
    """Nobody listens: NOT_SENT."""
    async with serving(echo) as server:
        url = server.url
    transport = AiohttpTransport()
    error = await refused_by(transport, to(url))
    await transport.aclose()
    assert isinstance(error, ConnectError)
    assert error.outcome is Outcome.NOT_SENT
    assert "127.0.0.1" in str(error)


class NoSuchHost(AbstractResolver):
    """A resolver that knows nobody."""

    async def resolve(
        self, host: str, port: int = 0, family: int = 0
    ) -> list[ResolveResult]:
        """Fail as DNS does."""
        raise OSError(-2, "Name or service not known")

    async def close(self) -> None:
        """Nothing to free."""


async def test_an_unknown_host_was_not_sent() -> None:
    """DNS fails: NOT_SENT."""
    connector = aiohttp.TCPConnector(resolver=NoSuchHost())
    async with aiohttp.ClientSession(connector=connector) as session:
        transport = AiohttpTransport(session)
        error = await refused_by(transport, to("https://no-such-host.invalid"))
    assert isinstance(error, ConnectError)


async def silent(exchange: Exchange) -> None:
    """Take everything and never answer."""
    await exchange.read_body()
    await asyncio.sleep(60)


async def test_a_server_that_never_ends_its_tls_handshake_times_out() -> None:
    """No TLS within Timeout.connect: NOT_SENT."""
    async with serving(silent) as server:
        transport = AiohttpTransport(ssl=ssl.create_default_context())
        url = server.url.replace("http://", "https://")
        error = await refused_by(transport, to(url, connect=0.2))
        await transport.aclose()
    assert isinstance(error, ConnectTimeoutError)
    assert isinstance(error, TimeoutError)
    assert "0.2 s" in str(error)


async def test_a_server_without_tls_is_no_connection() -> None:
    """TLS fails: NOT_SENT, and the token was not sent in the clear."""
    came: list[bytes] = []

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(await reader.read(10_000))
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    transport = AiohttpTransport()
    port = server.sockets[0].getsockname()[1]
    error = await refused_by(transport, to(f"https://127.0.0.1:{port}"))
    await transport.aclose()
    server.close()
    assert isinstance(error, ConnectError)
    assert TOKEN.encode() not in b"".join(came)


async def test_silence_after_the_body_is_unknown() -> None:
    """No answer within Timeout.read: UNKNOWN."""
    async with serving(silent) as server:
        transport = AiohttpTransport()
        error = await refused_by(transport, to(server.url, read=0.2))
        await transport.aclose()
    assert isinstance(error, ReadTimeoutError)
    assert error.outcome is Outcome.UNKNOWN
    assert "0.2 s" in str(error)


async def stall(exchange: Exchange) -> None:
    """Read nothing more of the body."""
    await asyncio.sleep(60)


async def test_a_stall_after_the_last_block_was_begun_is_unknown() -> None:
    """A body of a single block is begun as a whole, so nobody knows: UNKNOWN."""
    async with serving(stall) as server:
        transport = AiohttpTransport()
        error = await refused_by(transport, to(server.url, BIG, write=0.3))
        await transport.aclose()
    assert isinstance(error, ReadTimeoutError)


def photo_of(folder: Path, size: int = 24_000_000) -> FaceImage:
    """A photograph on disk, larger than all buffers between client and server."""
    path = folder / "photo.jpg"
    with path.open("wb") as file:
        file.write(b"\xff\xd8\xff")
        file.truncate(size)
    return FaceImage.from_path(path)


def with_image(url: str, image: FaceImage, **seconds: float) -> HttpRequest:
    """A request with one image in its body."""
    part = Base64Part(label="images[0]", source=image)
    return HttpRequest(
        method="POST",
        url=url,
        headers={"Authorization": f"Bearer {TOKEN}"},
        body=Body((b'["', part, b'"]')),
        timeout=Timeout(**seconds),
    )


async def test_a_stalled_image_was_not_sent(tmp_path: Path) -> None:
    """A stall before the last block of an image was begun: NOT_SENT."""
    async with serving(stall) as server:
        transport = AiohttpTransport()
        request = with_image(server.url, photo_of(tmp_path), write=0.3)
        error = await refused_by(transport, request)
        await transport.aclose()
    assert isinstance(error, WriteError)
    assert error.outcome is Outcome.NOT_SENT
    assert "0.3 s" in str(error)


async def reset_early(exchange: Exchange) -> None:
    """Take a little, then reset the connection."""
    await exchange.reader.read(50_000)
    exchange.reset()


async def test_a_reset_while_sending_was_not_sent(tmp_path: Path) -> None:
    """A connection that dies before the last block was begun: NOT_SENT."""
    async with serving(reset_early) as server:
        transport = AiohttpTransport()
        request = with_image(server.url, photo_of(tmp_path))
        error = await refused_by(transport, request)
        await transport.aclose()
        assert len(server.exchanges) == 1
    assert isinstance(error, WriteError)
    assert error.outcome is Outcome.NOT_SENT


async def reset_late(exchange: Exchange) -> None:
    """Take everything, then reset the connection."""
    await exchange.read_body()
    exchange.reset()


async def garbage(exchange: Exchange) -> None:
    """Answer something that is no HTTP."""
    await exchange.read_body()
    await exchange.write(b"HTTP/9.9 banana\r\n\r\n")


async def truncated(exchange: Exchange) -> None:
    """Promise a hundred bytes and send five."""
    await exchange.read_body()
    await exchange.write(b'HTTP/1.1 409 No\r\nContent-Length: 100\r\n\r\n{"mes')
    exchange.writer.close()


async def bad_chunk(exchange: Exchange) -> None:
    """Send a chunk without a size."""
    await exchange.read_body()
    await exchange.write(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\noops\r\n"
    )


async def bad_gzip(exchange: Exchange) -> None:
    """Say gzip and send something else."""
    await exchange.read_body()
    await exchange.write(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\noops"
    )


@pytest.mark.parametrize(
    "behaviour", [reset_late, garbage, truncated, bad_chunk, bad_gzip]
)
async def test_an_unreadable_answer_is_unknown(behaviour: object) -> None:
    """Sent whole, answered with rubbish: UNKNOWN, and never an invented status."""
    async with serving(behaviour) as server:  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        transport = AiohttpTransport()
        error = await refused_by(transport, to(server.url))
        await transport.aclose()
        assert len(server.exchanges) == 1
    assert isinstance(error, ConnectionLostError)
    assert not hasattr(error, "status")


async def test_a_stall_inside_the_answer_is_unknown() -> None:
    """Half an answer and then silence: UNKNOWN."""

    async def half(exchange: Exchange) -> None:
        await exchange.read_body()
        await exchange.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
        await asyncio.sleep(60)

    async with serving(half) as server:
        transport = AiohttpTransport()
        error = await refused_by(transport, to(server.url, read=0.2))
        await transport.aclose()
    assert isinstance(error, ReadTimeoutError)


async def test_an_early_refusal_is_read_and_the_upload_ends(tmp_path: Path) -> None:
    """413 while the body is under way reaches the caller; the connection closes."""

    async def too_large(exchange: Exchange) -> None:
        await exchange.answer(413, {"message": "too large"})
        await asyncio.sleep(60)

    async with serving(too_large, echo) as server:
        transport = AiohttpTransport()
        response = await transport.send(with_image(server.url, photo_of(tmp_path)))
        assert response.status == 413
        assert (await transport.send(to(server.url))).status == 200
        assert server.connections == 2
        await transport.aclose()


async def test_redirects_are_not_followed() -> None:
    """A redirect is an answer like others: the token goes nowhere else."""

    async def elsewhere(exchange: Exchange) -> None:
        await exchange.read_body()
        await exchange.answer(307, {}, {"Location": "http://127.0.0.1:1/"})

    async with serving(elsewhere) as server:
        transport = AiohttpTransport()
        response = await transport.send(to(server.url))
        await transport.aclose()
        assert len(server.exchanges) == 1
    assert response.status == 307


@pytest.mark.parametrize(
    "url", ["http://api.verifik.co", "http://10.0.0.1", "http://localhost.evil.example"]
)
async def test_plain_http_to_others_is_refused(url: str) -> None:
    """Without TLS nothing leaves this machine."""
    transport = AiohttpTransport()
    error = await refused_by(transport, to(url))
    assert isinstance(error, ConfigurationError)


async def test_a_huge_answer_is_cut_off() -> None:
    """An answer over the limit is not read on: UNKNOWN."""

    async def flood(exchange: Exchange) -> None:
        await exchange.read_body()
        await exchange.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            await exchange.write(b"z" * 9_999_999)

    async with serving(flood) as server:
        transport = AiohttpTransport(largest_response=1000)
        error = await refused_by(transport, to(server.url))
        await transport.aclose()
    assert isinstance(error, UnexpectedResponseError)
    assert error.outcome is Outcome.UNKNOWN


async def test_a_compressed_answer_is_unpacked() -> None:
    """Compression is undone before the answer is handed on."""

    async def zipped(exchange: Exchange) -> None:
        await exchange.read_body()
        body = gzip.compress(b'{"a": 1}')
        head = f"Content-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
        await exchange.write(b"HTTP/1.1 200 OK\r\n" + head.encode() + body)

    async with serving(zipped) as server:
        transport = AiohttpTransport()
        assert (await transport.send(to(server.url))).body == b'{"a": 1}'
        await transport.aclose()


async def test_no_timeout_counts_the_wait_for_a_slot() -> None:
    """Forty calls through ten slots, each slower than a quarter of Timeout.read."""
    under_way = most = 0

    async def slow(exchange: Exchange) -> None:
        nonlocal under_way, most
        await exchange.read_body()
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.15)
        under_way -= 1
        await exchange.answer(200, {})

    async with serving(slow) as server:
        transport = AiohttpTransport(connections=10)
        requests = [to(server.url, read=0.5, connect=0.5) for _ in range(40)]
        answers = await asyncio.gather(*map(transport.send, requests))
        await transport.aclose()
        assert server.connections <= 10
    assert [answer.status for answer in answers] == [200] * 40
    assert most == 10


async def test_parallel_calls_get_their_own_answers() -> None:
    """Five hundred calls side by side: nobody gets another's answer."""
    async with serving(echo) as server:
        transport = AiohttpTransport()
        requests = [to(server.url, f"person {n}".encode()) for n in range(500)]
        answers = await asyncio.gather(*map(transport.send, requests))
        await transport.aclose()
    got = [json.loads(answer.body)["body"] for answer in answers]
    assert got == [f"person {n}" for n in range(500)]


@pytest.mark.parametrize("phase", ["sending", "waiting", "reading"])
async def test_a_cancelled_call_frees_its_connection(
    phase: str, tmp_path: Path
) -> None:
    """Cancelling in any phase closes the connection and frees the slot."""
    reached = asyncio.Event()

    async def hang(exchange: Exchange) -> None:
        if phase != "sending":
            await exchange.read_body()
        if phase == "reading":
            await exchange.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")
        reached.set()
        await asyncio.sleep(60)

    async with serving(hang, echo) as server:
        transport = AiohttpTransport(connections=1)
        request = with_image(server.url, photo_of(tmp_path))
        task = asyncio.create_task(transport.send(request))
        await reached.wait()
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await transport.send(to(server.url))).status == 200
        assert server.connections == 2
        await transport.aclose()


async def test_a_file_that_shrank_is_not_sent(tmp_path: Path) -> None:
    """A file changed since the check is refused before its end is sent."""
    image = photo_of(tmp_path)
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff" + b"p" * 5_000_000)
    async with serving(drop_after_body) as server:
        transport = AiohttpTransport()
        error = await refused_by(transport, with_image(server.url, image))
        await transport.aclose()
        assert all(len(e.body) < e.length for e in server.exchanges)
    assert isinstance(error, InvalidRequestError)
    assert error.outcome is Outcome.NOT_SENT
    assert error.faults[0].field == "images[0]"


async def test_a_file_that_vanished_is_not_sent(tmp_path: Path) -> None:
    """A file deleted since the check is refused."""
    image = photo_of(tmp_path)
    (tmp_path / "photo.jpg").unlink()
    async with serving(echo) as server:
        transport = AiohttpTransport()
        error = await refused_by(transport, with_image(server.url, image))
        await transport.aclose()
    assert isinstance(error, InvalidRequestError)
    assert "No such file" in str(error)


async def test_a_borrowed_session_stays_open() -> None:
    """Closing the transport leaves a session of the caller's alone."""
    async with serving(echo) as server, aiohttp.ClientSession() as session:
        transport = AiohttpTransport(session)
        assert (await transport.send(to(server.url))).status == 200
        await transport.aclose()
        assert not session.closed
        async with session.get(server.url) as response:
            assert response.status == 200


async def test_a_closed_transport_refuses() -> None:
    """After aclose, which may be called twice, nothing is sent."""
    transport = AiohttpTransport()
    await transport.aclose()
    await transport.aclose()
    with pytest.raises(ClientClosedError):
        await transport.send(to("http://127.0.0.1:1"))


async def test_a_proxy_is_asked_for_the_whole_address() -> None:
    """With `proxy`, requests go there."""
    async with serving(echo) as server:
        transport = AiohttpTransport(proxy=server.url)
        response = await transport.send(to("http://127.0.0.1:9"))
        await transport.aclose()
    line = json.loads(response.body)["line"]
    assert line == "POST http://127.0.0.1:9/a/path HTTP/1.1"


async def test_idle_connections_are_used_again() -> None:
    """Calls one after another share one connection."""
    async with serving(echo) as server:
        transport = AiohttpTransport()
        for _ in range(3):
            await transport.send(to(server.url))
        await transport.aclose()
        assert server.connections == 1


async def test_nothing_private_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """At DEBUG level no log of anybody holds the token or the body."""
    caplog.set_level(logging.DEBUG)
    secret = b"face-that-must-not-be-seen"
    async with serving(echo, drop_after_body, garbage) as server:
        transport = AiohttpTransport()
        await transport.send(to(server.url, secret))
        await refused_by(transport, to(server.url, secret))
        await refused_by(transport, to(server.url, secret))
        await transport.aclose()
    assert TOKEN not in caplog.text
    assert secret.decode() not in caplog.text


def test_two_loops_one_after_another_leave_nothing_open() -> None:
    """One transport in two runs of asyncio, never closed: no warning, no leak."""
    program = """
        import asyncio, gc
        from verifik_async import AiohttpTransport, Body, HttpRequest
        from raw_server import serving

        async def hello(exchange):
            await exchange.read_body()
            await exchange.answer(200, {})

        transport = AiohttpTransport()

        async def main():
            async with serving(hello) as server:
                request = HttpRequest(
                    method="POST", url=server.url, headers={}, body=Body((b"{}",))
                )
                for _ in range(2):
                    assert (await transport.send(request)).status == 200
                assert server.connections == 1

        asyncio.run(main())
        gc.collect()
        asyncio.run(main())
        del transport
        gc.collect()
        print("done")
    """
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(Path(__file__).parents[1] / "support")},
        timeout=60,
    )
    assert ran.stdout == "done\n"
    assert ran.stderr == ""
    assert ran.returncode == 0


async def test_an_answer_that_nobody_asked_for_is_nobodys() -> None:
    """What stood on a kept connection is not taken for the next request's answer."""

    async def talkative(exchange: Exchange) -> None:
        await exchange.read_body()
        await exchange.answer(200, {"for": 1})
        await asyncio.sleep(0.02)
        await exchange.answer(409, {"message": "409:duplicated_person"})

    async with serving(talkative, echo) as server:
        transport = AiohttpTransport()
        await transport.send(to(server.url))
        await asyncio.sleep(0.1)
        assert (await transport.send(to(server.url))).status == 200
        assert server.connections == len(server.exchanges) == 2
        await transport.aclose()


async def test_a_connection_closed_while_idle_was_not_used() -> None:
    """A close that arrived while the loop was busy costs nothing."""

    async def then_close(exchange: Exchange) -> None:
        await exchange.read_body()
        await exchange.answer(200, {})
        exchange.writer.close()

    async with serving(then_close, echo) as server:
        transport = AiohttpTransport()
        await transport.send(to(server.url))
        time.sleep(0.05)  # noqa: ASYNC251 - the loop is busy while the close arrives
        assert (await transport.send(to(server.url))).status == 200
        assert server.connections == len(server.exchanges) == 2
        await transport.aclose()


@pytest.mark.parametrize("interim", [b"100 Continue", b"102 Processing", b"103 Hints"])
async def test_an_interim_answer_does_not_end_patience(interim: bytes) -> None:
    """After an interim answer the true one must come within Timeout.read."""

    async def promising(exchange: Exchange) -> None:
        await exchange.read_body()
        await exchange.write(b"HTTP/1.1 " + interim + b"\r\n\r\n")
        await asyncio.sleep(60)

    async with serving(promising) as server:
        transport = AiohttpTransport()
        error = await refused_by(transport, to(server.url, read=0.2))
        await transport.aclose()
    assert isinstance(error, ReadTimeoutError)


async def test_a_bad_chunk_later_does_not_hang() -> None:
    """A parser that fails in mid-answer ends the call within Timeout.read."""

    async def late_garbage(exchange: Exchange) -> None:
        await exchange.read_body()
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        await exchange.write(head + b"1\r\n{\r\n")
        await asyncio.sleep(0.05)
        await exchange.write(b"zz\r\n")
        await asyncio.sleep(60)

    async with serving(late_garbage) as server:
        transport = AiohttpTransport()
        error = await refused_by(transport, to(server.url, read=0.3))
        await transport.aclose()
    assert error.outcome is Outcome.UNKNOWN


async def test_closing_refuses_those_who_wait_for_a_slot() -> None:
    """Nothing is sent after aclose, also by calls that began before it."""

    async def slow(exchange: Exchange) -> None:
        await exchange.read_body()
        await asyncio.sleep(0.2)
        await exchange.answer(200, {})

    async with serving(slow) as server:
        transport = AiohttpTransport(connections=1)
        calls = [asyncio.create_task(transport.send(to(server.url))) for _ in range(4)]
        await asyncio.sleep(0.05)
        await transport.aclose()
        errors = await asyncio.gather(*calls, return_exceptions=True)
        assert len(server.exchanges) == 1
    assert [type(error) for error in errors[1:]] == [ClientClosedError] * 3


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_server_that_fails_early_cannot_have_acted(
    status: int, tmp_path: Path
) -> None:
    """5xx before the whole body was handed over: NOT_SENT."""

    async def fail_early(exchange: Exchange) -> None:
        await exchange.answer(status, {"message": "internal_error"})
        await asyncio.sleep(60)

    async with serving(fail_early) as server:
        transport = AiohttpTransport()
        request = with_image(server.url, photo_of(tmp_path))
        error = await refused_by(transport, request)
        await transport.aclose()
    assert isinstance(error, WriteError)
    assert str(status) in str(error)


async def test_a_cancelled_call_knows_whether_it_was_sent(tmp_path: Path) -> None:
    """A cancellation carries what is known of its request."""

    async def cancelled(request: HttpRequest) -> Outcome:
        async with serving(stall if request.body.size > 10 else silent) as server:
            transport = AiohttpTransport()
            there = attrs.evolve(request, url=server.url)
            task = asyncio.create_task(transport.send(there))
            await asyncio.sleep(0.1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
            await transport.aclose()
        return outcome_of(caught.value)

    assert await cancelled(to("")) is Outcome.UNKNOWN
    assert await cancelled(with_image("", photo_of(tmp_path))) is Outcome.NOT_SENT


async def test_a_session_that_raises_for_status_changes_nothing() -> None:
    """What a borrowed session does by itself does not hide an answer."""

    async def conflict(exchange: Exchange) -> None:
        await exchange.read_body()
        await exchange.answer(409, {"message": "409:duplicated_person"})

    async with (
        serving(conflict) as server,
        aiohttp.ClientSession(raise_for_status=True) as session,
    ):
        response = await AiohttpTransport(session).send(to(server.url))
    assert response.status == 409


async def test_a_session_of_no_use_is_a_matter_of_set_up() -> None:
    """A borrowed session that is closed is refused before anything is sent."""
    session = aiohttp.ClientSession()
    await session.close()
    error = await refused_by(AiohttpTransport(session), to("http://127.0.0.1:1"))
    assert isinstance(error, ConfigurationError)


def test_a_transport_needs_a_connection() -> None:
    """No slots would mean waiting for ever."""
    with pytest.raises(ConfigurationError, match="connections"):
        AiohttpTransport(connections=0)
