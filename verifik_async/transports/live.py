"""The real network, through aiohttp.

What aiohttp decides and this module corrects:

- It reports a garbled status line as a `ClientResponseError` with status 400. Nobody
  sent a 400; such errors are lost connections here.
- Its total and pool timeouts count the wait for a free connection, and its read
  timeout ends at an interim answer. Here slots are our own, every limit starts once a
  slot is held, and `Patience` waits for the answer.
- It uses a kept connection without looking at what came on it meanwhile. See `upload`.
- `trust_env` would also read passwords from ~/.netrc; proxies are looked up here.
- Its sessions do more than is of use here. Where none is given, none is made.
- Its errors carry the request's headers, so none is chained to ours.
"""

from __future__ import annotations

import asyncio
import functools
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
from verifik_async.transports.direct import Route
from verifik_async.transports.failures import failure_of
from verifik_async.transports.keeper import Keeper
from verifik_async.transports.patience import Patience
from verifik_async.transports.proxies import EnvironmentProxies, FixedProxy
from verifik_async.transports.upload import Upload, UploadPayload
from verifik_async.wire import HttpResponse

if TYPE_CHECKING:
    import ssl
    from contextlib import AbstractAsyncContextManager

    from verifik_async.transports.direct import Exchange
    from verifik_async.wire import HttpRequest, Timeout

LARGEST_RESPONSE = 16 * 1024 * 1024
"""Bytes of an answer; persons may come with thumbnails."""


_ROUTES = 16
"""Addresses that are remembered: a client has one."""


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
                belong to the running loop. None: aiohttp's connections without one.
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
        self._keepers = PerLoop(lambda: Keeper(connections, ssl))
        self._route = functools.lru_cache(_ROUTES)(self._find_route)
        self._closed = False

    async def send(self, request: HttpRequest) -> HttpResponse:
        """See `Transport.send`."""
        self._check_open()
        route = self._route(request.url, request.timeout)
        keeper = self._keepers.get()
        async with keeper.slots:
            self._check_open()  # it may have been closed while this waited
            patience = Patience(keeper.watch)
            upload = Upload(
                request.body,
                patience=patience,
                timeout=request.timeout,
                turns=keeper.turns,
                aside=keeper.aside,
            )
            try:
                async with patience:
                    if self._borrowed is not None:
                        answering = self._through(
                            self._borrowed, request, route, upload
                        )
                        return await self._answer(answering, upload)
                    direct = keeper.direct or await keeper.open()
                    return await self._answer(
                        direct.exchange(request, route, upload), upload
                    )
            except asyncio.CancelledError as cancelled:
                note_outcome(cancelled, sent=upload.handed_over)
                # Without its frames, which hold the token and parts of the answer.
                raise cancelled.with_traceback(None)  # noqa: B904 - it is the same one
            except Exception as error:  # noqa: BLE001 - each has a place in the tree
                error.__traceback__ = None  # some of aiohttp's errors live until gc
                failure = failure_of(error, upload, request.timeout)
        # Outside the handler: aiohttp's error, which holds the headers, stays behind,
        # and so do the frames, which hold parts of the body.
        try:
            raise failure.with_traceback(None)
        finally:
            del failure, patience, request, upload  # this frame lives with the error

    def _check_open(self) -> None:
        if self._closed:
            raise ClientClosedError("the transport is closed")

    def _find_route(self, url: str, timeout: Timeout) -> Route:
        require_private(url)
        proxy = self._proxies.proxy_for(url)
        # `connect` also covers DNS and a proxy's consent, but in a session of yours it
        # would count the wait for that session's own slots.
        whole = proxy is not None or self._borrowed is None
        limits = aiohttp.ClientTimeout(
            total=None,
            connect=timeout.connect if whole else None,
            sock_connect=timeout.connect,
        )
        return Route(url=yarl.URL(url, encoded=True), proxy=proxy, limits=limits)

    def _through(
        self,
        session: aiohttp.ClientSession,
        request: HttpRequest,
        route: Route,
        upload: Upload,
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """Send `request` through a session of the caller's, which may do what it likes.

        Except what would make the outcome something else.
        """
        return session.request(
            request.method,
            route.url,
            data=UploadPayload(upload),
            headers=request.headers,
            timeout=route.limits,
            allow_redirects=False,
            proxy=route.proxy,
            ssl=self._ssl if self._ssl is not None else True,
            raise_for_status=False,
            auto_decompress=True,
            middlewares=(),
        )

    async def _answer(
        self,
        answering: AbstractAsyncContextManager[Exchange | aiohttp.ClientResponse],
        upload: Upload,
    ) -> HttpResponse:
        async with answering as answer:
            try:
                _check_answered(answer, upload)
                body = await self._read(answer, upload)
            finally:
                if not upload.finished:
                    answer.close()  # answered early: the rest must not follow
            return HttpResponse(status=answer.status, headers=answer.headers, body=body)

    async def _read(
        self, answer: Exchange | aiohttp.ClientResponse, upload: Upload
    ) -> bytes:
        parts: list[bytes] = []
        left = self._largest_response
        content = answer.content
        while not content.at_eof():
            upload.answer_moves()
            part = await content.readany()
            parts.append(part)
            left -= len(part)
            if left < 0:
                answer.close()
                raise UnexpectedResponseError(
                    status=answer.status,
                    problems=[f"more than {self._largest_response} bytes @ $"],
                )
        return b"".join(parts)

    async def aclose(self) -> None:
        """Close the connections of the running loop and refuse further requests."""
        self._closed = True
        keeper = self._keepers.pop()
        if keeper is not None:
            await keeper.aclose()


_REDIRECTED = 300
_SERVER_FAILED = 500


def _check_answered(answer: Exchange | aiohttp.ClientResponse, upload: Upload) -> None:
    """Refuse an answer that can't be one to this request, or not to all of it.

    Raises:
        ConnectError: It was there before anything was sent.
        WriteError: The server failed before it could have had the whole body (503
            with Retry-After says as much by itself), or said yes to what it can't
            have read: that is not this request's answer.
    """
    if not upload.started:
        raise ConnectError("an answer stood on the connection before the request")
    if upload.handed_over:
        return
    failed = answer.status >= _SERVER_FAILED and "Retry-After" not in answer.headers
    if failed or answer.status < _REDIRECTED:
        sent = f"{upload.sent} of {upload.size} bytes"
        raise WriteError(f"answered HTTP {answer.status} after {sent} of the body")
