"""Requests over TLS and through proxies."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
from collections.abc import AsyncGenerator

import pytest
from photo_calls import (
    confirm,
    photo,
    to,
)
from raw_server import Behaviour, Exchange, RawServer, serving

from verifik_async import (
    AiohttpTransport,
    ConnectError,
)
from verifik_async.testing.contract.tls import with_unknown_certificate


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
