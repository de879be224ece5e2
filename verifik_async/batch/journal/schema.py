"""The journal's file: one SQLite database, in WAL mode.

- `job`: what makes the job this job, and its salt.
- `terms`: where persons were sent, and how they were to be checked.
- `intent`: who is about to be sent, or was: as many as there are slots, and half as
  many again. Apart from `item`, where keys lie at random, so that its few pages are
  written over and over, and a page of `item` only once a person.
- `item`: who was sent: key, state, and facts without personal data.
- `fault`: persons of the latest run who have no place in `item`.
- `event`: what happened to the runs: start, end, stops, pauses.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import TYPE_CHECKING

from verifik_async.batch.journal.errors import (
    JournalDamagedError,
    JournalError,
    JournalPlaceError,
    JournalVersionError,
    JournalWriteError,
)

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

APPLICATION = 0x5646_4B4A
"""`VFKJ` in the file's header: what lacks it is not ours, and stays untouched."""

VERSION = 1

_PATIENCE = 30.0
"""Seconds to wait for somebody who looks into the file with a tool and writes."""

_CACHE = "-16000"  # in KiB: 16 MB, whatever the size of the journal

_TABLES = """
CREATE TABLE job (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE terms (
    id INTEGER PRIMARY KEY,
    collection_id TEXT,
    liveness_min_score REAL,
    min_score REAL,
    search_mode TEXT
);
CREATE TABLE item (
    key BLOB PRIMARY KEY,
    state TEXT NOT NULL,
    row INTEGER NOT NULL,
    run INTEGER NOT NULL,
    terms INTEGER,
    attempts INTEGER NOT NULL,
    at REAL NOT NULL,
    took REAL,
    status INTEGER,
    error TEXT,
    code TEXT,
    reason TEXT,
    detail TEXT,
    person_id TEXT,
    request_id TEXT,
    liveness REAL,
    label TEXT
) WITHOUT ROWID;
CREATE TABLE intent (
    key BLOB PRIMARY KEY,
    row INTEGER NOT NULL,
    terms INTEGER,
    at REAL NOT NULL,
    label TEXT
) WITHOUT ROWID;
CREATE TABLE fault (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL,
    row INTEGER NOT NULL,
    error TEXT NOT NULL,
    detail TEXT,
    label TEXT
);
CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL,
    at REAL NOT NULL,
    kind TEXT NOT NULL,
    facts TEXT NOT NULL
);
"""


@contextlib.contextmanager
def _opening(database: sqlite3.Connection) -> Generator[sqlite3.Connection]:
    """Close the database, and say what is wrong in our words, where it fails."""
    try:
        yield database
    except sqlite3.Error as error:
        database.close()
        raise explained(error) from None
    except BaseException:
        database.close()
        raise


def open_to_write(path: Path, *, durability: str) -> sqlite3.Connection:
    """The database, made if there is none; whoever calls holds the lock.

    Raises:
        JournalError: It can't be used; see its classes.
    """
    _touch(path)
    with _opening(connected(os.fspath(path), uri=False)) as database:
        if _is_empty(database):
            _set_up(database, durability)
            _create(database)
            _sync_folder(path)
        else:
            require_ours(database)
            _set_up(database, durability)
    return database


def _touch(path: Path) -> None:
    """Make the file, for this user's eyes only: it says who was enrolled."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        what = error.strerror or type(error).__name__
        raise JournalPlaceError(f"the journal can't be opened: {what}") from None


def connected(name: str, *, uri: bool) -> sqlite3.Connection:
    """A database, without a look into it.

    Raises:
        JournalError: It can't be opened.
    """
    try:
        # One thread at a time has it, though not always the one that opened it.
        return sqlite3.connect(
            name,
            uri=uri,
            timeout=_PATIENCE,
            isolation_level=None,
            check_same_thread=False,
        )
    except sqlite3.Error as error:
        raise explained(error) from None


def number(database: sqlite3.Connection, question: str) -> int:
    """The one whole number that a question is answered with."""
    row: tuple[int] = database.execute(question).fetchone()
    return row[0]


def _is_empty(database: sqlite3.Connection) -> bool:
    return not number(database, "SELECT count(*) FROM sqlite_master")


def require_ours(database: sqlite3.Connection) -> None:
    """Refuse a database that is no journal, or a newer one.

    Raises:
        JournalError: It is.
        sqlite3.Error: It can't be read.
    """
    if number(database, "PRAGMA application_id") != APPLICATION:
        raise JournalDamagedError("the file is no journal of this package")
    version = number(database, "PRAGMA user_version")
    if version > VERSION:
        raise JournalVersionError(
            f"the journal has format {version}, and this version of the package "
            f"knows formats up to {VERSION}"
        )


def _set_up(database: sqlite3.Connection, durability: str) -> None:
    mode: tuple[str] = database.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode[0] != "wal":
        raise JournalPlaceError("the journal's file system can't hold a WAL")
    full = durability == "strict"
    for setting, value in (
        ("synchronous", "FULL" if full else "NORMAL"),
        ("fullfsync", "ON" if full else "OFF"),  # macOS lies without it
        ("cache_size", _CACHE),
    ):
        database.execute(f"PRAGMA {setting} = {value}")


def _create(database: sqlite3.Connection) -> None:
    # executescript commits what is open, hence one script for all of it
    database.executescript(
        f"BEGIN; {_TABLES} PRAGMA application_id = {APPLICATION}; "
        f"PRAGMA user_version = {VERSION}; COMMIT;"
    )


def _sync_folder(path: Path) -> None:
    """Make the file's name survive a loss of power too, where folders can be synced."""
    with contextlib.suppress(OSError):
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


_FULL = "the disk is full"
_DAMAGED = "the file is no journal, or it is damaged"
_REASONS: dict[int, tuple[type[JournalError], str]] = {
    sqlite3.SQLITE_FULL: (JournalWriteError, _FULL),
    sqlite3.SQLITE_IOERR: (JournalWriteError, "the disk failed"),
    sqlite3.SQLITE_READONLY: (JournalPlaceError, "it may be read only"),
    sqlite3.SQLITE_CANTOPEN: (JournalPlaceError, "it can't be opened"),
    sqlite3.SQLITE_PERM: (JournalPlaceError, "it may not be opened"),
    sqlite3.SQLITE_BUSY: (JournalWriteError, "another program keeps it locked"),
    sqlite3.SQLITE_CORRUPT: (JournalDamagedError, _DAMAGED),
    sqlite3.SQLITE_NOTADB: (JournalDamagedError, _DAMAGED),
}


def explained(error: sqlite3.Error) -> JournalError:
    """SQLite's error in our words; its own text may quote what was to be stored."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    name: str = getattr(error, "sqlite_errorname", type(error).__name__)
    kind, reason = _REASONS.get(code & 0xFF, (JournalWriteError, name))
    return kind(f"the journal can't be used: {reason}")
