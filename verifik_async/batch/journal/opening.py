"""A journal from its opening to its closing: lock, fingerprint, recovery."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import secrets
import sqlite3
import time
from typing import TYPE_CHECKING

import attrs

from verifik_async.batch.journal import keys
from verifik_async.batch.journal.errors import JournalError, JournalPlaceError
from verifik_async.batch.journal.filesystem import require_local
from verifik_async.batch.journal.fingerprint import Fingerprint
from verifik_async.batch.journal.job import (
    described,
    kinds_of,
    read_job,
    require_same,
    write_job,
)
from verifik_async.batch.journal.lock import ProcessLock, holder_of
from verifik_async.batch.journal.reader import Reader
from verifik_async.batch.journal.schema import (
    explained,
    number,
    open_to_write,
)
from verifik_async.batch.journal.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from verifik_async.batch.journal.records import Fact
    from verifik_async.batch.journal.settings import Journal

logger = logging.getLogger("verifik_async")

_LAST_PATIENCE = 500
"""Milliseconds to wait at the end for somebody who is at the file as well."""

LOST = "the run ended before the answer was written down"
"""Why somebody is `unknown` whom an earlier run was about to send, or had sent."""

_RECOVER = """
INSERT INTO item (key, state, row, run, terms, attempts, at, error, detail, label)
SELECT key, 'unknown', row, ?, terms, 0, at, 'OutcomeUnknownError', ?, label
FROM intent WHERE true
ON CONFLICT (key) DO UPDATE SET
    state = 'unknown', row = excluded.row, terms = excluded.terms, at = excluded.at,
    error = excluded.error, detail = excluded.detail, label = excluded.label,
    took = NULL, status = NULL, code = NULL, reason = NULL, person_id = NULL,
    request_id = NULL, liveness = NULL
"""


@attrs.frozen
class OpenJournal:
    """A journal that is locked and belongs to this job.

    Attributes:
        store: Its contents.
        salt: The job's.
    """

    store: Store
    salt: bytes
    _lock: ProcessLock = attrs.field(alias="lock")

    def close(
        self, unsaved: Iterable[Callable[[Store], object]], facts: Mapping[str, Fact]
    ) -> None:
        """End the run, write what could not be written before, and let others in."""
        told = functools.partial(Store.note, kind="run_ended", facts=facts)
        try:
            with contextlib.closing(self.store):
                self._write([*unsaved, told])
                if self.store.is_there():
                    self._take_log_over()
                else:
                    self._rescue()
        except (sqlite3.Error, JournalError) as error:
            logger.warning(
                "The journal was not ended in order (%s): whoever was in flight is "
                "unknown to the next run",
                getattr(error, "sqlite_errorname", type(error).__name__),
            )
        finally:
            self._lock.release()

    def _write(self, works: Sequence[Callable[[Store], object]]) -> None:
        """All of it in one go, or else as much as can be."""
        try:
            self._write_group(works)
        except (sqlite3.Error, JournalError):
            self._wait_for_others(0)  # that has been done
            failures: list[sqlite3.Error | JournalError] = []
            for work in works:
                try:
                    self._write_group([work])
                except (sqlite3.Error, JournalError) as error:
                    failures.append(error)
            if failures:
                raise failures[0] from None

    def _write_group(self, works: Iterable[Callable[[Store], object]]) -> None:
        with self.store.group(anyway=True):
            for work in works:
                work(self.store)

    def _take_log_over(self) -> None:
        """Leave one file that holds all, even if somebody looks into it just now."""
        self._wait_for_others(_LAST_PATIENCE)
        with contextlib.suppress(sqlite3.Error):  # the next run does it then
            self.store.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _wait_for_others(self, milliseconds: int) -> None:
        self.store.database.execute(f"PRAGMA busy_timeout = {milliseconds}")

    def _rescue(self) -> None:
        """Write a deleted journal anew: we still have what was in it."""
        path = self.store.path
        if os.path.lexists(path):
            path = path.with_name(path.name + ".rescued")
        # made beforehand for the sake of its mode: SQLite would let others read it
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
        self.store.database.execute("VACUUM INTO ?", (os.fspath(path),))
        logger.warning("The journal's file was gone; all of it is in %s now", path.name)


def open_journal(journal: Journal, *, base_url: str) -> OpenJournal:
    """Lock a journal, make it if there is none, and begin a run.

    Whoever was in flight when an earlier run was killed is `unknown` afterwards.

    Raises:
        JournalError: It can't be used; see its classes. The file is as it was.
    """
    _require_place(journal)
    lock = ProcessLock.acquire(journal.lock_path)
    try:
        database = open_to_write(journal.path, durability=journal.durability)
        try:
            fingerprint = _fingerprint(journal, base_url)
            return _begun(database, journal, fingerprint, lock)
        except sqlite3.Error as error:
            database.close()
            raise explained(error) from None
        except BaseException:
            database.close()
            raise
    except BaseException:
        lock.release()
        raise


def _fingerprint(journal: Journal, base_url: str) -> Fingerprint:
    return Fingerprint(base_url=journal.service or base_url, terms=journal.job)


def check_journal(journal: Journal, *, base_url: str) -> bool:
    """See whether `open_journal` would refuse, without making or changing anything.

    Returns:
        Whether there is a journal already.

    Raises:
        JournalError: As `open_journal`.
    """
    _require_place(journal)
    if not journal.path.exists() or not journal.path.stat().st_size:
        return False  # or one that was killed as it was made
    holder = holder_of(journal.lock_path)
    if holder is not None:
        raise holder
    with contextlib.closing(Reader(journal)) as reader, reader.reading() as database:
        told = read_job(database)
    if told:
        require_same(told, _fingerprint(journal, base_url))
    return bool(told)


def _require_place(journal: Journal) -> None:
    if not journal.path.parent.is_dir():
        raise JournalPlaceError("the journal's folder does not exist")
    if journal.path.is_dir():
        raise JournalPlaceError("the journal is a folder: name a file")
    require_local(os.fspath(journal.path.parent))


def _begun(
    database: sqlite3.Connection,
    journal: Journal,
    fingerprint: Fingerprint,
    lock: ProcessLock,
) -> OpenJournal:
    database.execute("BEGIN IMMEDIATE")
    told = read_job(database)
    if told:
        require_same(told, fingerprint)
    salt = told.get("salt")
    if not isinstance(salt, bytes):
        salt = secrets.token_bytes(keys.SALT_BYTES)
        write_job(database, {"salt": salt, "rule": keys.RULE, "begun": time.time()})
    write_job(database, described(fingerprint))
    run = number(database, "SELECT coalesce(max(id), 0) + 1 FROM event")
    lost = database.execute(_RECOVER, (run, LOST)).rowcount
    database.execute("DELETE FROM intent")
    database.execute("DELETE FROM fault")
    store = Store(database, path=journal.path, run=run, kinds=kinds_of(told), lock=lock)
    store.note("run_started", {"unknown_since": lost})
    database.execute("COMMIT")
    return OpenJournal(store, salt, lock)
