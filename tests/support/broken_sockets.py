"""Transports on bare sockets, which know too little of HTTP."""

from __future__ import annotations

import asyncio
import contextlib
from urllib.parse import urlsplit

from verifik_async import Body, ConnectionLostError, HttpRequest, HttpResponse


class TakesInterimAnswers:
    """Takes the second head that comes for the answer, if the first one is a 100."""

    line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, request: HttpRequest) -> HttpResponse:
        """On a new connection each time."""
        await self.aclose()
        return await self.exchange(request)

    async def exchange(self, request: HttpRequest) -> HttpResponse:
        """Request and answer."""
        parts = urlsplit(request.url)
        if self.line is None:
            self.line = await asyncio.open_connection(parts.hostname, parts.port)
        reader, writer = self.line
        lines = [f"{request.method} {parts.path} HTTP/1.1", f"Host: {parts.netloc}"]
        lines += [f"{name}: {text}" for name, text in request.headers.items()]
        lines.append(f"Content-Length: {request.body.size}")
        head = "\r\n".join(lines).encode() + b"\r\n\r\n"
        try:
            writer.write(head + self.sent_of(request.body))
            first = await reader.readuntil(b"\r\n\r\n")
            if first.startswith(b"HTTP/1.1 100"):
                first = await reader.readuntil(b"\r\n\r\n")
            length = first.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]
            body = await reader.readexactly(int(length or 0))
        except (OSError, asyncio.IncompleteReadError):
            raise ConnectionLostError("no answer") from None
        return HttpResponse(status=int(first[9:12]), body=body)

    def sent_of(self, body: Body) -> bytes:
        """All of it."""
        return body.read()

    async def aclose(self) -> None:
        """Close what is open."""
        if self.line is not None:
            self.line[1].close()
            with contextlib.suppress(ConnectionError):
                await self.line[1].wait_closed()
            self.line = None


class UsesItsSocketAgain(TakesInterimAnswers):
    """Keeps its connection for ever, closed or not."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """On the one connection."""
        return await self.exchange(request)


class LeavesBodiesHalfway(UsesItsSocketAgain):
    """Sends no more of a big body once it is refused, and stays on the connection."""

    def sent_of(self, body: Body) -> bytes:
        """As much as was sent until then."""
        return body.read()[:1_000_000]
