"""What is sent on connections of aiohttp's, and what comes for an answer."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import attrs
import pytest
from photo_calls import (
    LARGE,
    OK,
    Held,
    confirm,
    photo,
    photo_on_disk,
    to,
)
from raw_server import Exchange, serving

from verifik_async import (
    AiohttpTransport,
    Body,
    ConfigurationError,
    ConnectError,
    ConnectionLostError,
    Outcome,
    WriteError,
)
from verifik_async.bodies import Base64Part


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


@pytest.mark.parametrize("size", [1_000, LARGE])
@pytest.mark.parametrize("came", [OK + b"Content-Length: 0\r\n\r\n", b"banana\r\n\r\n"])
async def test_what_came_while_a_block_was_made_is_nobodys(
    came: bytes, size: int
) -> None:
    """The connection is looked at right before it is used; here another one is."""
    held, talk = Held(size), asyncio.Event()

    async def talkative(exchange: Exchange) -> None:
        await confirm(exchange)
        await talk.wait()
        await exchange.write(came)

    async with serving(talkative, confirm) as server:
        transport = AiohttpTransport()
        await transport.send(to(server.url))
        body = Body((Base64Part(label="images[0]", source=held.image),))
        request = attrs.evolve(to(server.url), body=body)
        call = asyncio.create_task(transport.send(request))
        await asyncio.to_thread(held.reading.wait, 10)
        talk.set()
        await asyncio.sleep(0.05)
        held.go_on.set()
        assert (await call).body == b"{}"
        await transport.aclose()
        assert server.connections == len(server.exchanges) == 2
        assert server.exchanges[1].body == body.read()


@pytest.mark.parametrize("size", [1_000, 300_000, LARGE])
async def test_kept_connections_that_have_spoken_cost_no_attempt(size: int) -> None:
    """However many of them there are, the request goes over a new one."""

    async def hang_up(exchange: Exchange) -> None:
        await exchange.read_body()
        await asyncio.sleep(0.05)  # until all have come
        await exchange.answer(200, {})
        await asyncio.sleep(0.05)
        await exchange.answer(408, {}, {"Connection": "close"})
        await asyncio.sleep(60)

    async with serving(*[hang_up] * 5, confirm) as server:
        transport = AiohttpTransport()
        await asyncio.gather(*(transport.send(to(server.url)) for _ in range(5)))
        await asyncio.sleep(0.2)
        assert server.connections == 5
        assert (await transport.send(to(server.url, photo(size)))).status == 200
        assert server.connections == len(server.exchanges) == 6
        await transport.aclose()


@pytest.mark.parametrize("size", [1_000, 300_000, LARGE])
async def test_a_server_that_speaks_first_is_asked_once(size: int) -> None:
    """As one that is overloaded: a new connection that has spoken is not sent on."""
    accepted, left = 0, asyncio.Event()

    async def refuse(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        nonlocal accepted
        accepted += 1
        writer.write(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            await reader.read()  # until the client leaves
        writer.close()
        left.set()

    held = Held(size)
    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        transport = AiohttpTransport()
        request = to(f"http://127.0.0.1:{port}", held.image)
        call = asyncio.create_task(transport.send(request))
        while not (held.reading.is_set() or call.done()):  # noqa: ASYNC110 - a thread
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        held.go_on.set()
        with pytest.raises(ConnectError) as caught:
            await call
        await transport.aclose()
        await asyncio.wait_for(left.wait(), 10)
    assert accepted == 1
    assert caught.value.outcome is Outcome.NOT_SENT
