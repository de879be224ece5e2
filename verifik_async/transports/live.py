"""The real network, through aiohttp.

What aiohttp decides and this module corrects:

- It reports a garbled status line as a `ClientResponseError` with status 400. Nobody
  sent a 400; such errors are lost connections here.
- Its total and pool timeouts count the wait for a free connection, and its read
  timeout ends at an interim answer. Here slots are our own, every limit starts once a
  slot is held, and `_Patience` waits for the answer.
- It uses a kept connection without looking at what came on it meanwhile. See `upload`.
- `trust_env` would also read passwords from ~/.netrc; proxies are looked up here.
- Its errors carry the request's headers, so none is chained to ours.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import aiohttp
import yarl

from verifik_async.errors import (
    ClientClosedError,
    ConfigurationError,
    ConnectError,
    UnexpectedResponseError,
    WriteError,
    note_outcome,
)
from verifik_async.loops import PerLoop
from verifik_async.transports.addresses import require_private
from verifik_async.transports.failures import failure_of
from verifik_async.transports.proxies import EnvironmentProxies, FixedProxy
from verifik_async.transports.sessions import SessionKeeper
from verifik_async.transports.upload import Upload
from verifik_async.wire import HttpResponse

if TYPE_CHECKING:
    import ssl
    from types import TracebackType

    from verifik_async.wire import HttpRequest, Timeout

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
        if connections < 1:
            raise ConfigurationError("connections must be at least 1")
        self._borrowed = session
        self._proxies = EnvironmentProxies() if trust_env else FixedProxy(proxy)
        self._ssl = ssl
        self._largest_response = largest_response
        self._slots = PerLoop(lambda: asyncio.Semaphore(connections))
        self._keepers = PerLoop(SessionKeeper)
        self._closed = False

    async def send(self, request: HttpRequest) -> HttpResponse:
        """See `Transport.send`."""
        self._check_open()
        require_private(request.url)
        async with self._slots.get():
            self._check_open()  # it may have been closed while this waited
            patience = _Patience(request.timeout.read)
            upload = Upload(
                request.body, patience=request.timeout.write, written=patience.renew
            )
            try:
                async with patience:
                    return await self._exchange(request, upload, patience)
            except asyncio.CancelledError as cancelled:
                note_outcome(cancelled, sent=upload.handed_over)
                raise
            except Exception as error:  # noqa: BLE001 - each has a place in the tree
                failure = failure_of(error, upload, request.timeout)
        # Outside the handler: aiohttp's error, which holds the headers, stays behind,
        # and so do the frames, which hold parts of the body.
        raise failure.with_traceback(None)

    def _check_open(self) -> None:
        if self._closed:
            raise ClientClosedError("the transport is closed")

    async def _exchange(
        self, request: HttpRequest, upload: Upload, patience: _Patience
    ) -> HttpResponse:
        session = await self._session()
        proxy = self._proxies.proxy_for(request.url)
        async with session.request(
            request.method,
            yarl.URL(request.url, encoded=True),
            data=upload,
            headers=request.headers,
            timeout=self._limits(request.timeout, proxied=proxy is not None),
            allow_redirects=False,
            proxy=proxy,
            ssl=self._ssl if self._ssl is not None else True,
            # whatever a session of yours does by itself
            raise_for_status=False,
            auto_decompress=True,
            middlewares=(),
        ) as response:
            patience.renew()
            try:
                _check_answered(response, upload)
                body = await self._read(response, patience)
            finally:
                if not upload.finished:
                    response.close()  # answered early: the rest must not follow
            return HttpResponse(
                status=response.status, headers=response.headers, body=body
            )

    def _limits(self, timeout: Timeout, *, proxied: bool) -> aiohttp.ClientTimeout:
        # `connect` also covers DNS and a proxy's consent, but in a session of yours it
        # would count the wait for that session's own slots.
        whole = proxied or self._borrowed is None
        return aiohttp.ClientTimeout(
            total=None,
            connect=timeout.connect if whole else None,
            sock_connect=timeout.connect,
        )

    async def _read(
        self, response: aiohttp.ClientResponse, patience: _Patience
    ) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_any():
            patience.renew()
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

    async def aclose(self) -> None:
        """Close the connections of the running loop and refuse further requests."""
        self._closed = True
        keeper = self._keepers.pop()
        if keeper is not None:
            await keeper.aclose()


class _Patience:
    """The wait for an answer, begun anew with every part of it that comes."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._limit = asyncio.timeout(None)

    def renew(self) -> None:
        """Wait for another while from now."""
        now = asyncio.get_running_loop().time()
        with contextlib.suppress(RuntimeError):  # it has just run out
            self._limit.reschedule(now + self._seconds)

    async def __aenter__(self) -> None:
        await self._limit.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._limit.__aexit__(kind, error, traceback)


_SERVER_FAILED = 500


def _check_answered(response: aiohttp.ClientResponse, upload: Upload) -> None:
    """Refuse an answer that can't be one to this request, or not to all of it.

    Raises:
        ConnectError: It was there before anything was sent.
        WriteError: The server failed before it could have had the whole body. (503
            with Retry-After says as much by itself.)
    """
    if not upload.started:
        raise ConnectError("an answer stood on the connection before the request")
    failed = response.status >= _SERVER_FAILED and "Retry-After" not in response.headers
    if failed and not upload.handed_over:
        sent = f"{upload.sent} of {upload.size} bytes"
        raise WriteError(f"answered HTTP {response.status} after {sent} of the body")
