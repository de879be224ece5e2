"""Requests on connections of aiohttp's, without the rest of aiohttp.

aiohttp looks up addresses, connects, speaks TLS, asks proxies, keeps connections and
parses answers. What its sessions do besides for any use of HTTP (cookies, redirects,
passwords from elsewhere, tracing, middlewares) has no use here, and takes more of a
processor than all the rest of a small request.
"""

from __future__ import annotations

import asyncio
import functools
import re
from typing import TYPE_CHECKING, Self

import aiohttp
import attrs
import yarl
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.http_writer import StreamWriter

from verifik_async.bodies import SMALL_BODY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ssl import SSLContext
    from types import TracebackType

    from aiohttp.client_proto import ResponseHandler
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

    from verifik_async.transports.upload import Upload
    from verifik_async.wire import HttpRequest

KEEP_ALIVE = 4.0
"""Seconds that an idle connection is kept: Node's servers close theirs after five,
and a request that meets the closing ends with an unknown outcome."""

_OPENINGS = 16
"""That are remembered: a client has one for each token."""

_RECEIVED_AT_A_TIME = 64 * 1024

_INTERIM, _SWITCHED, _FINAL = 100, 101, 200

_NETWORK_ERRORS = (aiohttp.ClientError, HttpProcessingError, OSError)

_UNFIT = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
"""What must not stand in a header: it could begin another."""


@attrs.frozen(kw_only=True, eq=False)
class Route:
    """What is the same for all requests to an address.

    Attributes:
        url: The address.
        proxy: Through which it is reached.
        limits: How long connecting may take.
    """

    url: yarl.URL
    proxy: str | None = attrs.field(repr=False)  # may hold a password
    limits: aiohttp.ClientTimeout


class _Connector(aiohttp.TCPConnector):
    """Makes connections, and counts them."""

    made = 0

    async def _create_connection(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's
    ) -> ResponseHandler:
        self.made += 1
        return await super()._create_connection(req, traces, timeout)


class Direct:
    """The connections of one event loop."""

    def __init__(self, ssl: SSLContext | None) -> None:
        self._ssl: SSLContext | bool = True if ssl is None else ssl
        self._connector = _Connector(limit=0, keepalive_timeout=KEEP_ALIVE)
        self._opening = functools.lru_cache(_OPENINGS)(self._make_opening)

    def exchange(self, request: HttpRequest, route: Route, upload: Upload) -> Exchange:
        """What sends `request`, and has the answer once its head has come."""
        headers = tuple(request.headers.items())
        return Exchange(self._opening(route, request.method, headers), upload)

    def _make_opening(
        self, route: Route, method: str, headers: tuple[tuple[str, str], ...]
    ) -> _Opening:
        asked = aiohttp.ClientRequest(
            method,
            route.url,
            headers=headers,
            loop=asyncio.get_running_loop(),
            proxy=None if route.proxy is None else yarl.URL(route.proxy),
            ssl=self._ssl,
        )
        return _Opening(self._connector, asked, route.limits)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._connector.close()


class _Opening:
    """How requests begin that are the same but for their bodies.

    Attributes:
        connector: Gives connections, kept or new ones.
        asked: Where to; connecting adds the headers for a proxy.
        limits: How long connecting may take.
    """

    def __init__(
        self,
        connector: _Connector,
        asked: aiohttp.ClientRequest,
        limits: aiohttp.ClientTimeout,
    ) -> None:
        self.connector = connector
        self.asked = asked
        self.limits = limits

    def head(self, size: int) -> bytes:
        """What goes before a body of this size."""
        return b"%b%d\r\n\r\n" % (self._head, size)

    @functools.cached_property
    def _head(self) -> bytes:
        asked = self.asked
        proxied = asked.proxy is not None and not asked.is_ssl()
        target = str(asked.url) if proxied else asked.url.raw_path_qs
        headers = asked.headers.copy()
        headers.popall("Content-Length", None)
        lines = [
            f"{asked.method} {target} HTTP/1.1",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        if any(map(_UNFIT.search, lines)):
            raise ValueError("a control character in a header")
        return "\r\n".join((*lines, "Content-Length: ")).encode()


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

    def __init__(self, opening: _Opening, upload: Upload) -> None:
        self._opening = opening
        self._upload = upload
        self._connection: Connection | None = None
        self._writing: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport | None = None

    async def __aenter__(self) -> Self:
        while not await self._begin():
            pass  # on the next connection that was kept, or a new one
        return self

    async def _begin(self) -> bool:
        """Send, and have the answer's head; False if a kept connection was stale."""
        opening = self._opening
        made = opening.connector.made
        self._connection = connection = await opening.connector.connect(
            opening.asked, [], opening.limits
        )
        kept = opening.connector.made == made  # taking one waits for nobody
        try:
            protocol = connection.protocol
            assert protocol is not None  # noqa: S101 - for the type checkers
            _receive_little(protocol.transport)
            protocol.set_response_params(read_until_eof=True)
            self._transport = protocol.transport
            writing = self._write(protocol)
            if self._upload.size <= SMALL_BODY:
                await writing
            else:  # while the answer is looked out for
                self._writing = asyncio.create_task(writing)
            await self._receive_head(protocol)
        except _NETWORK_ERRORS:
            if not kept or self._upload.started:
                self.close()
                raise
        except BaseException:
            self.close()
            raise
        stale = kept and not self._upload.started  # it was closed, or had spoken before
        if stale:
            self.close()
        return not stale

    async def _write(self, protocol: ResponseHandler) -> None:
        writer = StreamWriter(protocol, self._opening.asked.loop)
        try:
            await self._upload.write(writer, self._opening.head(self._upload.size))
        except Exception as error:  # noqa: BLE001 - raised where the answer is awaited
            protocol.set_exception(error)

    async def _receive_head(self, protocol: ResponseHandler) -> None:
        while True:
            message, self.content = await protocol.read()
            status = message.code
            if not _INTERIM <= status < _FINAL or status == _SWITCHED:
                break
        self.status, self.headers = status, message.headers

    def close(self) -> None:
        """Drop the connection, with what of the request it has yet to send."""
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None  # how it ends holds its frames, and they hold this
        if self._transport is not None:
            self._transport.abort()  # closing would wait until the server takes all
            self._transport = None
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


def _receive_little(transport: object) -> None:
    """Have asyncio make room for less: it makes it anew for whatever comes.

    So much as it does by itself is mapped and unmapped by the system each time, which
    takes longer than a small request. Over TLS it keeps its room.
    """
    if getattr(transport, "max_size", 0) > _RECEIVED_AT_A_TIME:
        setattr(transport, "max_size", _RECEIVED_AT_A_TIME)  # noqa: B010 - not typed
