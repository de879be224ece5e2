"""Looking into a journal, while a run goes on or later."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from typing import TYPE_CHECKING, Self, cast

from verifik_async.batch.journal.findings import (
    Activity,
    Event,
    Fault,
    Item,
    Pace,
    Spread,
)
from verifik_async.batch.journal.job import fingerprint_of, kinds_of, read_job
from verifik_async.batch.journal.keys import KeyRule
from verifik_async.batch.journal.opening import LOST
from verifik_async.batch.journal.reader import Reader
from verifik_async.batch.journal.records import State
from verifik_async.batch.journal.schema import number
from verifik_async.batch.journal.settings import Journal
from verifik_async.batch.journal.statements import (
    ITEM_COLUMNS,
    MARKS,
    TOGETHER,
    filled,
)
from verifik_async.batch.journal.terms import TermsTable

if TYPE_CHECKING:
    import os
    from collections.abc import Generator, Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

    from verifik_async.batch.journal.errors import JournalLockedError
    from verifik_async.batch.journal.fingerprint import Fingerprint, JobTerms
    from verifik_async.batch.journal.records import KeyKind


class JournalView:
    """A journal that can only be read.

        with JournalView.open("job.sqlite3") as view:
            view.counts(), view.in_flight

    It holds up no run, and neither makes nor alters a file. Each method tells how
    things stand when it is called, and raises a `JournalError` if it can't.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Self:
        """Look whether there is a journal.

        Raises:
            JournalError: There is none, or it can't be read.
        """
        reader = Reader(Journal(path))
        try:
            with reader.reading():
                return cls(reader)
        except BaseException:
            reader.close()
            raise

    @property
    def fingerprint(self) -> Fingerprint:
        """Which job it is."""
        with self._reader.reading() as database:
            return fingerprint_of(read_job(database))

    @property
    def path(self) -> Path:
        """The journal's file."""
        return self._reader.path

    @property
    def key_rule(self) -> KeyRule:
        """What makes a person's key, as `find` takes it."""
        with self._reader.reading() as database:
            salt = read_job(database).get("salt")
        return KeyRule(salt if isinstance(salt, bytes) else b"")

    @property
    def key_kinds(self) -> frozenset[KeyKind]:
        """By what the persons are known."""
        with self._reader.reading() as database:
            return kinds_of(read_job(database))

    @property
    def holder(self) -> JournalLockedError | None:
        """Whose run uses the journal now."""
        return self._reader.holder

    @property
    def in_flight(self) -> int:
        """Persons about to be sent, or sent; without a `holder`, `unknown` ones."""
        with self._reader.reading() as database:
            return number(database, "SELECT count(*) FROM intent")

    @contextlib.contextmanager
    def at_one_moment(self) -> Generator[None]:
        """Inside, all is told as it stands now, whatever a run writes meanwhile."""
        with self._reader.held():
            yield

    def counts(self) -> Counter[State]:
        """How many persons stand where; those never sent are not known here."""
        question = "SELECT state, count(*) FROM item GROUP BY state"
        with self._reader.reading() as database:
            rows = cast("list[tuple[str, int]]", database.execute(question))
            return Counter({State(state): count for state, count in rows})

    def items(self, *states: State) -> Iterator[Item]:
        """Persons in these states, or all, by their row."""
        wanted = [state.value for state in states or State]
        marks = ",".join("?" * len(wanted))
        question = (
            f"SELECT {', '.join(ITEM_COLUMNS)} FROM item "  # noqa: S608 - constants
            f"WHERE state IN ({marks}) ORDER BY row"
        )
        with self._reader.reading() as database:
            for row in database.execute(question, wanted):
                yield Item(*row)

    def find(self, keys: Sequence[bytes]) -> dict[bytes, Item]:
        """Those of these persons who were sent, or could not be, by their keys."""
        question = f"SELECT {', '.join(ITEM_COLUMNS)} FROM item WHERE key IN ({MARKS})"  # noqa: S608 - constants
        found: dict[bytes, Item] = {}
        with self._reader.reading() as database:
            for start in range(0, len(keys), TOGETHER):
                some = filled(keys[start : start + TOGETHER])
                rows = database.execute(question, some)
                found |= {row[0]: Item(*row) for row in rows}
        return found

    def intents(self) -> Iterator[Item]:
        """Those `in_flight`, as the `unknown` they are if nobody answers for them."""
        question = """
            SELECT i.key, i.row, i.label, i.terms, coalesce(item.run, 0), 'unknown',
                coalesce(item.attempts, 0), i.at, NULL, NULL, 'OutcomeUnknownError',
                NULL, NULL, ?, NULL, NULL, NULL
            FROM intent AS i LEFT JOIN item ON item.key = i.key ORDER BY i.row
        """
        with self._reader.reading() as database:
            for row in database.execute(question, (LOST,)):
                yield Item(*row)

    def terms(self, number: int | None) -> JobTerms | None:
        """What was asked for, by an item's number of it."""
        with self._reader.reading() as database:
            return None if number is None else TermsTable(database).by_number(number)

    def pace(self, *, seconds: int = 60) -> Iterator[Pace]:
        """How many came to which state in each span of so many seconds, by time.

        Each person counts once, where their latest turn ended.
        """
        question = (
            "SELECT CAST(at / :span AS INTEGER) * :span, state, count(*) FROM item "
            "GROUP BY 1, 2 ORDER BY 1, 2"
        )
        with self._reader.reading() as database:
            for at, state, count in database.execute(question, {"span": seconds}):
                yield Pace(at, State(state), count)

    def spreads(self, *, seconds: int = 60) -> Iterator[Spread]:
        """How long the turns took that ended in each span, of persons who were sent.

        With waits and retries; in the order of time, and then of how long.
        """
        question = """
            SELECT CAST(at / :span AS INTEGER) * :span, round(took, CASE
                WHEN took < 0.1 THEN 3 WHEN took < 1 THEN 2 WHEN took < 10 THEN 1
                ELSE 0 END), count(*)
            FROM item WHERE took > 0 AND attempts > 0 GROUP BY 1, 2 ORDER BY 1, 2
        """
        with self._reader.reading() as database:
            for row in database.execute(question, {"span": seconds}):
                yield Spread(*row)

    def activities(self) -> Iterator[Activity]:
        """What runs did, by their number; each person counts in the latest only."""
        question = """
            SELECT run, count(*), sum(attempts), min(at), max(at) FROM item
            WHERE took IS NOT NULL GROUP BY run ORDER BY run
        """
        with self._reader.reading() as database:
            for row in database.execute(question):
                yield Activity(*row)

    def ended_since(self, at: float) -> int:
        """Persons whose latest turn ended since then, in seconds since 1970."""
        question = "SELECT count(*) FROM item WHERE took IS NOT NULL AND at >= ?"
        with self._reader.reading() as database:
            row: tuple[int] = database.execute(question, (at,)).fetchone()
            return row[0]

    def faults(self) -> Iterator[Fault]:
        """Persons of the latest run with no place among the items, by their row."""
        question = "SELECT row, error, detail, label FROM fault ORDER BY row, id"
        with self._reader.reading() as database:
            for row in database.execute(question):
                yield Fault(*row)

    def events(self) -> Iterator[Event]:
        """What happened, in its order, whatever the clock did."""
        question = "SELECT run, at, kind, facts FROM event ORDER BY id"
        with self._reader.reading() as database:
            for run, at, kind, facts in database.execute(question):
                yield Event(run, at, kind, json.loads(facts))

    def close(self) -> None:
        """Let go of what it took to read the journal."""
        self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
