"""A body on its way into a socket, which knows how much was handed over."""

from __future__ import annotations

import asyncio
import math
import select
from collections import deque
from typing import TYPE_CHECKING, TypeVar

from aiohttp import payload
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_writer import StreamWriter

from verifik_async.bodies import SMALL_BODY
from verifik_async.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Executor

    from aiohttp.abc import AbstractStreamWriter

    from verifik_async.bodies import Body
    from verifik_async.transports.patience import Patience
    from verifik_async.transports.turns import Turns
    from verifik_async.wire import Timeout


_AT_A_TIME = 512 * 1024
"""Bytes that a thread reads ahead: 32 bodies hold 16 MB of them."""


_LARGE = 1024 * 1024
"""Bytes. Up to this size a body is read, encoded and written in one turn of the loop;
that takes less than a millisecond. Blocks of a larger one are made in a thread, and
each is written in a turn of its own. For less that is not worth the way."""

_HAS_POLL = hasattr(select, "poll")
"""Not so on Windows."""

Made = TypeVar("Made")


class Upload:
    """Writes a body block by block.

    Attributes:
        body: What is written.
        size: Bytes of the whole body.
        started: The connection stood and the first block was made.
        sent: Bytes handed to the connection.
        handed_over: The last block was begun, so the server may have all of it. Set
            before that write and not after: in doubt the outcome is unknown.
        finished: The last block was taken.
        failure: Why the body was not finished, if an image was the reason.
    """

    def __init__(
        self,
        body: Body,
        *,
        patience: Patience,
        timeout: Timeout,
        turns: Turns,
        aside: Executor,
    ) -> None:
        """Keep `body`, to be written with `patience` for the times of `timeout`.

        A large one takes `turns` with others, and its blocks are made `aside`.
        """
        self.body = body
        self._patience = patience
        self._timeout = timeout
        self._turns = turns
        self._aside = aside
        self.size = body.size
        self.started = False
        self.sent = 0
        self.handed_over = False
        self.finished = False
        self.failure: InvalidRequestError | None = None

    async def write(self, writer: AbstractStreamWriter, head: bytes = b"") -> None:
        """Write all blocks.

        Args:
            writer: Where to.
            head: What goes before the body, in one piece with its first block.

        Raises:
            Exception: It was not finished; `failure` says why, if we know.
        """
        if SMALL_BODY < self.size <= _LARGE:
            await self._turns.take(self.size)
        if not self.size:
            await self._write_block(writer, head, b"")
        try:
            await self._write_blocks(writer, head)
        except InvalidRequestError as error:
            self.failure = error
            raise
        self.finished = True
        self.answer_moves()

    async def _write_blocks(self, writer: AbstractStreamWriter, head: bytes) -> None:
        blocks = iter(self.body)
        large = self.size > _LARGE
        while self.sent < self.size:
            if large:
                block = await self._made_in(self._aside, next, blocks)
            else:
                block = next(blocks)
            made = deque((block,))
            if not block:  # it must be waited for
                made = await self._made_in(None, _some, blocks)
            block = b""  # or it is held while it is sent
            while made:
                if large:
                    await self._turns.take(len(made[0]))
                await self._write_block(writer, head, made.popleft())
                head = b""

    async def _made_in(
        self,
        threads: Executor | None,
        make: Callable[[Iterator[bytes]], Made],
        blocks: Iterator[bytes],
    ) -> Made:
        self._patience.wait(math.inf)  # the network is not to blame
        return await asyncio.get_running_loop().run_in_executor(threads, make, blocks)

    async def _write_block(
        self, writer: AbstractStreamWriter, head: bytes, block: bytes
    ) -> None:
        if not self.started:  # after all else that takes time
            transport = writer.transport if isinstance(writer, StreamWriter) else None
            if _has_unread(transport):
                await _look_for_news()
            _check_fit(writer)
            self._patience.transport = transport
            self.started = True
        size = len(block)
        self.handed_over = self.sent + size >= self.size
        self._patience.wait(self._timeout.write)
        await writer.write(head + block)
        self.sent += size

    def answer_moves(self) -> None:
        """The answer may take its time from now."""
        self._patience.wait(self._timeout.read)


class UploadPayload(payload.Payload):
    """An upload as aiohttp's sessions take it."""

    def __init__(self, upload: Upload) -> None:
        """Write `upload` when aiohttp says so."""
        super().__init__(upload, content_type="application/json")
        self._upload = upload

    @property
    def size(self) -> int:
        """Bytes of the whole body."""
        return self._upload.size

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """The body as text; demanded by aiohttp, used by nobody."""
        return self._upload.body.read().decode(encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write all blocks."""
        await self._upload.write(writer)


def _some(blocks: Iterator[bytes]) -> deque[bytes]:
    """The next block; more, to change threads less, while each has to be waited for."""
    made: deque[bytes] = deque()
    size, waited = 0, True
    for block in blocks:
        if not block:
            waited = True
            continue
        made.append(block)
        size += len(block)
        if size >= _AT_A_TIME or not waited:
            break
        waited = False
    return made


async def _look_for_news() -> None:
    for _ in range(2):  # the loop asks the system in the first, and tells in the second
        await asyncio.sleep(0)


def _check_fit(writer: AbstractStreamWriter) -> None:
    """Send nothing on a connection that has come to rest badly.

    One that was closed while it was idle would lose the request, and an answer that
    nobody asked for would be taken for this request's.

    Raises:
        ConnectionResetError: The connection is not as it should be.
    """
    protocol = writer.protocol if isinstance(writer, StreamWriter) else None
    if isinstance(protocol, ResponseHandler) and (
        protocol.should_close or not protocol.is_connected()
    ):
        raise ConnectionResetError("the kept connection was closed, or had spoken")


def _has_unread(transport: asyncio.Transport | None) -> bool:
    """Whether something stands on the connection that the loop has yet to read."""
    sock = transport.get_extra_info("socket") if transport else None
    if sock is None or not _HAS_POLL:
        return True
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))
