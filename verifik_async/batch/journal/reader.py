"""Opening a journal to look into it, while a run goes on or not, without a trace.

SQLite's own read-only mode makes an index beside a file in WAL mode, if there is none,
and fails where it may not. So it only serves beside a run, which has made that index;
a journal at rest is read as a file that nobody changes, and one that a crash has left
with a log to be taken over is copied first.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from verifik_async.batch.journal.errors import JournalError, JournalPlaceError
from verifik_async.batch.journal.lock import holder_of
from verifik_async.batch.journal.schema import connected, explained, require_ours

if TYPE_CHECKING:
    from collections.abc import Generator

    from verifik_async.batch.journal.errors import JournalLockedError
    from verifik_async.batch.journal.settings import Journal

_BESIDE_A_RUN = "mode=ro"
_AT_REST = "mode=ro&immutable=1"

_Stamp = tuple[tuple[int, int], ...]


class Reader:
    """Reads a journal that may be anybody's.

    Args:
        journal: Where it is.

    Attributes:
        path: The journal's file.
    """

    def __init__(self, journal: Journal) -> None:
        self.path = journal.path
        self._log = journal.path.with_name(journal.path.name + "-wal")
        self._lock = journal.lock_path
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._copied: _Stamp = ()
        self._held: sqlite3.Connection | None = None

    @property
    def holder(self) -> JournalLockedError | None:
        """Whose run uses the journal now."""
        return holder_of(self._lock)

    @contextlib.contextmanager
    def reading(self) -> Generator[sqlite3.Connection]:
        """Open the database as it is now.

        Raises:
            JournalError: There is none, or it can't be read.
        """
        if self._held is not None:
            yield self._held
            return
        if not _size_of(self.path) and not _size_of(self._log):
            raise JournalPlaceError("there is no such journal, or nothing in it yet")
        path, mode = self._place()
        before = self._stamp()
        try:
            name = f"{path.as_uri()}?{mode}"
            with contextlib.closing(connected(name, uri=True)) as database:
                require_ours(database)
                yield database
        except sqlite3.Error as error:
            if mode == _AT_REST:
                self._require(before)
            raise explained(error) from None
        if mode == _AT_REST:
            self._require(before)

    @contextlib.contextmanager
    def held(self) -> Generator[None]:
        """Inside, the database is read as it is now, whatever a run writes meanwhile.

        Raises:
            JournalError: As `reading`.
        """
        if self._held is not None:
            yield
            return
        with self.reading() as database:
            database.execute("BEGIN")
            self._held = database
            try:
                yield
            finally:
                self._held = None

    def _place(self) -> tuple[Path, str]:
        """Which file to open, and how."""
        if self._in_use():
            return self.path, _BESIDE_A_RUN
        if not _size_of(self._log):
            return self.path, _AT_REST
        copy = self._copy()
        # a run that has begun meanwhile may have changed one file before the other
        return (self.path if self._in_use() else copy), _BESIDE_A_RUN

    def _in_use(self) -> bool:
        return self.holder is not None

    def _copy(self) -> Path:
        now = self._stamp()
        if self._folder is not None and self._copied == now:
            return Path(self._folder.name, self.path.name)
        self.close()
        self._folder = tempfile.TemporaryDirectory(prefix="verifik-journal-")
        try:
            for file in (self.path, self._log):
                shutil.copyfile(file, Path(self._folder.name, file.name))
        except OSError as error:
            what = error.strerror or type(error).__name__
            raise JournalPlaceError(
                f"the journal can't be copied in order to be read: {what}"
            ) from None
        self._copied = now
        return Path(self._folder.name, self.path.name)

    def _stamp(self) -> _Stamp:
        return tuple(_stamp_of(file) for file in (self.path, self._log))

    def _require(self, before: _Stamp) -> None:
        if self._stamp() != before:
            raise JournalError("a run began while the journal was read: look again")

    def close(self) -> None:
        """Forget the copy, if there is one."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


def _stamp_of(file: Path) -> tuple[int, int]:
    """When it was written last, and its size; zeros for no file."""
    try:
        found = file.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


def _size_of(file: Path) -> int:
    return _stamp_of(file)[1]
