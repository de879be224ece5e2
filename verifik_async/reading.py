"""Reading images piece by piece, so that an event loop can do it without waiting.

What the system's page cache holds is read on the loop: two thread changes for each
piece cost more than reading, encoding and sending it. Linux says so when it would
have to wait for the disk (`RWF_NOWAIT`); only then, and where no system says it, is a
thread needed. A file is opened on the loop: it was opened when the image was checked,
so the system knows where it is. (A network file system may take a round trip.)
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

_AT_HAND: int | None = getattr(os, "RWF_NOWAIT", None)
_PAGE = 4096
"""Bytes. Systems with larger pages are asked once more now and then."""

_HAS_PREADV = hasattr(os, "preadv")
OPEN_MODE = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
"""Opening a pipe would wait for whoever writes into it; files know no such waiting."""


class Reader(Protocol):
    """Bytes from a start to an end, once."""

    def fill(self, buffer: memoryview, *, wait: bool) -> int | None:
        """Read until `buffer` is full, or the end has come.

        Args:
            buffer: Where the bytes go.
            wait: Whether this may wait for a disk or a network.

        Returns:
            How many bytes there are in the buffer, fewer than fit only at the end;
            more than fit if a stream gave too many. None if it would have to wait;
            nothing counts as read then.
        """
        ...

    def close(self) -> None:
        """Free what is held."""
        ...


class MemoryReader:
    """Reads bytes that are there."""

    def __init__(self, data: bytes) -> None:
        self._left = memoryview(data)

    def fill(self, buffer: memoryview, *, wait: bool) -> int:  # noqa: ARG002 - see `Reader`
        """See `Reader`."""
        piece = self._left[: len(buffer)]
        buffer[: len(piece)] = piece
        self._left = self._left[len(piece) :]
        return len(piece)

    def close(self) -> None:
        """See `Reader`."""
        self._left.release()


class FileReader:
    """Reads a file."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, OPEN_MODE)
        self._at: int = 0

    def fill(self, buffer: memoryview, *, wait: bool) -> int | None:
        """See `Reader`."""
        if not wait and _AT_HAND is None:
            return None
        flags = 0 if wait else _AT_HAND or 0
        filled = 0
        try:
            while filled < len(buffer):
                end = self._at + filled
                rest = buffer[filled:] if filled else buffer
                got = _pread(self._file, rest, end, flags)
                filled += got
                if not got or (end + got) % _PAGE:  # no page is at hand in part
                    break
        except OSError:
            if wait:
                raise
            # It would have to wait, or file system, kernel or sandbox knows no such
            # question; what is wrong with the file itself, waiting for it tells.
            return None
        self._at += filled
        return filled

    def close(self) -> None:
        """See `Reader`."""
        os.close(self._file)


def _pread(file: int, buffer: memoryview, at: int, flags: int) -> int:
    if _HAS_PREADV:
        return os.preadv(file, (buffer,), at, flags)
    os.lseek(file, at, os.SEEK_SET)
    data = os.read(file, len(buffer))
    buffer[: len(data)] = data
    return len(data)


class StreamReader:
    """Reads a stream of any kind, which is opened when it is first read."""

    def __init__(self, opener: Callable[[], BinaryIO]) -> None:
        self._opener = opener
        self._stream: BinaryIO | None = None

    def fill(self, buffer: memoryview, *, wait: bool) -> int | None:
        """See `Reader`."""
        if not wait:
            return None
        if self._stream is None:
            self._stream = self._opener()
        filled = 0
        while filled < len(buffer):
            data = self._stream.read(len(buffer) - filled)
            if not data:
                break
            buffer[filled : filled + len(data)] = data[: len(buffer) - filled]
            filled += len(data)
        return filled

    def close(self) -> None:
        """See `Reader`.

        What a stream raises then is no news of its bytes. Python would print it, with
        the name of a file maybe, since a body that was sent is only let go.
        """
        if self._stream is not None:
            with contextlib.suppress(Exception):
                self._stream.close()
