"""A run's journal as the run sees it; there may be none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from verifik_async.batch.intake import DirectIntake
from verifik_async.batch.journal.intake import JournaledIntake, ahead
from verifik_async.batch.journal.settings import Journal
from verifik_async.batch.journal.writer import Writer

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from verifik_async.batch.intake import Desk, Given, Intake
    from verifik_async.batch.journal.records import Fact
    from verifik_async.batch.journal.resumption import Resumption
    from verifik_async.batch.source import Source
    from verifik_async.batch.window import Window


class Recorder:
    """Writes one run down, or does nothing without a journal.

    Args:
        journal: Where.
        rules: Who is sent again.
    """

    def __init__(self, journal: Journal | None, rules: Resumption) -> None:
        self._journal = journal
        self._rules = rules
        self._writer: Writer | None = None

    @classmethod
    def of(
        cls, journal: Journal | str | os.PathLike[str] | None, rules: Resumption
    ) -> Self:
        """With a journal as the caller may name it."""
        if journal is None or isinstance(journal, Journal):
            return cls(journal, rules)
        return cls(Journal(journal), rules)

    def ahead(self, concurrency: int) -> int:
        """How many more persons the window has to hold for it."""
        return 0 if self._journal is None else ahead(concurrency)

    async def open(self, *, base_url: str) -> None:
        """Lock the journal and begin a run in it.

        Raises:
            JournalError: It can't be used.
        """
        if self._journal is not None and self._writer is None:
            self._writer = await Writer.open(self._journal, base_url=base_url)

    def intake(
        self, desk: Desk, *, source: Source[Given], window: Window, concurrency: int
    ) -> Intake:
        """What is between the source, the workers and the window."""
        if self._journal is None or self._writer is None:
            return DirectIntake(desk, source=source, window=window)
        return JournaledIntake(
            desk,
            source=source,
            window=window,
            writer=self._writer,
            rules=self._rules,
            concurrency=concurrency,
            keep_keys=self._journal.keep_keys,
        )

    def note(self, kind: str, facts: Mapping[str, Fact]) -> None:
        """Write down what happened."""
        if self._writer is not None:
            self._writer.note(kind, facts)

    async def close(self, facts: Mapping[str, Fact]) -> None:
        """End the run in the journal, and free it.

        Raises:
            CancelledError: It was cancelled, and is done all the same.
        """
        writer, self._writer = self._writer, None
        if writer is not None:
            await writer.close(facts)
