"""Where persons come in: pulled from the source, and looked up in the journal."""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING

from verifik_async.batch.intake import Given, begun, item_of
from verifik_async.batch.journal.entries import Entry, row_of
from verifik_async.batch.journal.keys import KeyRule
from verifik_async.batch.journal.records import Asked, Known, State
from verifik_async.batch.journal.store import Store
from verifik_async.errors import ConfigurationError
from verifik_async.models import EnrollmentRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from verifik_async.batch.crew import Worker
    from verifik_async.batch.intake import Desk
    from verifik_async.batch.journal.errors import JournalError
    from verifik_async.batch.journal.writer import Writer
    from verifik_async.batch.source import Source
    from verifik_async.batch.window import Window

CLERKS = 4
"""Persons without a key who are read at the same time, for a digest of them."""


class Reception:
    """Pulls persons ahead of the workers, and looks up many at once.

    Args:
        desk: The run.
        source: Who is to be enrolled.
        window: Whose room bounds how many are pulled.
        writer: The journal.
        received: Is given those who have been looked up; nobody, if that failed.
        patience: Seconds for which a look-up may wait for company.

    Attributes:
        failure: What the source raised. Those pulled before are enrolled all the same.
    """

    def __init__(  # noqa: PLR0913 - what a run is made of
        self,
        desk: Desk,
        *,
        source: Source[Given],
        window: Window,
        writer: Writer,
        received: Callable[[Sequence[Entry]], None],
        patience: Callable[[], float],
    ) -> None:
        self._desk = desk
        self._source = source
        self._window = window
        self._writer = writer
        self._received = received
        self._patience = patience
        self._key_rule = KeyRule(writer.salt)
        self._turn = asyncio.Lock()
        self._here = 0  # looked up already, or about to be
        self._to_ask: list[Entry] = []
        self.failure: Exception | None = None
        self._clerks = {f"verifik-clerk-{number}" for number in range(CLERKS)}
        for name in sorted(self._clerks):
            desk.crew.hire(desk.guarded(self._receive), name=name)

    @property
    def done(self) -> bool:
        """Nobody is here, and nobody will come."""
        return not self._clerks and not self._here

    def retired(self, worker: Worker) -> None:
        """A task of the run has ended; it may be a clerk."""
        self._clerks.discard(worker.get_name())

    async def _receive(self) -> None:
        """Take persons in until there is none left."""
        while (entry := await self._next_without_key()) is not None:
            self._here += 1
            try:
                with self._desk.crew.at_work():
                    entry.key = await self._content_key(entry)
            except Exception as error:  # noqa: BLE001 - an outcome is data
                self._turn_away(entry, error)
            except BaseException:
                self._turn_away(entry, None)
                raise
            else:
                self._ask(entry)

    async def _next_without_key(self) -> Entry | None:
        """Pull up to the next person who has to be read.

        One clerk pulls at a time, and goes on while persons have keys: clerks who
        take turns for each person would cost more than all the rest.
        """
        async with self._turn:
            while not self._desk.over:
                entry = await self._pull()
                if entry is None:
                    return None
                if self._desk.stopped:
                    self._desk.settle(entry, begun(entry))
                elif entry.item.key is None:
                    return entry
                else:
                    entry.key = self._key_rule.of_key(entry.item.key)
                    self._here += 1
                    self._ask(entry)
        return None

    async def _pull(self) -> Entry | None:
        await self._window.enter()
        try:
            pulled = await self._source.pull()
        except Exception as error:  # noqa: BLE001 - handed on
            self.failure = error
            return None
        if pulled is None:
            return None
        index, given = pulled
        return Entry(index=index, item=item_of(given))

    async def _content_key(self, entry: Entry) -> bytes:
        request = entry.make_request()
        if not isinstance(request, EnrollmentRequest):  # pyright: ignore[reportUnnecessaryIsInstance] - not all callers check types
            raise ConfigurationError(
                f"a source gives requests or items, not {type(request).__name__}"
            )
        return await self._key_rule.of_content(request)

    def _turn_away(self, entry: Entry, error: Exception | None) -> None:
        self._here -= 1
        verdict = self._desk.failed(entry, error) if error else begun(entry)
        self._desk.settle(entry, verdict)

    def _ask(self, entry: Entry) -> None:
        """Look somebody up, with whoever else comes in this turn of the loop."""
        self._to_ask.append(entry)
        if len(self._to_ask) == 1:
            asyncio.get_running_loop().call_soon(self._look_up)

    def _look_up(self) -> None:
        entries, self._to_ask = self._to_ask, []
        asked = [
            Asked(
                entry.key,
                "content" if entry.item.key is None else "given",
                row_of(entry),
            )
            for entry in entries
        ]
        self._writer.hand_in(
            functools.partial(Store.look, asked=asked),
            then=functools.partial(self._looked_up, entries),
            failed=functools.partial(self._not_looked_up, entries),
            patience=self._patience(),
        )

    def _looked_up(self, entries: Sequence[Entry], known: Sequence[Known]) -> None:
        self._here -= len(entries)
        for entry, before in zip(entries, known, strict=True):
            entry.before = before
            entry.may_be_enrolled = before.state is State.UNKNOWN
        self._received(entries)

    def _not_looked_up(self, entries: Sequence[Entry], error: JournalError) -> None:
        for entry in entries:
            self._turn_away(entry, error)
        self._received(())
