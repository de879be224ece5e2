"""The one thread that has the database, and the queue before it.

Whoever hands something in goes on at once, and is told on the event loop when it is on
the disk. Syncing is what takes time there, so what comes within a few milliseconds is
committed together.
"""

from __future__ import annotations

import asyncio
import functools
import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Generic, Protocol, Self, TypeVar

from verifik_async.batch.crew import outlast
from verifik_async.batch.journal.errors import JournalError, JournalWriteError
from verifik_async.batch.journal.opening import OpenJournal, open_journal
from verifik_async.batch.journal.schema import explained
from verifik_async.batch.journal.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from verifik_async.batch.journal.records import Fact
    from verifik_async.batch.journal.settings import Journal

LINGER = 0.004
"""Seconds for which something waits for company in its commit."""

MOST = 256
"""Writes in one commit."""

Value = TypeVar("Value")


class _Queued(Protocol):
    """Something for the thread to do."""

    keep: bool

    def apply(self, store: Store) -> None: ...

    def tell(self, error: JournalError | None) -> None: ...


class _Work(Generic[Value]):
    """Something for the thread to do, and whom to tell."""

    def __init__(
        self,
        do: Callable[[Store], Value],
        then: Callable[[Value], None],
        failed: Callable[[JournalError], None],
    ) -> None:
        self.keep = False
        self._do = do
        self._then = then
        self._failed = failed
        self._made: list[Value] = []

    def apply(self, store: Store) -> None:
        self._made.append(self._do(store))

    def tell(self, error: JournalError | None) -> None:
        if error is None:
            self._then(self._made.pop())
        else:
            self._failed(error)


class Writer:
    """Writes into an open journal, in groups, for one event loop."""

    def __init__(self, journal: OpenJournal, thread: ThreadPoolExecutor) -> None:
        self._journal = journal
        self._thread = thread
        self._loop = asyncio.get_running_loop()
        self._waiting: list[_Queued] = []
        self._unsaved: list[_Queued] = []
        self._when_idle: list[Callable[[], None]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._busy = False

    @classmethod
    async def open(cls, journal: Journal, *, base_url: str) -> Self:
        """Open a journal, without holding up the event loop.

        Raises:
            JournalError: It can't be used.
        """
        thread = ThreadPoolExecutor(1, thread_name_prefix="verifik-journal")
        opening = asyncio.wrap_future(
            thread.submit(open_journal, journal, base_url=base_url)
        )
        try:
            return cls(await outlast(opening), thread)
        except asyncio.CancelledError:
            if opening.exception() is None:
                await cls(opening.result(), thread).close({"cancelled": True})
            raise
        except BaseException:
            thread.shutdown(wait=False)
            raise

    @property
    def salt(self) -> bytes:
        """The job's salt."""
        return self._journal.salt

    def hand_in(
        self,
        do: Callable[[Store], Value],
        *,
        then: Callable[[Value], None],
        failed: Callable[[JournalError], None],
        patience: float = LINGER,
    ) -> None:
        """Have something done to the journal that makes no sense later.

        Args:
            do: Is called in the thread.
            then: Is told once it is on the disk, with what `do` gave.
            failed: Is told that it is not, and why.
            patience: Seconds for which it may wait for company.
        """
        self._queue(_Work(do, then, failed), patience)

    def write(
        self,
        do: Callable[[Store], None],
        *,
        then: Callable[[JournalError | None], None],
    ) -> None:
        """Have something written down, at the latest when the journal is closed.

        Args:
            do: Is called in the thread; again at the end, if it failed.
            then: Is told that it is on the disk, or why not yet.
        """
        work = _Work(do, then, then)
        work.keep = True
        self._queue(work, LINGER)

    def note(self, kind: str, facts: Mapping[str, Fact]) -> None:
        """Have an event written down, where the disk lets it.

        Raises:
            TypeError: The facts are none.
        """
        json.dumps(facts)  # here it fails the caller, later all that come with it
        self.write(
            functools.partial(Store.note, kind=kind, facts=facts), then=lambda _: None
        )

    def when_idle(self, call: Callable[[], None]) -> None:
        """Call, once everything handed in has been dealt with."""
        self._when_idle.append(call)
        self._arm(0)

    def _queue(self, work: _Queued, patience: float) -> None:
        self._waiting.append(work)
        self._arm(0 if len(self._waiting) >= MOST else patience)

    def _arm(self, patience: float) -> None:
        due = self._loop.time() + patience
        if self._timer is not None:
            if self._timer.when() <= due:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(due, self._start)

    def _start(self) -> None:
        """Give the next group to the thread, unless it is at one."""
        self._timer = None
        if self._busy:
            return  # `_ended` sees that nobody else will
        if not self._waiting:
            self._tell_idle()
            return
        group = self._waiting[:MOST]
        del self._waiting[:MOST]
        self._busy = True
        committing = self._thread.submit(self._commit, group)
        committing.add_done_callback(
            lambda done: self._loop.call_soon_threadsafe(
                self._ended, group, done.result()
            )
        )

    def _commit(self, group: Sequence[_Queued]) -> JournalError | None:
        """In the thread: all of it, or nothing and why."""
        store = self._journal.store
        try:
            with store.group():
                for work in group:
                    work.apply(store)
        except JournalError as error:
            return error
        except sqlite3.Error as error:
            return explained(error)
        except Exception as error:  # noqa: BLE001 - or the run would wait for ever
            return JournalWriteError(
                f"the journal can't be used: {type(error).__name__} in it"
            )
        return None

    def _ended(self, group: Sequence[_Queued], error: JournalError | None) -> None:
        self._busy = False
        if error is not None:
            self._unsaved += [work for work in group if work.keep]
        for work in group:
            work.tell(error)
        if self._timer is None:
            self._start()

    def _tell_idle(self) -> None:
        calls, self._when_idle = self._when_idle, []
        for call in calls:
            call()

    async def close(self, facts: Mapping[str, Fact]) -> None:
        """End the run and free the journal, however often this is cancelled.

        Nothing may be under way any more; see `when_idle`.

        Args:
            facts: What to write down of the run's end.

        Raises:
            CancelledError: It was cancelled, and is done all the same.
        """
        unsaved = [work.apply for work in self._unsaved]
        closing = self._thread.submit(self._journal.close, unsaved, facts)
        self._thread.shutdown(wait=False)
        await outlast(asyncio.wrap_future(closing))
