"""Streams that behave as badly as streams may."""

import io
from typing import BinaryIO, cast


class Trickle(io.RawIOBase):
    """Gives one byte a read, as raw streams may."""

    def __init__(self, data: bytes) -> None:
        self._left = io.BytesIO(data)

    def readable(self) -> bool:
        """It can be read."""
        return True

    def readinto(self, buffer: bytearray, /) -> int:  # type: ignore[override]
        """Fill in one byte."""
        return self._left.readinto(memoryview(buffer)[:1])


def trickle(data: bytes) -> BinaryIO:
    """A stream of `data` that gives one byte a read."""
    return cast("BinaryIO", Trickle(data))
