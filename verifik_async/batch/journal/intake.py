"""Persons on their way through a journalled run.

    pulled -> looked up -> cleared -> intent on the disk -> sent -> outcome on the disk
                 |                                             (or given back)
                 settled before, held, or twice in this run: told at once

Clerks pull and look up ahead of the workers, so that no slot waits for the disk. How
many intents stand at once is bounded apart from that: a crash makes each `unknown`.
"""

from __future__ import annotations

import asyncio
import functools
from collections import deque
from typing import TYPE_CHECKING

from verifik_async.batch.intake import Given, Ticket, begun
from verifik_async.batch.journal.entries import Entry, row_of, terms_of, written
from verifik_async.batch.journal.lead import Lead, most_ahead
from verifik_async.batch.journal.reception import Reception
from verifik_async.batch.journal.records import Intent
from verifik_async.batch.journal.store import Store
from verifik_async.batch.journal.verdicts import clean
from verifik_async.batch.journal.writer import LINGER
from verifik_async.batch.outcomes import BatchOutcome, OutcomeStatus
from verifik_async.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from verifik_async.batch.crew import Worker
    from verifik_async.batch.intake import Desk
    from verifik_async.batch.journal.errors import JournalError
    from verifik_async.batch.journal.resumption import Resumption
    from verifik_async.batch.journal.writer import Writer
    from verifik_async.batch.source import Source
    from verifik_async.batch.window import Window

LOOKED_UP = 64
"""Persons looked up ahead: as many as are skipped in one go."""


def ahead(concurrency: int) -> int:
    """Persons in the window beside those in flight and those waiting to be taken."""
    return most_ahead(concurrency) + LOOKED_UP


class JournaledIntake:
    """Gives out persons whose intent is on the disk; tells outcomes that are.

    Args:
        desk: The run.
        source: Who is to be enrolled.
        window: Where outcomes go.
        writer: The journal.
        rules: Who is sent again.
        concurrency: Persons in flight at the most.
        keep_keys: Write keys down as they are.
    """

    def __init__(  # noqa: PLR0913 - what a run is made of
        self,
        desk: Desk,
        *,
        source: Source[Given],
        window: Window,
        writer: Writer,
        rules: Resumption,
        concurrency: int,
        keep_keys: bool,
    ) -> None:
        self._desk = desk
        self._source = source
        self._window = window
        self._writer = writer
        self._rules = rules
        self._keep_keys = keep_keys
        self._lead = Lead(concurrency)
        self._open = 0  # have an intent that was handed in, and no outcome
        self._intending = 0  # of those: have one that is not on the disk yet
        self._cleared = deque[Entry]()
        self._ready = asyncio.Queue[Entry | None]()
        self._reception = Reception(
            desk,
            source=source,
            window=window,
            writer=writer,
            received=self._received,
            patience=self._patience,
        )

    def stopped(self, reason: str, error: Exception | None) -> None:
        """Write down that the run stops, and why."""
        kind = None if error is None else type(error).__name__
        self._writer.note("stopped", {"reason": reason, "error": kind})

    def retired(self, worker: Worker) -> None:
        """One of the run's tasks has ended."""
        self._reception.retired(worker)
        self._end_if_done()

    def _patience(self) -> float:
        """None, while workers may be waiting for somebody."""
        return 0.0 if self._ready.empty() else LINGER

    def _received(self, entries: Sequence[Entry]) -> None:
        """These have been looked up."""
        for entry in entries:
            try:
                told = self._rules.outcome(entry, entry.before, terms=terms_of(entry))
            except ConfigurationError as error:
                told = self._desk.failed(entry, error)
            if told is None:
                self._cleared.append(entry)
            else:
                self._desk.settle(entry, told)
        self._pump()

    def _pump(self) -> None:
        """Hand in intents for those who are cleared, as many as may stand open."""
        if self._desk.stopped:
            while self._cleared:
                entry = self._cleared.popleft()
                self._desk.settle(entry, begun(entry))
        free = self._desk.width + self._lead.size - self._open
        count = min(len(self._cleared), free)
        if count > 0:
            self._intend([self._cleared.popleft() for _ in range(count)])
        self._end_if_done()

    def _intend(self, entries: Sequence[Entry]) -> None:
        self._open += len(entries)
        self._intending += len(entries)
        intents: list[Intent] = []
        for entry in entries:
            entry.intent = Intent(
                entry.key, row_of(entry), terms_of(entry), self._label(entry)
            )
            intents.append(entry.intent)
        self._writer.hand_in(
            functools.partial(Store.intend, intents=intents),
            then=functools.partial(self._intended, entries),
            failed=functools.partial(self._not_intended, entries),
            patience=self._patience(),
        )

    def _intended(self, entries: Sequence[Entry], _: None) -> None:
        self._intending -= len(entries)
        for entry in entries:
            self._ready.put_nowait(entry)
        self._end_if_done()

    def _not_intended(self, entries: Sequence[Entry], error: JournalError) -> None:
        self._intending -= len(entries)
        for entry in entries:
            self._desk.settle(entry, self._desk.failed(entry, error))

    def _end_if_done(self) -> None:
        """Nobody comes any more: tell the workers."""
        if self._reception.done and not self._cleared and not self._intending:
            self._ready.put_nowait(None)

    async def next(self) -> Entry | None:
        """The next person whose intent is on the disk."""
        if not self._ready.empty():
            self._lead.in_time()
        elif self._cleared or self._intending:
            self._lead.late()
            self._pump()
        entry = None if self._desk.over else await self._ready.get()
        if entry is None:
            self._ready.put_nowait(None)  # the end is everybody's
        return entry

    def settle(self, ticket: Ticket, outcome: BatchOutcome) -> None:
        """Write an outcome down; the consumer gets it once it is on the disk.

        Also where that fails: it is true, and the run has been stopped by then.
        """
        if isinstance(ticket, Entry) and ticket.intent is not None:
            work = written(ticket, ticket.intent, outcome)
            self._writer.write(work, then=self._putting(outcome))
            self._open -= 1
            self._pump()
        elif outcome.status is OutcomeStatus.INVALID:
            fault = functools.partial(
                Store.fault,
                row=row_of(ticket),
                error=type(outcome.error).__name__,
                detail=clean(str(outcome.error)),
                label=self._label(ticket),
            )
            self._writer.write(fault, then=self._putting(outcome))
        else:
            self._window.put(outcome)

    def _putting(self, outcome: BatchOutcome) -> Callable[[JournalError | None], None]:
        def put(error: JournalError | None) -> None:
            if error is not None:
                self._desk.stop(str(error), error)
            self._window.put(outcome)

        return put

    def _label(self, ticket: Ticket) -> str | None:
        return clean(ticket.item.key) if self._keep_keys else None

    def end(self, then: Callable[[], None]) -> None:
        """All of the run's tasks are gone: give back who was not sent, then tell."""

        def give_back() -> None:
            while not self._ready.empty():
                entry = self._ready.get_nowait()
                if entry is not None:
                    self._desk.settle(entry, begun(entry))
            if self._reception.failure is not None:
                self._desk.fail(self._reception.failure)
            self._writer.when_idle(then)

        self._writer.when_idle(give_back)
