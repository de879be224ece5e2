"""One request on a socket, byte by byte, and whatever is done to it."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from verifik_async.wire import HttpResponse

AT_A_TIME = 1 << 16
"""Bytes that are read or written at a time."""

_BODYLESS = frozenset({204, 304})


class Exchange:
    """A request that reached a `MisbehavingServer`, and the socket to answer on.

    Its repr shows method, path and sizes: no header, no query, no body.

    Attributes:
        method: `POST`.
        target: Path and query as they came, still encoded.
        fields: Header fields as they came, in order: names in lower case, repeated
            ones repeatedly.
        ended: Set once the connection is closed, by whichever side.
    """

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes
    ) -> None:
        """Take a request whose head was read, without the empty line after it."""
        lines = head.decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines[1:])
        self.method, self.target, *_ = [*lines[0].split(" "), "", ""]
        self.fields = tuple((name.lower(), text.strip()) for name, _, text in pairs)
        self.ended = asyncio.Event()
        self._reader = reader
        self._writer = writer
        self._body = bytearray()
        self._whole = self.length == 0

    def __repr__(self) -> str:
        path = self.target.partition("?")[0]
        size = f"{len(self._body)} of {self.length} bytes"
        return f"<Exchange {self.method} {path}, {size}>"

    @property
    def headers(self) -> Mapping[str, str]:
        """Header fields by name in lower case; of repeated ones the last."""
        return dict(self.fields)

    @property
    def length(self) -> int | None:
        """The body's size as announced; None if it comes in chunks."""
        if "chunked" in self.headers.get("transfer-encoding", ""):
            return None
        text = self.headers.get("content-length", "")
        return int(text) if text.isdecimal() else 0

    @property
    def body(self) -> bytes:
        """What has been read of the body."""
        return bytes(self._body)

    @property
    def complete(self) -> bool:
        """Whether the whole body has been read, so that a server would act on it."""
        return self._whole

    async def read_body(self) -> bytes:
        """All of the body.

        Raises:
            ConnectionError: The client left before; the server does not mind.
        """
        if self.length is None:
            await self._read_chunks()
        while not self._whole:
            if not await self.read_some(AT_A_TIME):
                raise ConnectionAbortedError("the client left in the middle")
        return self.body

    async def read_some(self, size: int) -> bytes:
        """At the most `size` more bytes of a body of announced length; maybe none."""
        left = (self.length or 0) - len(self._body)
        block = await self._reader.read(min(size, left))
        self._body += block
        self._whole = len(self._body) == self.length
        return block

    async def _read_chunks(self) -> None:
        size = -1
        while size:
            line = await self._reader.readuntil(b"\r\n")
            size = int(line.partition(b";")[0], 16)
            self._body += (await self._reader.readexactly(size + 2))[:-2]
        self._whole = True

    async def write(self, raw: bytes) -> None:
        """Send bytes as they are."""
        self._writer.write(raw)
        await self._writer.drain()

    async def answer(self, response: HttpResponse) -> None:
        """Send a well-formed answer."""
        await self.write(head_of(response) + response.body)

    async def gone(self) -> None:
        """Wait until the client has left; all that it still sends is thrown away."""
        while await self._reader.read(AT_A_TIME):
            pass

    def close(self) -> None:
        """Close the connection in good order."""
        self._writer.close()

    def reset(self) -> None:
        """Close the connection with RST, as the machine of a crashed server does."""
        sock: socket.socket = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


def head_of(response: HttpResponse) -> bytes:
    """Status line and header fields of a well-formed answer, to the empty line."""
    fields = dict(response.headers)
    if response.status not in _BODYLESS:
        fields["content-length"] = str(len(response.body))
    lines = [f"HTTP/1.1 {response.status} As-Told"]
    lines += [f"{name.title()}: {text}" for name, text in fields.items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


Behaviour = Callable[[Exchange], Awaitable[None]]
"""What a server does with a request, beginning with its body."""
