"""Requests on aiohttp's connections: over TLS, through proxies, and what is left."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gc
import io
import ssl
import sys
import threading
import weakref
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import attrs
import pytest
from raw_server import Behaviour, Exchange, RawServer, serving

from verifik_async import (
    AiohttpTransport,
    Body,
    ConfigurationError,
    ConnectError,
    ConnectionLostError,
    FaceImage,
    HttpRequest,
    Outcome,
    Timeout,
    VerifikError,
    WriteError,
)
from verifik_async.errors import outcome_of
from verifik_async.testing.contract.tls import with_unknown_certificate
from verifik_async.wire import Base64Part

LARGE = 1_500_000
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def to(url: str, *images: FaceImage, **headers: str) -> HttpRequest:
    """A request for `url`, with these images."""
    parts = [Base64Part(label="images[]", source=image) for image in images]
    return HttpRequest(
        method="POST",
        url=f"{url}/a/path",
        headers={"Authorization": "Bearer token", **headers},
        body=Body((b"[", *parts, b"]")),
        timeout=Timeout(write=5, read=5),
    )


def photo(size: int = LARGE) -> FaceImage:
    """A photograph in memory."""
    return FaceImage.from_bytes(b"\xff\xd8\xff" + b"p" * size)


def photo_on_disk(folder: Path, size: int = 24_000_000) -> FaceImage:
    """A photograph larger than all buffers between client and server."""
    path = folder / "photo.jpg"
    with path.open("wb") as file:
        file.write(b"\xff\xd8\xff")
        file.truncate(size)
    return FaceImage.from_path(path)


async def confirm(exchange: Exchange) -> None:
    """Take everything and say yes."""
    await exchange.read_body()
    await exchange.answer(200, {})


async def stall(exchange: Exchange) -> None:
    """Read nothing of the body."""
    await asyncio.sleep(60)


async def silent(exchange: Exchange) -> None:
    """Take everything and never answer."""
    await exchange.read_body()
    await asyncio.sleep(60)


# TLS


@contextlib.asynccontextmanager
async def secure(
    *behaviours: Behaviour,
) -> AsyncGenerator[tuple[RawServer, ssl.SSLContext]]:
    """A server that speaks TLS, and what trusts it."""
    raw = RawServer()
    raw.behaviours.extend(behaviours)
    server = await asyncio.start_server(
        raw.accept, "127.0.0.1", 0, limit=1 << 20, ssl=with_unknown_certificate()
    )
    address = "127.0.0.1", server.sockets[0].getsockname()[1]
    raw.url = "https://{}:{}".format(*address)
    pem = await asyncio.to_thread(ssl.get_server_certificate, address)
    await asyncio.sleep(0.01)
    raw.connections = 0
    try:
        yield raw, ssl.create_default_context(cadata=pem)
    finally:
        await raw.stop()
        server.close()
        await server.wait_closed()


async def test_bodies_of_all_sizes_go_over_one_tls_connection() -> None:
    """A trusted server gets all of it, on a connection that is kept."""
    async with secure(confirm) as (server, trusting):
        transport = AiohttpTransport(ssl=trusting)
        for images in ((), (photo(), photo()), (photo(100_000),), ()):
            request = to(server.url, *images)
            assert (await transport.send(request)).status == 200
            assert server.exchanges[-1].body == request.body.read()
        await transport.aclose()
        assert server.connections == 1


async def test_an_early_refusal_over_tls_is_read() -> None:
    """An answer in mid-body is had over TLS, too, and ends the connection."""

    async def refuse(exchange: Exchange) -> None:
        await exchange.answer(401, {})
        await asyncio.sleep(60)

    async with secure(refuse, confirm) as (server, trusting):
        transport = AiohttpTransport(ssl=trusting)
        request = to(server.url, photo(12_000_000))
        assert (await transport.send(request)).status == 401
        assert (await transport.send(to(server.url))).status == 200
        await transport.aclose()
        assert server.connections == 2


# Proxies


class Proxy:
    """Lets through whoever knows the password."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []
        self.url = ""
        self.serving: set[asyncio.Task[None]] = set()

    def accept(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Serve a connection; a task of our own can be cancelled quietly."""
        self.serving.add(asyncio.create_task(self.connect(reader, writer)))

    async def connect(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Do what a CONNECT asks for."""
        with contextlib.closing(writer):
            self.heads.append(await reader.readuntil(b"\r\n\r\n"))
            if b"Basic " + base64.b64encode(b"user:pass word") not in self.heads[-1]:
                writer.write(b"HTTP/1.1 407 Who?\r\nContent-Length: 0\r\n\r\n")
                return
            host, _, port = self.heads[-1].split()[1].decode().rpartition(":")
            there, on = await asyncio.open_connection(host, int(port))
            with contextlib.closing(on):
                writer.write(b"HTTP/1.1 200 Go on\r\n\r\n")
                await asyncio.gather(pass_on(reader, on), pass_on(there, writer))


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Everything, to the end."""
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


@contextlib.asynccontextmanager
async def proxying() -> AsyncGenerator[Proxy]:
    """A proxy on loopback."""
    proxy = Proxy()
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    proxy.url = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
        for task in proxy.serving:
            task.cancel()
        await asyncio.gather(*proxy.serving, return_exceptions=True)
        await asyncio.sleep(0)


async def test_tls_goes_through_a_proxy_that_wants_a_password() -> None:
    """The proxy is told its password once, and the server never."""
    async with proxying() as proxy, secure(confirm) as (server, trusting):
        url = f"http://user:pass%20word@{proxy.url}"
        transport = AiohttpTransport(ssl=trusting, proxy=url)
        for images in ((), (photo(),), ()):
            assert (await transport.send(to(server.url, *images))).status == 200
        await transport.aclose()
        assert len(proxy.heads) == server.connections == 1
        assert b"Bearer" not in proxy.heads[0]
        assert all(
            "proxy-authorization" not in exchange.headers
            for exchange in server.exchanges
        )


async def test_a_proxy_that_refuses_was_not_sent() -> None:
    """Without its password a proxy says 407: NOT_SENT, and no answer of the API's."""
    async with proxying() as proxy, secure(confirm) as (server, trusting):
        transport = AiohttpTransport(ssl=trusting, proxy=f"http://{proxy.url}")
        with pytest.raises(ConnectError, match="407"):
            await transport.send(to(server.url))
        await transport.aclose()
        assert not server.exchanges


async def test_each_plain_request_tells_the_proxy_the_password() -> None:
    """Where the proxy reads the requests themselves, each names all it needs."""
    async with serving(confirm) as server:
        url = server.url.replace("//", "//user:pass%20word@")
        transport = AiohttpTransport(proxy=url)
        for _ in range(2):
            await transport.send(to("http://127.0.0.1:9"))
        await transport.aclose()
        secret = base64.b64encode(b"user:pass word").decode()
        for exchange in server.exchanges:
            assert exchange.request_line == "POST http://127.0.0.1:9/a/path HTTP/1.1"
            assert exchange.headers["proxy-authorization"] == f"Basic {secret}"
        assert server.connections == 1


# Heads


@pytest.mark.parametrize(
    "header",
    [
        {"A": "b\r\nInjected: c"},
        {"A": "b\n"},
        {"A": "b\x00"},
        {"A": "b\x7f"},
        {"A\r\nInjected": "b"},
        {"A": "\udcff"},
    ],
)
async def test_no_header_can_begin_another(header: dict[str, str]) -> None:
    """Control characters and halves of characters are refused before anything goes."""
    async with serving(confirm) as server:
        transport = AiohttpTransport()
        with pytest.raises(ConfigurationError) as caught:
            await transport.send(to(server.url, **header))
        await transport.aclose()
        assert not server.exchanges
    assert caught.value.outcome is Outcome.NOT_SENT
    assert "Injected" not in str(caught.value)


async def test_headers_of_other_scripts_go_as_utf_8() -> None:
    """A value beyond ASCII arrives as its UTF-8 bytes; a tab is fine."""
    async with serving(confirm) as server:
        transport = AiohttpTransport()
        await transport.send(to(server.url, A="é\t日本"))
        await transport.aclose()
        sent = server.exchanges[0].headers["a"].encode("latin-1").decode()
    assert sent == "é\t日本"


async def test_the_length_is_that_of_the_body() -> None:
    """A length among the headers could cut the request in two: ours stands."""
    async with serving(confirm) as server:
        transport = AiohttpTransport()
        await transport.send(to(server.url, **{"content-LENGTH": "1"}))
        await transport.aclose()
        assert server.exchanges[0].head.lower().count(b"content-length") == 1
        assert server.exchanges[0].length == 2


# Answers

OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("raw", "status", "kept"),
    [
        (OK + b"Content-Length: 2\r\n\r\n{}", 200, True),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 200, True),
        (OK + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}", 200, False),
        (OK + b"\r\n{}", 200, False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", 200, False),
        (
            b"HTTP/1.1 103 Hints\r\n\r\n" * 2 + OK + b"Content-Length: 0\r\n\r\n",
            200,
            True,
        ),
        (b"HTTP/1.1 204 None\r\n\r\n", 204, True),
        (
            b"HTTP/1.1 101 Other\r\nUpgrade: a\r\nConnection: upgrade\r\n\r\nb",
            101,
            False,
        ),
        (OK + b"Content-Length: 0\r\n\r\n" + OK + b"\r\n", 200, False),
    ],
)
async def test_answers_of_all_kinds_are_read(
    raw: bytes, status: int, *, kept: bool
) -> None:
    """However an answer ends; its connection is kept if it is fit for another."""

    async def answer(exchange: Exchange) -> None:
        await exchange.read_body()
        await exchange.write(raw)
        if raw == OK + b"\r\n{}":
            exchange.writer.close()

    async with serving(answer, confirm) as server:
        transport = AiohttpTransport()
        assert (await transport.send(to(server.url))).status == status
        assert (await transport.send(to(server.url))).body == b"{}"
        await transport.aclose()
        assert server.connections == (1 if kept else 2)


