"""A body on its way into a socket, which knows how much was handed over."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import payload
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_writer import StreamWriter

from verifik_async.errors import InvalidRequestError, ReadTimeoutError, WriteError
from verifik_async.wire import SMALL_BODY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aiohttp.abc import AbstractStreamWriter

    from verifik_async.errors import VerifikError
    from verifik_async.wire import Body


class Upload(payload.Payload):
    """Writes a body block by block.

    Attributes:
        started: The connection stood and the first block was due.
        sent: Bytes handed to the connection.
        handed_over: The last block was begun, so the server may have all of it. Set
            before that write and not after: in doubt the outcome is unknown.
        finished: The last block was taken.
        failure: Why the body was not finished, if it was our side that stopped.
    """

    def __init__(
        self, body: Body, *, patience: float, written: Callable[[], None]
    ) -> None:
        """Keep `body`, to be written with `patience` seconds for each block.

        `written` is called when the last block was taken.
        """
        super().__init__(body, content_type="application/json")
        self._body = body
        self._patience = patience
        self._written = written
        self._size = body.size
        self.started = False
        self.sent = 0
        self.handed_over = False
        self.finished = False
        self.failure: VerifikError | None = None

    @property
    def size(self) -> int:
        """Bytes of the whole body."""
        return self._body.size

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """The body as text; demanded by aiohttp, used by nobody."""
        return self._body.read().decode(encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write all blocks.

        Raises:
            Exception: It was not finished; `failure` says why, if we know.
        """
        await _come_to_rest(writer)
        self.started = True
        self.handed_over = not self.size  # then the head was all of it
        try:
            blocks = iter(self._body)
            while block := await self._next_block(blocks):
                self.handed_over = self.sent + len(block) >= self.size
                await self._write_block(writer, block)
                self.sent += len(block)
        except InvalidRequestError as error:
            self.failure = error
            raise
        self.finished = True
        self._written()

    async def _write_block(self, writer: AbstractStreamWriter, block: bytes) -> None:
        try:
            async with asyncio.timeout(self._patience):
                await writer.write(block)
        except TimeoutError:
            what = f"the network took no data for {self._patience:g} s"
            kind = ReadTimeoutError if self.handed_over else WriteError
            self.failure = kind(f"{what}, {self.sent} of {self.size} bytes sent")
            raise

    async def _next_block(self, blocks: Iterator[bytes]) -> bytes:
        """Another block; made in a thread where that waits for a disk."""
        if self._body.in_memory or self.size <= SMALL_BODY:
            return next(blocks, b"")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, next, blocks, b"")


async def _come_to_rest(writer: AbstractStreamWriter) -> None:
    """Let the loop see what came while a kept connection was idle.

    A connection that was closed meanwhile would lose the request, and an answer that
    nobody asked for would be taken for this request's. Nothing is sent on either.

    Raises:
        ConnectionResetError: The connection is not as it should be.
    """
    for _ in range(2):
        await asyncio.sleep(0)
    protocol = writer.protocol if isinstance(writer, StreamWriter) else None
    if isinstance(protocol, ResponseHandler) and (
        protocol.should_close or not protocol.is_connected()
    ):
        raise ConnectionResetError("the kept connection was closed, or had spoken")
