"""The bytes of a manifest, which are read from the start more than once.

Every row is checked before the first is sent, so there are two passes at least.
"""

from __future__ import annotations

import io
import shutil
import stat
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

import attrs

from verifik_async.batch.manifest.errors import ManifestError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

STANDARD_INPUT = Path("-")


class Content(Protocol):
    """What a manifest is read from."""

    def open(self) -> io.BufferedReader:
        """A reader of its own, at the start.

        Raises:
            OSError: It can't be read.
            ManifestError: It can't be read twice.
        """
        ...


def begins_with(content: Content, mark: bytes) -> bool:
    """Whether these are the first bytes; not so if they can't be read."""
    try:
        with content.open() as stream:
            return stream.read(len(mark)) == mark
    except OSError:
        return False


@attrs.frozen
class FileContent:
    """A file, as it is when it is opened.

    Attributes:
        path: Where it lies.
    """

    path: Path

    def open(self) -> io.BufferedReader:
        """The file from its start."""
        if not stat.S_ISREG(self.path.stat().st_mode):
            raise ManifestError(
                "the manifest is no regular file: save it as one, or pipe it into "
                "standard input and call it -"
            )
        return self.path.open("rb")


class KeptInput:
    """Standard input, kept aside, since it can be read but once.

    It goes into a temporary file without a name (on Windows: one that is deleted when
    it is closed), as it may be longer than memory. Nobody else can open it, and it
    is gone with this object or with the process, however that ends. TMPDIR says on
    which disk it is: a manifest holds names and birth dates.

    Raises:
        ManifestError: Nothing is piped in, or it can't be kept.
    """

    def __init__(self) -> None:
        given = sys.stdin
        if given is None or given.isatty():
            raise ManifestError(
                "standard input is a terminal: pipe a manifest into it, or name a file"
            )
        self._turn = threading.Lock()
        try:
            self._file: IO[bytes] = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
            shutil.copyfileobj(given.buffer, self._file)
        except OSError as error:
            what = error.strerror or type(error).__name__
            raise ManifestError(f"standard input can't be kept aside: {what}") from None

    def open(self) -> io.BufferedReader:
        """What came, from its start."""
        return io.BufferedReader(_View(self._file, self._turn))

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            self._file.close()  # nothing in it is worth a warning


class _View(io.RawIOBase):
    """A file seen from a place of one's own, without opening it by name."""

    def __init__(self, file: IO[bytes], turn: threading.Lock) -> None:
        super().__init__()
        self._file = file
        self._turn = turn
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        with self._turn:
            start = self._place if whence == io.SEEK_CUR else 0
            whole = io.SEEK_END if whence == io.SEEK_END else io.SEEK_SET
            self._place = self._file.seek(start + offset, whole)
        return self._place

    def readinto(self, buffer: WriteableBuffer) -> int:
        into = memoryview(buffer).cast("B")
        with self._turn:
            self._file.seek(self._place)
            read = self._file.read(len(into))
        into[: len(read)] = read
        self._place += len(read)
        return len(read)