@pytest.mark.parametrize("short_of_all", [4_000_010, 4_000_009, 300_000, 1, 0])
async def test_a_reset_anywhere_tells_no_lie(short_of_all: int) -> None:
    """NOT_SENT tells how much is missing; a server that has it all is UNKNOWN."""

    async def reset(exchange: Exchange) -> None:
        left = exchange.length - short_of_all
        while left > 0:
            left -= len(await exchange.reader.read(left))
        exchange.reset()

    async with serving(reset) as server:
        transport = AiohttpTransport()
        request = to(server.url, photo(), photo())
        assert request.body.size == 4_000_010
        with pytest.raises((WriteError, ConnectionLostError)) as caught:
            await transport.send(request)
        await transport.aclose()
    if caught.value.outcome is Outcome.NOT_SENT:
        assert short_of_all
        assert f"of {request.body.size} bytes" in str(caught.value)


async def test_a_yes_to_half_a_body_is_no_answer_to_it(tmp_path: Path) -> None:
    """Nobody is enrolled from half a body: it was meant for another. NOT_SENT."""

    async def agree(exchange: Exchange) -> None:
        await exchange.answer(200, {"data": {}})
        await asyncio.sleep(60)

    async with serving(agree, confirm) as server:
        transport = AiohttpTransport()
        with pytest.raises(WriteError, match="HTTP 200 after"):
            await transport.send(to(server.url, photo_on_disk(tmp_path)))
        assert (await transport.send(to(server.url))).body == b"{}"
        await transport.aclose()
        assert server.connections == 2


