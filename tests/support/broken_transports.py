"""Transports with one fault each, which the contract has to find.

All of these stand around the live transport, and spoil a request or an answer.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

import attrs

from verifik_async import (
    AiohttpTransport,
    Body,
    ConnectError,
    ConnectionLostError,
    HttpRequest,
    HttpResponse,
    InvalidRequestError,
)

SLOTS = 10


class Sound:
    """Nothing is wrong with this one: others spoil it."""

    def __init__(self) -> None:
        self.inner = AiohttpTransport(connections=SLOTS)

    def outgoing(self, request: HttpRequest) -> HttpRequest:
        """The request that is sent."""
        return request

    def incoming(self, answer: HttpResponse) -> HttpResponse:
        """The answer that is given back."""
        return answer

    async def send(self, request: HttpRequest) -> HttpResponse:
        """As the live one."""
        return self.incoming(await self.inner.send(self.outgoing(request)))

    async def aclose(self) -> None:
        """As the live one."""
        await self.inner.aclose()


class FollowsRedirects(Sound):
    """Goes where it is told."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Follow `Location`, once."""
        answer = await self.inner.send(request)
        away = answer.headers.get("location")
        if away is None:
            return answer
        return await self.inner.send(attrs.evolve(request, url=away))


class MixesUpAnswers(Sound):
    """Keeps the latest answer in an attribute, which all calls share."""

    answer: HttpResponse

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Put it there, let others run, and take it from there."""
        self.answer = await self.inner.send(request)
        await asyncio.sleep(0.01)
        return self.answer


class DropsAHeader(Sound):
    """Forwards the headers that it knows."""

    def outgoing(self, request: HttpRequest) -> HttpRequest:
        """Without the odd one."""
        known = {
            name: text for name, text in request.headers.items() if name != "X-Odd"
        }
        return attrs.evolve(request, headers=known)


class DecodesPaths(Sound):
    """Thinks that addresses read better without per cent signs."""

    def outgoing(self, request: HttpRequest) -> HttpRequest:
        """With slashes in their place."""
        return attrs.evolve(request, url=request.url.replace("%2F", "/"))


class CutsBigBodies(Sound):
    """Sends the first ten million bytes."""

    def outgoing(self, request: HttpRequest) -> HttpRequest:
        """No more than that."""
        cut = request.body.read()[:10_000_000]
        return attrs.evolve(request, body=Body((cut,)))


class CollectsBodies(Sound):
    """Reads the whole body before it sends any of it."""

    def outgoing(self, request: HttpRequest) -> HttpRequest:
        """All in memory."""
        return attrs.evolve(request, body=Body((request.body.read(),)))


class UsesBodiesUp(Sound):
    """Sends a body once, and an empty one after that."""

    latest: HttpRequest | None = None

    def outgoing(self, request: HttpRequest) -> HttpRequest:
        """As iterators do."""
        if request is self.latest:
            return attrs.evolve(request, body=Body((b"{}",)))
        self.latest = request
        return request


class FillsUpImages(Sound):
    """Makes up for an image that shrank."""

    def outgoing(self, request: HttpRequest) -> HttpRequest:
        """Send what there is, and blanks."""
        return attrs.evolve(request, body=Body(tuple(_filled(request.body))))


def _filled(body: Body) -> Iterator[bytes]:
    sent = 0
    with contextlib.suppress(InvalidRequestError):
        for block in body:
            sent += len(block)
            yield block
    yield b" " * (body.size - sent)


class RaisesForStatus(Sound):
    """Takes a refusal for a failure of the network."""

    def incoming(self, answer: HttpResponse) -> HttpResponse:
        """Raise above 399."""
        if answer.status >= 400:
            raise ConnectError(f"HTTP {answer.status}")
        return answer


class DecodesText(Sound):
    """Reads answers as text, and writes them as bytes again."""

    def incoming(self, answer: HttpResponse) -> HttpResponse:
        """With replacement characters."""
        text = answer.body.decode("utf-8", "replace")
        return attrs.evolve(answer, body=text.encode())


class KeepsOneHeader(Sound):
    """Gives back what it thinks will be needed."""

    def incoming(self, answer: HttpResponse) -> HttpResponse:
        """The kind of the body."""
        kind = answer.headers.get("content-type", "")
        return attrs.evolve(answer, headers={"content-type": kind})


class TakesPlainHttp(Sound):
    """Would send anywhere; it only pretends, so that nothing leaves this machine."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Say that it went well."""
        if "127.0.0.1" not in request.url:
            return HttpResponse(status=200)
        return await self.inner.send(request)


class GivesUpTls(Sound):
    """Where there is no TLS, it goes without."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """First with, then without."""
        with contextlib.suppress(ConnectError):
            return await self.inner.send(request)
        plain = request.url.replace("https://", "http://")
        return await self.inner.send(attrs.evolve(request, url=plain))


class CutsMiddlingBodies(Sound):
    """Sends one block, and calls it a body."""

    def outgoing(self, request: HttpRequest) -> HttpRequest:
        """The first."""
        return attrs.evolve(request, body=Body((next(iter(request.body)),)))


class JoinsHeaders(Sound):
    """Makes one value of two, in its own way."""

    def incoming(self, answer: HttpResponse) -> HttpResponse:
        """With a semicolon."""
        headers = {name: f"{text}; {text}" for name, text in answer.headers.items()}
        return attrs.evolve(answer, headers=headers)


class WantsABody(Sound):
    """Takes an empty body for a lost one."""

    def incoming(self, answer: HttpResponse) -> HttpResponse:
        """Raise if there is nothing."""
        if not answer.body:
            raise ConnectionLostError("nothing came")
        return answer


class WantsALength(Sound):
    """Takes an answer of unknown length for a lost one."""

    def incoming(self, answer: HttpResponse) -> HttpResponse:
        """Raise if it is not told."""
        if "content-length" not in answer.headers:
            raise ConnectionLostError("how long is it?")
        return answer


class HasNoSlots(Sound):
    """Sends all that it is given at once."""

    def __init__(self) -> None:
        self.inner = AiohttpTransport(connections=1000)
