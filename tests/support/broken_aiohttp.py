"""What one writes around aiohttp in ten lines, and what is wrong with it."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator

import aiohttp

from verifik_async import (
    Body,
    ConnectError,
    ConnectionLostError,
    HttpRequest,
    HttpResponse,
)


class BareAiohttp:
    """Trusts the status of aiohttp's errors, which is 400 where there was no answer."""

    def __init__(self) -> None:
        self.session = aiohttp.ClientSession()

    def data(self, body: Body) -> object:
        """What aiohttp is given as the body."""
        return io.BytesIO(body.read())

    async def post(self, request: HttpRequest) -> HttpResponse:
        """The call itself."""
        async with self.session.request(
            request.method,
            request.url,
            data=self.data(request.body),
            headers=request.headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(sock_read=request.timeout.read),
        ) as response:
            body = await response.read()
            return HttpResponse(
                status=response.status, headers=response.headers, body=body
            )

    async def send(self, request: HttpRequest) -> HttpResponse:
        """With `status` of whatever was raised."""
        try:
            return await self.post(request)
        except aiohttp.ClientResponseError as error:
            return HttpResponse(status=error.status)

    async def aclose(self) -> None:
        """Close the session."""
        await self.session.close()


class LetsErrorsThrough(BareAiohttp):
    """Raises aiohttp's own errors."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """As it comes."""
        return await self.post(request)


class ChainsErrors(BareAiohttp):
    """Raises our errors, with aiohttp's as their causes."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Keep the cause, and the headers in it."""
        try:
            return await self.post(request)
        except aiohttp.ClientConnectorError as error:
            raise ConnectError("no connection") from error
        except aiohttp.ClientError as error:
            raise ConnectionLostError("no answer") from error


class LeavesItsSession(BareAiohttp):
    """Closes nothing."""

    async def aclose(self) -> None:
        """Leave it to the collector."""


class TakesAnyCertificate(BareAiohttp):
    """Does not look whom it talks to."""

    def __init__(self) -> None:
        connector = aiohttp.TCPConnector(ssl=False)
        self.session = aiohttp.ClientSession(connector=connector)


class KeepsAnswersPacked(BareAiohttp):
    """Does not unpack."""

    def __init__(self) -> None:
        self.session = aiohttp.ClientSession(auto_decompress=False)


class SendsChunks(BareAiohttp):
    """Hands aiohttp a generator, whose length nobody knows."""

    def data(self, body: Body) -> object:
        """Block by block."""
        return _blocks(body)


async def _blocks(body: Body) -> AsyncIterator[bytes]:
    for block in body:
        yield block
