"""The real network, through aiohttp.

What aiohttp decides and this module corrects:

- It reports a garbled status line as a `ClientResponseError` with status 400. Nobody
  sent a 400; such errors are lost connections here.
- Its total and pool timeouts count the wait for a free connection. Here slots are
  our own, and every limit starts once a slot is held.
- Its errors carry the request's headers, so none is chained to ours.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp
import yarl

from verifik_async.errors import (
    ClientClosedError,
    ConnectError,
    ConnectionLostError,
    ConnectTimeoutError,
    ReadTimeoutError,
    UnexpectedResponseError,
    VerifikError,
    WriteError,
)
from verifik_async.loops import PerLoop
from verifik_async.transports.addresses import require_private
from verifik_async.transports.upload import Upload
from verifik_async.wire import HttpResponse

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator

    from verifik_async.wire import HttpRequest, Timeout

KEEP_ALIVE = 4.0
"""Seconds that an idle connection is kept: Node's servers close theirs after five,
and a request that meets the closing ends with an unknown outcome."""

LARGEST_RESPONSE = 16 * 1024 * 1024
"""Bytes of an answer; persons may come with thumbnails."""


class AiohttpTransport:
    """Carries requests with aiohttp; one for many tasks.

    Used from a second event loop it opens connections anew there; those of the
    first are closed when that loop ends.
    """

    def __init__(  # noqa: PLR0913 - one option for each need of real networks
        self,
        session: aiohttp.ClientSession | None = None,
        *,
        connections: int = 100,
        proxy: str | None = None,
        ssl: ssl.SSLContext | None = None,
        trust_env: bool = False,
        largest_response: int = LARGEST_RESPONSE,
    ) -> None:
        """Set up, without connecting.

        Args:
            session: A session of yours. It is never closed or changed, and must
                belong to the running loop. None: one of our own, tuned.
            connections: Requests under way at the most; others wait for a slot,
                and no timeout counts while they do.
            proxy: URL of an HTTP proxy.
            ssl: A TLS context, for example with a company's own authority.
            trust_env: Take proxies from HTTP_PROXY, HTTPS_PROXY and NO_PROXY.
            largest_response: Bytes of an answer that are read at the most.
        """
        self._borrowed = session
        self._proxy = yarl.URL(proxy) if proxy else None
        self._ssl = ssl
        self._trust_env = trust_env
        self._largest_response = largest_response
        self._slots = PerLoop(lambda: asyncio.Semaphore(connections))
        self._keepers = PerLoop(self._keep_session)
        self._closed = False

    async def send(self, request: HttpRequest) -> HttpResponse:
        """See `Transport.send`."""
        if self._closed:
            raise ClientClosedError("the transport is closed")
        require_private(request.url)
        async with self._slots.get():
            upload = Upload(request.body, patience=request.timeout.write)
            try:
                return await self._exchange(request, upload)
            except (aiohttp.ClientError, OSError, VerifikError) as error:
                failure = _failure(error, upload, request.timeout)
        # Outside the handler: aiohttp's error, which holds the headers, stays behind.
        raise failure

    async def _exchange(self, request: HttpRequest, upload: Upload) -> HttpResponse:
        session = await self._session()
        async with session.request(
            request.method,
            yarl.URL(request.url, encoded=True),
            data=upload,
            headers=request.headers,
            timeout=self._limits(request.timeout),
            allow_redirects=False,
            proxy=self._proxy,
            ssl=self._ssl if self._ssl is not None else True,
        ) as response:
            try:
                body = await self._read(response)
            finally:
                if not upload.finished:
                    response.close()  # answered early: the rest must not follow
            return HttpResponse(
                status=response.status, headers=response.headers, body=body
            )

    def _limits(self, timeout: Timeout) -> aiohttp.ClientTimeout:
        # `connect` also covers DNS, but in a session of yours it would count the wait
        # for that session's own slots; there only sock_connect is safe.
        return aiohttp.ClientTimeout(
            total=None,
            connect=None if self._borrowed else timeout.connect,
            sock_connect=timeout.connect,
            sock_read=timeout.read,
        )

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > self._largest_response:
                response.close()
                raise UnexpectedResponseError(
                    status=response.status,
                    problems=[f"more than {self._largest_response} bytes @ $"],
                )
        return bytes(body)

    async def _session(self) -> aiohttp.ClientSession:
        if self._borrowed is not None:
            return self._borrowed
        return await self._keepers.get().open()

    def _keep_session(self) -> _SessionKeeper:
        return _SessionKeeper(trust_env=self._trust_env)

    async def aclose(self) -> None:
        """Close the connections of the running loop and refuse further requests."""
        self._closed = True
        keeper = self._keepers.pop()
        if keeper is not None:
            await keeper.aclose()


class _SessionKeeper:
    """Holds a session for as long as its event loop lives.

    The session stands inside an asynchronous generator that never ends: a loop
    which shuts down (as `asyncio.run` does) closes its generators, and with this one
    the session. So a client that nobody closed leaves no open connection behind.
    """

    def __init__(self, *, trust_env: bool) -> None:
        self._trust_env = trust_env
        self._session: aiohttp.ClientSession | None = None
        self._holder = self._hold()

    async def open(self) -> aiohttp.ClientSession:
        if self._session is None:
            await anext(self._holder)
        assert self._session is not None  # noqa: S101 - for the type checkers
        return self._session

    async def _hold(self) -> AsyncGenerator[None]:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=self._trust_env,
        )
        try:
            yield
        finally:
            await self._session.close()

    async def aclose(self) -> None:
        await self._holder.aclose()


def _failure(error: Exception, upload: Upload, timeout: Timeout) -> VerifikError:
    """Our error for aiohttp's: by what had been handed over, then by its kind."""
    if isinstance(error, VerifikError):
        return error
    if upload.failure is not None:
        return upload.failure
    timed_out = isinstance(error, TimeoutError)
    what = _described(error)
    if upload.handed_over:
        if timed_out:
            return ReadTimeoutError(f"no answer within {timeout.read:g} s")
        return ConnectionLostError(f"sent, but no readable answer came: {what}")
    if upload.started:
        sent = f"{upload.sent} of {upload.size} bytes"
        return WriteError(f"the connection failed after {sent} of the body: {what}")
    late = f"no connection within {timeout.connect:g} s"
    return (
        ConnectTimeoutError(late)
        if timed_out
        else ConnectError(f"no connection: {what}")
    )


def _described(error: Exception) -> str:
    """An error's kind and the system's text for it.

    Never aiohttp's own text, which may quote headers or bytes of the answer.
    """
    cause = getattr(error, "os_error", error)
    text = cause.strerror if isinstance(cause, OSError) else None
    return f"{type(error).__name__} ({text})" if text else type(error).__name__
