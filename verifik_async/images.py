"""Face images: checked, sized, read again for every attempt, silent in repr."""

from __future__ import annotations

import enum
import errno
import io
import os
import stat
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO, NoReturn, Self

import attrs
import pybase64

from verifik_async.errors import FieldFault, InvalidRequestError
from verifik_async.reading import OPEN_MODE, FileReader, MemoryReader, StreamReader

if TYPE_CHECKING:
    from verifik_async.reading import Reader

SHORTEST_BASE64 = 100
"""Base64 texts shorter than this are answered 412 `only_images_in_base64`: the
reference says that undersized payloads are, the page on /compare says how small."""


class ImageKind(enum.StrEnum):
    """Formats that can be sent: what the vendor's own clients let people choose."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"


_HEAD = 16
"""Bytes that tell the format."""


def _kind_of(head: bytes) -> ImageKind | None:
    if head.startswith(b"\xff\xd8\xff"):
        return ImageKind.JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return ImageKind.PNG
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return ImageKind.WEBP
    return None


def _refuse(problem: str, hint: str = "") -> NoReturn:
    fault = FieldFault(field="images", problem=problem, hint=hint)
    raise InvalidRequestError([fault])


@attrs.frozen
class FaceImage:
    """One photograph of the person to enroll, as it is: never re-encoded.

    Make it with `from_path`, `from_bytes`, `from_base64` or `from_opener`; all of
    them raise `InvalidRequestError` for what is no JPEG, PNG or WebP image, is empty
    or too small to be one (fewer than 100 characters of base64), or can't be read.

    Attributes:
        kind: The format, told by the first bytes and not by a file's name.
        size: Bytes of the image, before base64.
    """

    kind: ImageKind = attrs.field(repr=str)
    size: int
    _source: str | bytes | Callable[[], BinaryIO] = attrs.field(repr=False)
    """A file's path, the bytes, or what opens a stream of them."""

    @classmethod
    def from_path(cls, path: str | os.PathLike[str]) -> Self:
        """An image file. It is read when it is sent, so no bytes are held.

        The file must not change until then: another size is refused.
        """
        where = os.fsdecode(path)
        try:
            head, size = _head_and_size(where)
        except Exception as error:  # noqa: BLE001 - a path may hold what no system takes
            trouble = _trouble(error)
        else:
            return cls(*_checked(head, size), where)
        _refuse(f"the file can't be read: {trouble}", "check the path")

    @classmethod
    def from_bytes(cls, data: bytes | bytearray | memoryview) -> Self:
        """An image in memory."""
        # Through memoryview, since bytes(n) is n zeros.
        held = data if isinstance(data, bytes) else bytes(memoryview(data))
        return cls(*_checked(held[:_HEAD], len(held)), held)

    @classmethod
    def from_base64(cls, text: str | bytes, *, allow_data_url: bool = False) -> Self:
        """An image as base64; white space in it is dropped.

        Args:
            text: Base64 of the standard alphabet, padded.
            allow_data_url: Also take a `data:image/…;base64,` URL. The API refuses
                such URLs, so what is sent is the bare image either way.
        """
        given = text.encode("ascii", "replace") if isinstance(text, str) else text
        compact = b"".join(given.split())
        if compact[:5].lower() == b"data:":
            head, comma, rest = compact.partition(b",")
            if not allow_data_url:
                _refuse("is a data: URL", "pass raw base64, or allow_data_url=True")
            if not comma or not head.lower().endswith(b";base64"):
                _refuse("is a data: URL without base64", "pass raw base64")
            compact = rest
        try:
            data = pybase64.b64decode(compact, validate=True)
        except ValueError:
            data = None
        if data is None:
            _refuse("is no base64", "use the standard alphabet, with padding")
        return cls.from_bytes(data)

    @classmethod
    def from_opener(cls, opener: Callable[[], BinaryIO], size: int) -> Self:
        """An image from somewhere else, such as an archive or an object store.

        Args:
            opener: Gives a new binary stream, to be used in a `with`, at every call:
                once here, to look at the first bytes, and once for every attempt to
                send it; in a batch also to compare it with others, and to know the
                person again. To send it, it is called and read in a worker thread,
                and no limit of time holds for that but yours.
            size: How many bytes the stream holds.
        """
        head, trouble = b"", None
        try:
            head = _head_of(opener())
        except Exception as error:  # noqa: BLE001 - archives and stores raise their own
            trouble = _trouble(error)
        if trouble is not None:
            _refuse(
                f"can't be opened: {trouble}",
                "the opener must give a stream such as open(…, 'rb') does",
            )
        if isinstance(size, bool) or not isinstance(size, int):  # pyright: ignore[reportUnnecessaryIsInstance] - not all callers check types
            _refuse("has no size in whole bytes", "pass the stream's size")
        return cls(*_checked(head, size), opener)

    @property
    def in_memory(self) -> bool:
        """Whether the bytes are held here, so that reading them never waits."""
        return isinstance(self._source, bytes)

    def open(self) -> BinaryIO:
        """A new stream of the image's bytes."""
        if isinstance(self._source, bytes):
            return io.BytesIO(self._source)
        if isinstance(self._source, str):
            return io.FileIO(self._source)
        return self._source()

    def reader(self) -> Reader:
        """What reads the image's bytes without making an event loop wait."""
        if isinstance(self._source, bytes):
            return MemoryReader(self._source)
        if isinstance(self._source, str):
            return FileReader(self._source)
        return StreamReader(self._source)


def _trouble(error: Exception) -> str:
    """What went wrong, as text.

    The system's error itself names the file, maybe the person, and would be chained
    to whatever is raised while it is handled.
    """
    what = error.strerror if isinstance(error, OSError) else None
    return what or type(error).__name__


def _head_and_size(path: str) -> tuple[bytes, int]:
    file = os.open(path, OPEN_MODE)
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a file")
        return os.read(file, _HEAD), status.st_size
    finally:
        os.close(file)


def _head_of(stream: BinaryIO) -> bytes:
    head = b""
    with stream:
        while len(head) < _HEAD and (more := stream.read(_HEAD - len(head))):
            head += more
    return head


def _checked(head: bytes, size: int) -> tuple[ImageKind, int]:
    if not size:
        _refuse("is empty", "take the photograph again, or leave the image out")
    kind = _kind_of(head)
    if kind is None:
        _refuse(
            "is no JPEG, PNG or WebP image",
            "the first bytes decide, not the name; convert the file",
        )
    if 4 * ((size + 2) // 3) < SHORTEST_BASE64:
        _refuse(f"is too small for an image ({size} bytes)", "check the file")
    return kind, size
