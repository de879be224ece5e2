"""What is written into a journal, and asked of it; one thread at a time."""

from __future__ import annotations

import contextlib
import json
import os
import time
from typing import TYPE_CHECKING, cast

from verifik_async.batch.journal.errors import JournalMismatchError, JournalWriteError
from verifik_async.batch.journal.records import (
    NOBODY,
    SUCCEEDED,
    Asked,
    Fact,
    Intent,
    KeyKind,
    Known,
    State,
    Verdict,
)
from verifik_async.batch.journal.seen import Seen
from verifik_async.batch.journal.statements import (
    INTEND,
    MARKS,
    SETTLE,
    TAKE_BACK,
    TOGETHER,
    filled,
)
from verifik_async.batch.journal.terms import TermsTable

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Generator, Iterator, Mapping, Sequence
    from pathlib import Path

    from verifik_async.batch.journal.fingerprint import JobTerms
    from verifik_async.batch.journal.lock import ProcessLock

Row = tuple[object, ...]
ItemRow = tuple[bytes, str, int, int | None, str | None]

_LOOK = f"""
SELECT key, state, row, terms, person_id FROM item WHERE key IN ({MARKS})
"""  # noqa: S608 - constants
_MOVE = "UPDATE item SET row = ? WHERE key = ?"
_FAULT = "INSERT INTO fault (run, row, error, detail, label) VALUES (?, ?, ?, ?, ?)"
_NOTE = "INSERT INTO event (run, at, kind, facts) VALUES (?, ?, ?, ?)"
_KINDS = "INSERT OR REPLACE INTO job VALUES ('keys', ?)"


class Store:
    """An open journal's contents.

    Every call between `group()` and its end is kept, or none of them is.

    Args:
        database: Open, with a run begun in it.
        path: The database's file.
        run: The run's number.
        kinds: The kinds of keys that earlier runs had.
        lock: What keeps other runs out.
    """

    def __init__(
        self,
        database: sqlite3.Connection,
        *,
        path: Path,
        run: int,
        kinds: frozenset[KeyKind],
        lock: ProcessLock,
    ) -> None:
        self.database = database
        self.path = path
        self._run = run
        self._lock = lock
        self._kinds_before = kinds
        self._kinds: set[KeyKind] = set()
        self._kinds_written = set(kinds)
        self._identity = _identity(path)
        self._terms = TermsTable(database)
        self._seen = Seen()

    def close(self) -> None:
        """Close the database."""
        self._seen.close()
        self.database.close()

    @contextlib.contextmanager
    def group(self, *, anyway: bool = False) -> Generator[None]:
        """Several writes in one go.

        Args:
            anyway: Also into a file that has been deleted, or without the lock.

        Raises:
            JournalError: None of them was kept.
            sqlite3.Error: Likewise.
        """
        self._to_intend: list[Row] = []
        self._to_settle: list[Row] = []
        self._to_take_back: list[Row] = []
        self.database.execute("BEGIN IMMEDIATE")
        try:
            yield
            if not anyway:
                self._require_own_files()
            self._write_kinds()
            self._write_rows()
            self.database.execute("COMMIT")
        except BaseException:
            self._kinds &= self._kinds_written
            self._terms.forget_numbers()
            if self.database.in_transaction:
                self.database.execute("ROLLBACK")
            raise
        self._kinds_written |= self._kinds

    def look(self, asked: Sequence[Asked]) -> list[Known]:
        """What is known of each; and this run has had them now."""
        known: list[Known] = []
        for start in range(0, len(asked), TOGETHER):
            known += self._look(asked[start : start + TOGETHER])
        return known

    def _look(self, asked: Sequence[Asked]) -> Iterator[Known]:
        keys = [one.key for one in asked]
        seen = self._seen.add(keys)
        rows = cast("list[ItemRow]", self.database.execute(_LOOK, filled(keys)))
        found = {row[0]: row for row in rows}
        for one in asked:
            self._kinds.add(one.kind)
            if one.key in seen:
                yield Known(again=True)
            else:
                seen.add(one.key)
                yield self._known(one, found.get(one.key))

    def _known(self, asked: Asked, found: ItemRow | None) -> Known:
        if found is None:
            return NOBODY
        _, state, row, terms, person_id = found
        if row != asked.row and state not in SUCCEEDED:
            # reports name those who are not enrolled by their row
            self.database.execute(_MOVE, (asked.row, asked.key))
        return Known(
            state=State(state),
            terms=None if terms is None else self._terms.by_number(terms),
            person_id=person_id,
        )

    def intend(self, intents: Sequence[Intent]) -> None:
        """These are about to be sent."""
        now = time.time()
        number_of = self._terms.number_of
        self._to_intend += [
            (intent.key, intent.row, number_of(intent.terms), now, intent.label)
            for intent in intents
        ]

    def settle(
        self, intent: Intent, verdict: Verdict, *, terms: JobTerms | None
    ) -> None:
        """Somebody's turn is over, and this came of it."""
        row = (
            intent.key,
            intent.row,
            intent.label,
            self._terms.number_of(terms),
            self._run,
            verdict.state.value,
            verdict.attempts,
            verdict.at,
            verdict.took,
            verdict.status,
            verdict.error,
            verdict.code,
            verdict.reason,
            verdict.detail,
            verdict.person_id,
            verdict.request_id,
            verdict.liveness,
        )
        self._to_settle.append(row)
        self._to_take_back.append((intent.key,))

    def take_back(self, intent: Intent) -> None:
        """Somebody's turn is over, and they stand where they stood before."""
        self._to_take_back.append((intent.key,))

    def fault(
        self, *, row: int, error: str, detail: str | None, label: str | None
    ) -> None:
        """Somebody of this run has no place of their own among the items."""
        self.database.execute(_FAULT, (self._run, row, error, detail, label))

    def note(self, kind: str, facts: Mapping[str, Fact]) -> None:
        """Something happened to the run."""
        self.database.execute(_NOTE, (self._run, time.time(), kind, json.dumps(facts)))

    def _write_rows(self) -> None:
        INTEND.write(self.database, self._to_intend)
        SETTLE.write(self.database, self._to_settle)
        TAKE_BACK.write(self.database, self._to_take_back)

    def _write_kinds(self) -> None:
        if self._kinds <= self._kinds_written:
            return
        if self._kinds_before and self._kinds_before.isdisjoint(self._kinds):
            before, now = _told(self._kinds_before), _told(self._kinds)
            raise JournalMismatchError([("keys", before, now)])
        kinds = sorted(self._kinds_written | self._kinds)
        self.database.execute(_KINDS, (",".join(kinds),))

    def _require_own_files(self) -> None:
        if not self.is_there():
            raise JournalWriteError(
                "the journal was deleted, moved or replaced during the run"
            )
        if not self._lock.holds:
            raise JournalWriteError(
                "the journal's lock file was deleted or replaced during the run, so "
                "another run may be using the journal"
            )

    def is_there(self) -> bool:
        """Whether the path still leads to this journal."""
        return _identity(self.path) == self._identity


def _told(kinds: set[KeyKind] | frozenset[KeyKind]) -> str:
    names = {"given": "each person's id", "content": "each person's content"}
    return " or ".join(names[kind] for kind in sorted(kinds))


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - twice as fast, at every commit
    except OSError:
        return None
    return found.st_dev, found.st_ino
