"""Bodies of requests: never built whole.

A body is text with files spliced in as base64, encoded block by block while it is
sent. Its size is known beforehand, and it can be read again for another attempt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import attrs
import pybase64

from verifik_async.errors import FieldFault, InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from verifik_async.reading import Reader

ENCODED_AT_A_TIME = 3 * 160 * 1024
"""Bytes of a file encoded at a time: a multiple of 3, so that blocks of base64 join
without padding. Each block wakes the other side's machinery, so large photographs
take two thirds of the time that they take in blocks of 128 KiB; with much larger
ones reading, encoding and sending no longer share a processor's cache."""

SMALL_BODY = 64 * 1024
"""Up to this size a body is one block: several small writes halve throughput."""

_rooms: list[bytearray] = []
"""Where files are read into, one at a time in each thread: new pages are dear."""


class ByteSource(Protocol):
    """Bytes that can be read from the start as often as needed."""

    @property
    def size(self) -> int:
        """How many bytes there are."""
        ...

    @property
    def in_memory(self) -> bool:
        """Whether reading them never waits for a disk or a network."""
        ...

    def reader(self) -> Reader:
        """What reads them once more; raises what opening a file raises."""
        ...


@attrs.frozen(kw_only=True)
class Base64Part:
    """A source that stands in the body as base64.

    Attributes:
        label: The field it belongs to, for errors: `images[0]`.
        source: Where its bytes come from.
        size: Its length in the body.
    """

    label: str
    source: ByteSource
    size: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "size", 4 * ((self.source.size + 2) // 3))

    def blocks(self) -> Iterator[bytes]:
        """The base64 text, block by block; see `Body` for empty ones.

        Raises:
            InvalidRequestError: The source can't be read, or has another size than
                when it was checked. The last block is withheld in this case, so a
                server that counts bytes cannot act on the request.
        """
        try:
            yield from self._unchanged_blocks()
        except Exception as error:  # noqa: BLE001 - from an opener of the caller's
            problem = _problem(error)
        else:
            return
        raise self._refusal(problem)

    def block(self, *, wait: bool) -> bytes | None:
        """The text of a small source at once; None if that would have to wait.

        Raises:
            InvalidRequestError: As in `blocks`.
        """
        try:
            reader = self.source.reader()
            try:
                return _next_block(reader, self.source.size, last=True, wait=wait)
            finally:
                reader.close()
        except Exception as error:  # noqa: BLE001 - from an opener of the caller's
            problem = _problem(error)
        raise self._refusal(problem)

    def _unchanged_blocks(self) -> Iterator[bytes]:
        left = self.source.size
        reader = self.source.reader()
        try:
            while left:
                size = min(left, ENCODED_AT_A_TIME)
                left -= size
                block = _next_block(reader, size, last=not left, wait=False)
                if block is None:
                    yield b""
                    block = _next_block(reader, size, last=not left, wait=True)
                yield block or b""
                block = b""  # or it is held while it is sent
        finally:
            reader.close()

    def _refusal(self, problem: str) -> InvalidRequestError:
        # Not in a handler: the system's error names the file, maybe the person.
        hint = "leave image files alone until the run is over"
        return InvalidRequestError(
            [FieldFault(field=self.label, problem=problem, hint=hint)]
        )


class _SizeChanged(Exception):  # noqa: N818 - a signal, never leaves this module
    pass


def _problem(error: Exception) -> str:
    if isinstance(error, _SizeChanged):
        return "has changed size since it was checked"
    what = error.strerror if isinstance(error, OSError) else None
    return f"can't be read any more: {what or type(error).__name__}"


def _next_block(reader: Reader, size: int, *, last: bool, wait: bool) -> bytes | None:
    """Base64 of the next `size` bytes, after the last of which there must be none."""
    room = _take_room()
    try:
        chunk = memoryview(room)[: size + last]
        got = reader.fill(chunk, wait=wait)
        if got is None:
            return None
        if got != size:
            raise _SizeChanged
        return pybase64.b64encode(chunk[:size])
    finally:
        _rooms.append(room)


def _take_room() -> bytearray:
    try:
        return _rooms.pop()
    except IndexError:  # all are in use, maybe since a moment ago, by another thread
        return bytearray(ENCODED_AT_A_TIME + 1)


@attrs.frozen
class Body:
    """A sized body that can be sent again: iterating gives its blocks anew.

    Attributes:
        parts: Text as it stands, and sources to be spliced in as base64.
    """

    parts: tuple[bytes | Base64Part, ...] = attrs.field(repr=False)
    size: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        size = 0
        for part in self.parts:
            size += len(part) if isinstance(part, bytes) else part.size
        object.__setattr__(self, "size", size)

    @property
    def in_memory(self) -> bool:
        """Whether making the next block never waits for a disk or a network."""
        return all(
            isinstance(part, bytes) or part.source.in_memory for part in self.parts
        )

    def __iter__(self) -> Iterator[bytes]:
        """Large blocks as they come, and what is small between them in one.

        An empty block says that the next one has to be waited for.

        Raises:
            InvalidRequestError: A source can't be read or has changed its size.
        """
        return self._blocks() if self.size > SMALL_BODY else self._one_block()

    def _one_block(self) -> Iterator[bytes]:
        pieces: list[bytes] = []
        try:
            for part in self.parts:
                if isinstance(part, bytes):
                    pieces.append(part)
                    continue
                block = part.block(wait=False)
                if block is None:
                    yield b""
                    block = part.block(wait=True)
                pieces.append(block or b"")
        except InvalidRequestError:
            pieces.clear()
            block = b""  # errors carry the variables of their frames
            raise
        if self.size:
            yield b"".join(pieces)

    def _blocks(self) -> Iterator[bytes]:
        held: list[bytes] = []
        size = 0
        try:
            for piece in self._pieces():
                if held and size + len(piece) > SMALL_BODY:
                    yield b"".join(held)
                    held.clear()
                    size = 0
                held.append(piece)
                size += len(piece)
                if not piece or size > SMALL_BODY:
                    size -= len(piece)
                    piece = b""  # noqa: PLW2901 - or it is held while it is sent
                    yield held.pop()
        except InvalidRequestError:
            held.clear()
            piece = b""  # errors carry the variables of their frames
            raise
        if held:
            yield b"".join(held)

    def _pieces(self) -> Iterator[bytes]:
        for part in self.parts:
            if isinstance(part, Base64Part):
                yield from part.blocks()
            elif part:
                yield part

    def read(self) -> bytes:
        """The body whole, for tests and in-memory transports."""
        return b"".join(self)


def text_body(*parts: bytes) -> Body:
    """A body of plain bytes."""
    return Body(parts)


def base64_json_array(
    sources: Iterable[tuple[str, ByteSource]],
) -> list[bytes | Base64Part]:
    """A JSON array of base64 texts, from pairs of label and source.

    Base64 has no character that JSON escapes, so the texts are spliced in raw.
    """
    parts: list[bytes | Base64Part] = []
    opening = b'["'
    for label, source in sources:
        parts += opening, Base64Part(label=label, source=source)
        opening = b'","'
    parts.append(b'"]' if parts else b"[]")
    return parts
