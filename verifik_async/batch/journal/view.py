"""Looking into a journal, while a run goes on or later."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Self, cast

import attrs

from verifik_async.batch.journal.lock import holder_of
from verifik_async.batch.journal.opening import fingerprint_of, read_job
from verifik_async.batch.journal.records import Fact, State
from verifik_async.batch.journal.schema import explained, number, open_to_read
from verifik_async.batch.journal.settings import Journal
from verifik_async.batch.journal.statements import ITEM_COLUMNS

if TYPE_CHECKING:
    import os
    from collections.abc import Generator, Iterator
    from types import TracebackType

    from verifik_async.batch.journal.errors import JournalLockedError
    from verifik_async.batch.journal.fingerprint import Fingerprint


@attrs.frozen
class Item:
    """A person who was sent, or could not be; see `Verdict` for the fields.

    Attributes:
        key: What the journal knows the person by.
        row: What people call the person's place.
        label: The caller's key, where the journal keeps keys.
        terms: A number that persons with the same terms have in common.
        run: The number of the run which had the person last.
    """

    key: bytes = attrs.field(repr=False)
    row: int
    label: str | None = attrs.field(repr=False)
    terms: int | None
    run: int
    state: State = attrs.field(converter=State)
    attempts: int
    at: float
    took: float | None
    status: int | None
    error: str | None
    code: str | None
    reason: str | None
    detail: str | None
    person_id: str | None
    request_id: str | None
    liveness: float | None


@attrs.frozen
class Fault:
    """A person of the latest run with no key of their own, and what is wrong.

    Attributes:
        row: What people call the person's place.
        label: The caller's key, where the journal keeps keys.
    """

    row: int
    error: str
    detail: str | None
    label: str | None = attrs.field(repr=False)


@attrs.frozen
class Pace:
    """How many persons' turns ended in some span of time.

    Attributes:
        at: Where the span begins, in seconds since 1970 by the machine's clock.
        state: What became of them.
        count: How many they are.
    """

    at: float
    state: State
    count: int


@attrs.frozen
class Event:
    """Something that happened to a run.

    Attributes:
        run: Which run: the number of its first event.
        at: Seconds since 1970, by the machine's clock.
        kind: `run_started`, `run_ended`, `stopped`, or what `BatchEnroller.note` says.
        facts: More about it.
    """

    run: int
    at: float
    kind: str
    facts: Mapping[str, Fact]


class JournalView:
    """An open journal that can only be read.

        with JournalView.open("job.sqlite3") as view:
            view.counts(), view.in_flight

    It holds up no run. Each method tells how things stand when it is called.
    """

    def __init__(self, database: sqlite3.Connection, journal: Journal) -> None:
        self._database = database
        self._journal = journal

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Self:
        """Open a journal.

        Raises:
            JournalError: There is none, or it can't be read.
        """
        journal = Journal(path)
        return cls(open_to_read(journal.path), journal)

    @property
    def fingerprint(self) -> Fingerprint:
        """Which job it is."""
        with _told():
            return fingerprint_of(read_job(self._database))

    @property
    def holder(self) -> JournalLockedError | None:
        """Whose run uses the journal now."""
        return holder_of(self._journal.lock_path)

    @property
    def in_flight(self) -> int:
        """Persons about to be sent, or sent; without a `holder`, `unknown` ones."""
        with _told():
            return number(self._database, "SELECT count(*) FROM intent")

    def counts(self) -> Counter[State]:
        """How many persons stand where; those never sent are not known here."""
        question = "SELECT state, count(*) FROM item GROUP BY state"
        with _told():
            rows = cast("list[tuple[str, int]]", self._database.execute(question))
            return Counter({State(state): count for state, count in rows})

    def items(self, *states: State) -> Iterator[Item]:
        """Persons in these states, or all, by their row."""
        wanted = [state.value for state in states or State]
        marks = ",".join("?" * len(wanted))
        question = (
            f"SELECT {', '.join(ITEM_COLUMNS)} FROM item "  # noqa: S608 - constants
            f"WHERE state IN ({marks}) ORDER BY row"
        )
        with _told():
            for row in self._database.execute(question, wanted):
                yield Item(*row)

    def pace(self, *, seconds: int = 60) -> Iterator[Pace]:
        """How many came to which state in each span of so many seconds, by time.

        Each person counts once, where their latest turn ended.
        """
        question = (
            "SELECT CAST(at / ?1 AS INTEGER) * ?1, state, count(*) FROM item "
            "GROUP BY 1, 2 ORDER BY 1, 2"
        )
        with _told():
            for at, state, count in self._database.execute(question, (seconds,)):
                yield Pace(at, State(state), count)

    def faults(self) -> Iterator[Fault]:
        """Persons of the latest run who have no place among the items."""
        question = "SELECT row, error, detail, label FROM fault ORDER BY id"
        with _told():
            for row in self._database.execute(question):
                yield Fault(*row)

    def events(self) -> Iterator[Event]:
        """What happened, in its order, whatever the clock did."""
        question = "SELECT run, at, kind, facts FROM event ORDER BY id"
        with _told():
            for run, at, kind, facts in self._database.execute(question):
                yield Event(run, at, kind, json.loads(facts))

    def close(self) -> None:
        """Close it."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


@contextlib.contextmanager
def _told() -> Generator[None]:
    """SQLite's errors in our words."""
    try:
        yield
    except sqlite3.Error as error:
        raise explained(error) from None
