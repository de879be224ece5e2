"""Looking into a journal, while a run goes on or later."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Self, cast

import attrs

from verifik_async.batch.journal.opening import fingerprint_of, read_job
from verifik_async.batch.journal.reader import Reader
from verifik_async.batch.journal.records import Fact, State
from verifik_async.batch.journal.schema import number
from verifik_async.batch.journal.settings import Journal
from verifik_async.batch.journal.statements import ITEM_COLUMNS

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
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
    def holder(self) -> JournalLockedError | None:
        """Whose run uses the journal now."""
        return self._reader.holder

    @property
    def in_flight(self) -> int:
        """Persons about to be sent, or sent; without a `holder`, `unknown` ones."""
        with self._reader.reading() as database:
            return number(database, "SELECT count(*) FROM intent")

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

    def pace(self, *, seconds: int = 60) -> Iterator[Pace]:
        """How many came to which state in each span of so many seconds, by time.

        Each person counts once, where their latest turn ended.
        """
        question = (
            "SELECT CAST(at / ?1 AS INTEGER) * ?1, state, count(*) FROM item "
            "GROUP BY 1, 2 ORDER BY 1, 2"
        )
        with self._reader.reading() as database:
            for at, state, count in database.execute(question, (seconds,)):
                yield Pace(at, State(state), count)

    def faults(self) -> Iterator[Fault]:
        """Persons of the latest run who have no place among the items."""
        question = "SELECT row, error, detail, label FROM fault ORDER BY id"
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
