"""Enrolls many persons at once: a fixed number of workers, a bounded window.

The window counts persons from the moment they are pulled from the source until their
outcome is taken, so a slow consumer stops the source, and memory does not grow with
the number of persons. Workers belong to the `async with`, not to the loop over the
outcomes, so leaving that loop leaks nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from typing import TYPE_CHECKING, Literal, Self

from verifik_async.batch.crew import outlast
from verifik_async.batch.engine import Engine
from verifik_async.batch.journal.recorder import Recorder
from verifik_async.batch.journal.resumption import OnUnknown, Resumption
from verifik_async.batch.source import Source
from verifik_async.batch.standing import BatchStanding, standing
from verifik_async.batch.stops import StopRules
from verifik_async.batch.tally import Tally
from verifik_async.batch.window import Window
from verifik_async.errors import ConfigurationError
from verifik_async.limiter import Limits

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping
    from types import TracebackType

    from verifik_async.batch.intake import Given
    from verifik_async.batch.journal.records import Fact
    from verifik_async.batch.journal.settings import Journal
    from verifik_async.batch.outcomes import BatchOutcome, BatchReport, OutcomeStatus
    from verifik_async.client import VerifikClient


class BatchEnroller:
    """Enrolls the persons of a source, `concurrency` at a time.

        async with BatchEnroller(client, journal="job.sqlite3") as enroller:
            async for outcome in enroller.enroll(people):
                ...
        print(enroller.report)

    One person's error is data: `outcome.error`. Answers that every further person
    would meet alike (no valid token, no permission, no credits) stop the run, and so
    do `StopRules`; see `report.stop_reason`. Leaving the loop early stops pulling
    persons and lets requests on their way finish, since they are paid for; an
    exception or a cancellation cancels them, and their outcomes are `unknown`.

    The limits hold for all that use the client, while the run lasts. Of two persons
    of a collection with the same picture one waits for the other, since the server
    would find neither and create both.

    With a journal the same program run again resumes: nobody is sent of whom the
    journal says that they are settled, and whoever was in flight when the process was
    killed is `unknown`. Each request is written down before it is sent, and each
    outcome before the loop gets it. When the journal can't be written, the run stops.

    Attributes:
        undelivered: After the `async with`: outcomes that the loop did not take.
    """

    def __init__(  # noqa: PLR0913 - the public surface; all but one by keyword
        self,
        client: VerifikClient,
        *,
        concurrency: int | Literal["auto"] = 32,
        rate: float | None = None,
        bytes_per_second: float | None = None,
        stop_rules: StopRules | None = None,
        journal: Journal | str | os.PathLike[str] | None = None,
        retry: Iterable[OutcomeStatus | str] = (),
        on_unknown: OnUnknown = "hold",
    ) -> None:
        """Set up one run.

        Args:
            client: Sends the requests; it stays open.
            concurrency: Persons in flight at the most, from 1. `"auto"` finds out
                what the server bears, and goes no further than 64.
            rate: Requests a second, at the most; None for any number.
            bytes_per_second: Bytes a second, for a link that others use, too.
            stop_rules: When the run stops by itself, beside answers that nobody gets
                past; None is the rules' defaults.
            journal: A file to write the run down in, and to resume it from; a
                `Journal` says more than where. It is opened by `async with`.
            retry: Refusals of earlier runs to try once more: any of `duplicate`,
                `liveness_failed` and `rejected`. What was never sent (`failed`,
                `invalid`, pending) always is.
            on_unknown: What is done with persons whom an earlier run has sent without
                learning of an answer: `"hold"` tells them as `unknown` again;
                `"resend"` sends them again, which may charge a second time where the
                server does not dedupe. A duplicate is `presumed_enrolled` then. What
                a run does with lost answers of its own, `RetryPolicy` says.

        Raises:
            ConfigurationError: A value can't be.
        """
        if concurrency != "auto" and not concurrency >= 1:
            raise ConfigurationError('concurrency must be at least 1, or "auto"')
        self._limits = Limits(
            rate=rate, concurrency=concurrency, bytes_per_second=bytes_per_second
        )
        self._rules = StopRules() if stop_rules is None else stop_rules
        self._concurrency = width = self._limits.widest or 1
        self.undelivered: tuple[BatchOutcome, ...] = ()
        self._client = client
        self._recorder = Recorder.of(journal, Resumption.of(retry, on_unknown))
        # Half of it in flight, half waiting to be taken; those ahead come on top.
        self._window = Window(2 * width + self._recorder.ahead(width))
        self._tally = Tally()
        self._engine: Engine | None = None
        self._held = contextlib.ExitStack()
        self._entered = False
        self._leaving = False

    @property
    def report(self) -> BatchReport:
        """Where the run stands, at any time."""
        return self._tally.report()

    @property
    def standing(self) -> BatchStanding:
        """How wide the run is now, and what it waits for."""
        if self._engine is None:
            return BatchStanding()
        return standing(self._engine, self._client.limiter.snapshot())

    def enroll(
        self, people: Iterable[Given] | AsyncIterable[Given]
    ) -> AsyncIterator[BatchOutcome]:
        """Outcomes as they complete: exactly one for each person pulled.

        After a stop, a plain iterable is read to its end, and each person left gets
        `not_attempted`; an asynchronous one, which may wait for ever, is not asked
        again. A plain iterable is advanced on the event loop, so one that blocks for
        long should be asynchronous instead.

        Args:
            people: Requests, or items which carry a key.

        Returns:
            The outcomes. What `people` itself raises is raised after them, and so
            is what no error of ours is, such as a bug in a transport. A loop that is
            left before finds it in `report.stop_error`.

        Raises:
            ConfigurationError: Outside `async with`, or for the second time.
            TypeError: `people` can't be iterated.
        """
        if not self._entered or self._leaving:
            raise ConfigurationError("use the batch enroller in `async with`")
        if self._engine is not None:
            raise ConfigurationError("a batch enroller runs once: make another")
        source = Source(people)
        self._engine = Engine(
            self._client,
            source=source,
            window=self._window,
            tally=self._tally,
            make_intake=functools.partial(
                self._recorder.intake,
                source=source,
                window=self._window,
                concurrency=self._concurrency,
            ),
            concurrency=self._concurrency,
            rules=self._rules,
        )
        hear = self._engine.sender.flights.hear
        self._held.enter_context(self._client.observed_by(hear))
        return self._window

    def stop(self, reason: str) -> None:
        """Enroll nobody more; let requests on their way finish.

        Whoever waits, for a turn or to be sent once more, is `not_attempted`, unless
        an earlier request of theirs ended without an answer.

        Args:
            reason: For the report, as a sentence.
        """
        if self._engine is None:
            self._tally.stop(reason, None)
        else:
            self._engine.stop(reason, None)

    def note(self, kind: str, facts: Mapping[str, Fact] | None = None) -> None:
        """Write down what happened to the run, where there is a journal.

        Args:
            kind: What, as one word.
            facts: More about it; nothing personal.
        """
        self._recorder.note(kind, facts or {})

    async def __aenter__(self) -> Self:
        if not self._leaving:
            await self._recorder.open(base_url=self._client.base_url)
            if not self._entered:
                limited = self._client.limiter.configured(self._limits)
                self._held.enter_context(limited)
        self._entered = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._leaving = True
        engine = self._engine
        # A generator around this that is closed has been left early, nothing worse.
        at_once = error is not None and not isinstance(error, GeneratorExit)
        try:
            if engine is not None:
                await engine.leave(at_once=at_once)
        finally:
            self._held.close()
            try:
                await self._close_journal()
            finally:
                self.undelivered = self._window.drain()
                if engine is not None:
                    # Apart, so that a further cancellation does not cut it short.
                    await outlast(asyncio.create_task(engine.source.aclose()))

    async def _close_journal(self) -> None:
        report = self.report
        counts = {status.value: n for status, n in report.counts.items() if n}
        await self._recorder.close({**counts, "stop_reason": report.stop_reason})
