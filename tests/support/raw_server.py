"""A raw-socket server that misbehaves to order."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable

Behaviour = Callable[["Exchange"], Awaitable[None]]


class Exchange:
    """One request on its way in, and the socket it came from."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        head: bytes,
    ) -> None:
        self.reader = reader
        self.writer = writer
        self.head = head
        self.body = b""
        lines = head.decode("latin-1").split("\r\n")
        self.request_line = lines[0]
        pairs = (line.split(": ", 1) for line in lines[1:] if line)
        self.headers = {name.lower(): value for name, value in pairs}
        self.length = int(self.headers.get("content-length", 0))

    async def read_body(self) -> bytes:
        """Everything that the head promised, or what came of it."""
        while len(self.body) < self.length:
            block = await self.reader.read(1 << 20)
            if not block:
                break
            self.body += block
        return self.body

    async def write(self, raw: bytes) -> None:
        """Bytes as they are."""
        self.writer.write(raw)
        await self.writer.drain()

    async def answer(
        self, status: int, value: object, headers: dict[str, str] | None = None
    ) -> None:
        """A well-formed JSON answer."""
        body = json.dumps(value).encode()
        lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}"]
        lines.append("Content-Type: application/json")
        lines += [f"{name}: {text}" for name, text in (headers or {}).items()]
        await self.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def reset(self) -> None:
        """Close with RST, as a crashed server's machine does."""
        sock: socket.socket = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


class RawServer:
    """Plays a behaviour for each request, the last one for all that follow."""

    def __init__(self) -> None:
        self.behaviours: deque[Behaviour] = deque()
        self.exchanges: list[Exchange] = []
        self.connections = 0
        self.open_connections = 0
        self.url = ""
        self._tasks: set[asyncio.Task[None]] = set()

    async def accept(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Serve one connection until either side closes it."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self.open_connections += 1
        try:
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                exchange = Exchange(reader, writer, head[:-4])
                self.exchanges.append(exchange)
                more = len(self.behaviours) > 1
                behave = self.behaviours.popleft() if more else self.behaviours[0]
                await behave(exchange)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # streams of Python 3.11 complain about a handler that is cancelled
        finally:
            self.open_connections -= 1
            self._tasks.discard(task)
            writer.close()

    async def stop(self) -> None:
        """Drop everybody."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def serving(*behaviours: Behaviour) -> AsyncGenerator[RawServer]:
    """A server on loopback with these behaviours, one a request."""
    raw = RawServer()
    raw.behaviours.extend(behaviours)
    server = await asyncio.start_server(raw.accept, "127.0.0.1", 0, limit=1 << 20)
    port = server.sockets[0].getsockname()[1]
    raw.url = f"http://127.0.0.1:{port}"
    try:
        yield raw
    finally:
        await raw.stop()
        server.close()
        await server.wait_closed()
