"""Requests on connections of aiohttp's, without the rest of aiohttp.

aiohttp looks up addresses, connects, speaks TLS, asks proxies, keeps connections and
parses answers. What its sessions do besides for any use of HTTP (cookies, redirects,
passwords from elsewhere, tracing, middlewares) has no use here, and takes more of a
processor than all the rest of a small request.
"""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING, Self

import aiohttp
import attrs
import yarl
from aiohttp.http_writer import StreamWriter

from verifik_async.wire import SMALL_BODY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ssl import SSLContext
    from types import TracebackType

    from aiohttp.client_proto import ResponseHandler
    from aiohttp.connector import Connection

    from verifik_async.transports.upload import Upload
    from verifik_async.wire import HttpRequest

KEEP_ALIVE = 4.0
"""Seconds that an idle connection is kept: Node's servers close theirs after five,
and a request that meets the closing ends with an unknown outcome."""

_ADDRESSES = 16
"""That are remembered: a client has one."""

_INTERIM, _SWITCHED, _FINAL = 100, 101, 200


@attrs.frozen(kw_only=True)
class Route:
    """What is the same for all requests to an address.

    Attributes:
        url: The address.
        proxy: Through which it is reached.
        limits: How long connecting may take.
    """

    url: yarl.URL
    proxy: str | None
    limits: aiohttp.ClientTimeout


class Direct:
    """The connections of one event loop."""

    def __init__(self, ssl: SSLContext | None) -> None:
        self._ssl: SSLContext | bool = True if ssl is None else ssl
        self._connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE)
        self._calling = functools.lru_cache(_ADDRESSES)(self._find_calling)

    def _find_calling(self, route: Route, method: str) -> aiohttp.ClientRequest:
        return aiohttp.ClientRequest(
            method,
            route.url,
            loop=asyncio.get_running_loop(),
            proxy=None if route.proxy is None else yarl.URL(route.proxy),
            ssl=self._ssl,
        )

    def exchange(self, request: HttpRequest, route: Route, upload: Upload) -> Exchange:
        """Send `request`, and give the answer once its head has come."""
        calling = self._calling(route, request.method)
        return Exchange(self._connector, calling, route, request.headers, upload)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._connector.close()


class Exchange:
    """A request and its answer, within an `async with`.

    Attributes:
        status: HTTP status of the answer.
        headers: Its headers.
        content: Its body.
    """

    status: int
    headers: Mapping[str, str]
    content: aiohttp.StreamReader

    def __init__(
        self,
        connector: aiohttp.BaseConnector,
        calling: aiohttp.ClientRequest,
        route: Route,
        headers: Mapping[str, str],
        upload: Upload,
    ) -> None:
        self._connector = connector
        self._calling = calling
        self._route = route
        self._headers = headers
        self._upload = upload
        self._connection: Connection | None = None
        self._writing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._connection = await self._connector.connect(
            self._calling, [], self._route.limits
        )
        try:
            protocol = self._connection.protocol
            assert protocol is not None  # noqa: S101 - for the type checkers
            protocol.set_response_params(read_until_eof=True)
            await self._send(protocol)
            await self._receive_head(protocol)
        except BaseException:
            self.close()
            raise
        return self

    async def _send(self, protocol: ResponseHandler) -> None:
        """Write the request: a large one while the answer is looked out for."""
        calling = self._calling
        writer = StreamWriter(protocol, calling.loop)
        plain_proxy = calling.proxy is not None and not calling.is_ssl()
        target = str(calling.url) if plain_proxy else calling.url.raw_path_qs
        headers = calling.headers.copy()
        headers.update(self._headers)
        headers["Content-Length"] = str(self._upload.size)
        await writer.write_headers(f"{calling.method} {target} HTTP/1.1", headers)
        if self._upload.size <= SMALL_BODY:
            await self._write(writer, protocol)
        else:
            self._writing = asyncio.create_task(self._write(writer, protocol))

    async def _write(self, writer: StreamWriter, protocol: ResponseHandler) -> None:
        try:
            await self._upload.write(writer)
            await writer.write_eof()
        except Exception as error:  # noqa: BLE001 - it is raised where the answer is read
            protocol.set_exception(error)

    async def _receive_head(self, protocol: ResponseHandler) -> None:
        while True:
            message, self.content = await protocol.read()
            status = message.code
            if not _INTERIM <= status < _FINAL or status == _SWITCHED:
                break
        self.status, self.headers = status, message.headers

    def close(self) -> None:
        """Close the connection, also if the request is still being sent."""
        if self._writing is not None:
            self._writing.cancel()
        if self._connection is not None:
            self._connection.close()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None or not self._upload.finished:
            self.close()
        elif self._connection is not None:
            self._connection.release()