# What is left


def open_files(word: str) -> int:
    """Files and sockets of this process whose names hold `word`."""
    found = 0
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # the one that lists them
            found += word in str(link.readlink())
    return found


@pytest.fixture
def _no_gc() -> Generator[None]:
    """What is freed is freed at once, without the collector."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@LINUX
@pytest.mark.usefixtures("_no_gc")
async def test_a_server_that_takes_no_more_holds_nothing_open(tmp_path: Path) -> None:
    """Cancelled or out of time, neither socket nor photograph stays open."""
    async with serving(stall) as server:
        transport = AiohttpTransport()
        request = to(server.url, photo_on_disk(tmp_path))
        idle = open_files("socket:")
        call = asyncio.create_task(transport.send(request))
        await asyncio.sleep(0.1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError) as cancelled:
            await call
        hasty = attrs.evolve(request, timeout=Timeout(write=0.1))
        with pytest.raises(WriteError):
            await transport.send(hasty)
        await asyncio.sleep(0.05)
        assert open_files("socket:") == idle + server.open_connections
        assert open_files(str(tmp_path)) == 0
        await transport.aclose()
    assert outcome_of(cancelled.value) is Outcome.NOT_SENT


async def garble(exchange: Exchange) -> None:
    """Answer what is no HTTP."""
    await exchange.read_body()
    await exchange.write(b"banana\r\n\r\n")


async def leave(exchange: Exchange) -> None:
    """Close without a word."""
    await exchange.read_body()
    exchange.writer.close()


@pytest.mark.parametrize("size", [1_000, LARGE])
@pytest.mark.parametrize("behaviour", [confirm, silent, garble, leave])
@pytest.mark.usefixtures("_no_gc")
async def test_no_photograph_outlives_its_call(behaviour: Behaviour, size: int) -> None:
    """However a call ends, nothing of the transport's keeps its images."""
    async with serving(behaviour) as server:
        transport = AiohttpTransport()
        image = photo(size)
        left = weakref.ref(image)
        request = attrs.evolve(to(server.url, image), timeout=Timeout(read=0.1))
        with contextlib.suppress(VerifikError):
            await asyncio.create_task(transport.send(request))
        del image, request
        await asyncio.sleep(0.01)
        assert left() is None
        await transport.aclose()


