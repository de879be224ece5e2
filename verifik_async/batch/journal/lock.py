"""A lock that dies with its process, and tells who holds it."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import socket
import sys
import time
from typing import TYPE_CHECKING, Self, cast

from verifik_async.batch.journal.errors import JournalLockedError, JournalPlaceError

if TYPE_CHECKING:
    from pathlib import Path

if sys.platform == "win32":  # pragma: no cover - never tried on Windows
    import msvcrt

    _FAR_AWAY = 1 << 30  # what is locked there can't be read by others

    def _lock(file: int, *, shared: bool = False) -> None:
        del shared  # there is no such thing; who only looks is quick about it
        os.lseek(file, _FAR_AWAY, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        os.lseek(file, 0, os.SEEK_SET)

else:
    import fcntl

    def _lock(file: int, *, shared: bool = False) -> None:
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        fcntl.flock(file, kind | fcntl.LOCK_NB)


_TRIES = 5
_BETWEEN_TRIES = 0.02
"""Seconds; somebody who only looks who holds the lock has it for far less."""


class ProcessLock:
    """Held from `acquire` to `release`, or to the end of the process.

    On a file beside the journal and not on the journal itself: closing any handle of
    a file drops the locks which SQLite holds on it for this process. The file stays
    when the lock is released, as removing it could take another's lock along.

    A process that is forked off without a new program, as `multiprocessing` may do,
    shares the lock until it ends.
    """

    def __init__(self, file: int, path: Path) -> None:
        self._file = file
        self._path = path

    @property
    def holds(self) -> bool:
        """Whether it still keeps others out: not if its file was deleted."""
        try:
            found = os.stat(self._path)  # noqa: PTH116 - twice as fast, at every commit
        except OSError:
            return False
        return os.path.samestat(found, os.fstat(self._file))

    @classmethod
    def acquire(cls, path: Path) -> Self:
        """Take the lock, or fail at once.

        Args:
            path: The lock's own file; made if it is not there.

        Raises:
            JournalLockedError: Somebody else holds it.
            JournalPlaceError: The file can't be made.
        """
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
        try:
            file = os.open(path, flags, 0o644)
        except OSError as error:
            what = error.strerror or type(error).__name__
            raise JournalPlaceError(
                f"the journal's folder can't be written: {what}"
            ) from None
        for left in reversed(range(_TRIES)):
            try:
                _lock(file)
                break
            except OSError:
                if not left:
                    locked = _told(file)
                    os.close(file)
                    raise locked from None
                time.sleep(_BETWEEN_TRIES)
        _tell(file)
        return cls(file, path)

    def release(self) -> None:
        """Let others have it."""
        os.close(self._file)


def holder_of(path: Path) -> JournalLockedError | None:
    """Who holds a lock now, as the error that `acquire` would raise."""
    try:
        file = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    except OSError:
        return None
    try:
        _lock(file, shared=True)
    except OSError:
        return _told(file)
    else:
        return None
    finally:
        os.close(file)


def _tell(file: int) -> None:
    """Write down who holds the lock; a full disk is no reason not to hold it."""
    since = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": since}
    with contextlib.suppress(OSError):
        os.ftruncate(file, 0)
        os.write(file, json.dumps(holder).encode())


_LONGEST_NOTE = 4096


def _told(file: int) -> JournalLockedError:
    """The error with what the holder wrote; it may be about to."""
    try:
        note: object = json.loads(os.read(file, _LONGEST_NOTE))
    except (OSError, ValueError):
        note = None
    fields = cast("dict[str, object]", note) if isinstance(note, dict) else {}
    pid, host, since = (fields.get(name) for name in ("pid", "host", "since"))
    return JournalLockedError(
        pid=pid if isinstance(pid, int) else None,
        host=host if isinstance(host, str) else None,
        since=since if isinstance(since, str) else None,
    )
