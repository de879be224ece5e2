"""Transports that spoil a limit, an error, or what is told of a request."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging

import attrs
from broken_transports import Sound

from verifik_async import (
    Body,
    ConnectError,
    ConnectionLostError,
    HttpRequest,
    HttpResponse,
    Timeout,
    TransportError,
    VerifikError,
    WriteError,
)


class SwallowsTimeouts(Sound):
    """Waits for an hour, whatever the request says."""

    def outgoing(self, request: HttpRequest) -> HttpRequest:
        """Without its limits."""
        hour = Timeout(connect=3600, write=3600, read=3600)
        return attrs.evolve(request, timeout=hour)


class LimitsTheWholeCall(Sound):
    """One limit for everything, the wait for a slot included."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """All of it within Timeout.read."""
        try:
            async with asyncio.timeout(request.timeout.read):
                return await self.inner.send(request)
        except TimeoutError:
            raise ConnectionLostError("late") from None


class WritesWithOneLimit(Sound):
    """Timeout.write is for the whole call."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """All of it within Timeout.write."""
        try:
            async with asyncio.timeout(request.timeout.write):
                return await self.inner.send(request)
        except TimeoutError:
            raise WriteError("late") from None


class SendsAgain(Sound):
    """Thinks that a lost answer is worth a second try."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Twice, if need be."""
        with contextlib.suppress(ConnectionLostError):
            return await self.inner.send(request)
        return await self.inner.send(request)


class LostIsNotSent(Sound):
    """A lost answer was never sent, it says."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Raise the wrong error."""
        with contextlib.suppress(ConnectionLostError):
            return await self.inner.send(request)
        raise WriteError("no answer")


class RefusedIsUnknown(Sound):
    """Nobody listened, and it calls that a lost answer."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Raise the wrong error."""
        with contextlib.suppress(ConnectError):
            return await self.inner.send(request)
        raise ConnectionLostError("no answer")


class TellsTheToken(Sound):
    """Helpful errors: they tell what was sent."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Add the headers to the text."""
        try:
            return await self.inner.send(request)
        except TransportError as error:
            told = type(error)(f"{error}, with {dict(request.headers)}")
        raise told


class KeepsTheBody(Sound):
    """Its errors carry the body, for whoever wants to look."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Put it on the error, well wrapped."""
        try:
            return await self.inner.send(request)
        except VerifikError as error:
            vars(error)["detail"] = Body((request.body.read()[:1000],))
            raise


class LogsBodies(Sound):
    """Logs what it sends, for debugging."""

    def outgoing(self, request: HttpRequest) -> HttpRequest:
        """At the lowest level."""
        log = logging.getLogger("broken.transport")
        log.debug("sending %s", request.body.read()[:200])
        return request


class ShowsTheToken(Sound):
    """Remembers its last headers, and shows them."""

    last = ""

    def __repr__(self) -> str:
        return f"ShowsTheToken({self.last})"

    def outgoing(self, request: HttpRequest) -> HttpRequest:
        """Remember."""
        self.last = str(dict(request.headers))
        return request


class HasNoPatience(Sound):
    """Gives up after a moment, whatever the request says."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """All of it within a fifth of a second."""
        try:
            async with asyncio.timeout(0.2):
                return await self.inner.send(request)
        except TimeoutError:
            raise ConnectionLostError("late") from None


class WritingIsUnknown(Sound):
    """Does not know that half a body can't be acted upon."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Raise the wrong error."""
        with contextlib.suppress(WriteError):
            return await self.inner.send(request)
        raise ConnectionLostError("no answer")


class UploadsFirst(Sound):
    """Does not listen while it sends."""

    def incoming(self, answer: HttpResponse) -> HttpResponse:
        """Take a refusal in the middle for the end of the connection."""
        if answer.status == 413:
            raise WriteError("the server closed")
        return answer


class JudgesJson(Sound):
    """Knows what an answer has to look like."""

    def incoming(self, answer: HttpResponse) -> HttpResponse:
        """Raise if it is no JSON."""
        try:
            json.loads(answer.body)
        except ValueError:
            raise ConnectionLostError("no JSON") from None
        return answer