async def test_a_cancelled_call_carries_no_part_of_its_answer() -> None:
    """Whoever reports a cancellation with its variables reports no person."""

    async def begin(exchange: Exchange) -> None:
        await exchange.read_body()
        await exchange.write(OK + b'Content-Length: 99\r\n\r\n{"name":"Jane Doe"')
        await asyncio.sleep(60)

    async with serving(begin) as server:
        proxy = server.url.replace("//", "//user:password@")
        transport = AiohttpTransport(proxy=proxy)
        call = asyncio.create_task(transport.send(to(server.url)))
        await asyncio.sleep(0.1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await call
        await transport.aclose()
    variables = [
        repr(value)
        for entry in caught.traceback
        if "verifik_async" in str(entry.path)
        for value in entry.frame.f_locals.values()
    ]
    assert variables
    assert not [text for text in variables if "Jane" in text or "password" in text]


def test_a_loop_that_ends_leaves_no_thread() -> None:
    """Nobody closed the transport, and it lives: its threads end with the loop."""
    transport = AiohttpTransport()

    async def main() -> None:
        async with serving(confirm) as server:
            await transport.send(to(server.url, photo()))

    before = set(threading.enumerate())
    asyncio.run(main())
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
    assert set(threading.enumerate()) <= before


class Held:
    """A photograph whose stream waits until it may go on."""

    def __init__(self, size: int = LARGE) -> None:
        data = b"\xff\xd8\xff" + b"p" * size
        self.reading = reading = threading.Event()
        self.go_on = go_on = threading.Event()

        class Slow(io.BytesIO):
            def read(self, size: int | None = -1, /) -> bytes:
                reading.set()
                go_on.wait(10)
                return super().read(size)

        go_on.set()
        self.image = FaceImage.from_opener(lambda: Slow(data), len(data))
        reading.clear()
        go_on.clear()


@pytest.mark.parametrize("size", [1_000, LARGE])
@pytest.mark.parametrize("came", [OK + b"Content-Length: 0\r\n\r\n", b"banana\r\n\r\n"])
async def test_what_came_while_a_block_was_made_is_nobodys(
    came: bytes, size: int
) -> None:
    """The connection is looked at right before it is used, not before the wait."""
    held, talk = Held(size), asyncio.Event()

    async def talkative(exchange: Exchange) -> None:
        await confirm(exchange)
        await talk.wait()
        await exchange.write(came)

    async with serving(talkative) as server:
        transport = AiohttpTransport()
        await transport.send(to(server.url))
        body = Body((Base64Part(label="images[0]", source=held.image),))
        request = attrs.evolve(to(server.url), body=body)
        call = asyncio.create_task(transport.send(request))
        await asyncio.to_thread(held.reading.wait, 10)
        talk.set()
        await asyncio.sleep(0.05)
        held.go_on.set()
        with pytest.raises(ConnectError) as caught:
            await call
        await transport.aclose()
        assert len(server.exchanges) == 1
    assert caught.value.outcome is Outcome.NOT_SENT


async def test_a_call_cancelled_while_a_block_is_made_sends_no_more() -> None:
    """What a thread still makes goes nowhere, and the connection is not used again."""
    held = Held()
    async with serving(stall, confirm) as server:
        transport = AiohttpTransport(connections=1)
        request = to(server.url, photo(), held.image)
        call = asyncio.create_task(transport.send(request))
        await asyncio.to_thread(held.reading.wait, 10)
        call.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await call
        held.go_on.set()
        assert (await transport.send(to(server.url))).status == 200
        assert server.connections == 2
        await transport.aclose()
    assert outcome_of(caught.value) is Outcome.NOT_SENT
