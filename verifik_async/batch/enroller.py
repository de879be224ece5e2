"""Enrolls many persons at once: a fixed number of workers, a bounded window.

The window counts persons from the moment they are pulled from the source until their
outcome is taken, so a slow consumer stops the source, and memory does not grow with
the number of persons. Workers belong to the `async with`, not to the loop over the
outcomes, so leaving that loop leaks nothing.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

import attrs

from verifik_async.batch.crew import Crew
from verifik_async.batch.outcomes import (
    BatchItem,
    BatchOutcome,
    BatchReport,
    OutcomeStatus,
    drop_frames,
    fatal_in,
    status_of,
)
from verifik_async.batch.source import Source
from verifik_async.batch.tally import Tally
from verifik_async.batch.window import Window
from verifik_async.errors import (
    ConfigurationError,
    OutcomeUnknownError,
    VerifikError,
)
from verifik_async.models import EnrollmentRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Iterable
    from types import TracebackType

    from verifik_async.client import VerifikClient

Given = EnrollmentRequest | BatchItem


class BatchEnroller:
    """Enrolls the persons of a source, `concurrency` at a time.

        async with BatchEnroller(client, concurrency=32) as enroller:
            async for outcome in enroller.enroll(people):
                ...
        print(enroller.report)

    One person's error is data: `outcome.error`. Answers that every further person
    would meet alike (no valid token, no permission, no credits) stop the run; see
    `report.stop_reason`. Leaving the loop early stops pulling persons and lets those
    in flight finish, since they are paid for; an exception or a cancellation cancels
    them, and their outcomes are `unknown`.

    Attributes:
        undelivered: After the `async with`: outcomes that the loop did not take.
    """

    def __init__(self, client: VerifikClient, *, concurrency: int = 32) -> None:
        """Set up one run.

        Args:
            client: Sends the requests; it stays open.
            concurrency: Persons in flight at the most, from 1.

        Raises:
            ConfigurationError: `concurrency` is below 1.
        """
        if concurrency < 1:
            raise ConfigurationError("concurrency must be at least 1")
        self.undelivered: tuple[BatchOutcome, ...] = ()
        self._client = client
        self._concurrency = concurrency
        # Half of it in flight, half waiting to be taken.
        self._window = Window(2 * concurrency)
        self._tally = Tally()
        self._source: Source[Given] | None = None
        self._crew = Crew(retired=self._retired)
        self._failure: Exception | None = None
        self._entered = False
        self._leaving = False

    @property
    def report(self) -> BatchReport:
        """Where the run stands, at any time."""
        return self._tally.report()

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
        if self._source is not None:
            raise ConfigurationError("a batch enroller runs once: make another")
        self._source = source = Source(people)
        self._tally.begin()
        for number in range(self._concurrency):
            self._crew.hire(self._work(source), name=f"verifik-enroll-{number}")
        return self._window

    def stop(self, reason: str) -> None:
        """Enroll nobody more; let what is in flight finish, with its retries.

        Args:
            reason: For the report, as a sentence.
        """
        self._stop(reason, None)

    def _stop(self, reason: str, error: Exception | None) -> None:
        self._tally.stop(reason, error)
        if self._source is not None and self._source.may_wait_forever:
            self._crew.cancel_waiting()

    @property
    def _stopped(self) -> bool:
        return self._leaving or self._tally.stop_reason is not None

    def _over(self, source: Source[Given]) -> bool:
        """Whether nobody is to be pulled any more."""
        return self._leaving or (self._stopped and source.may_wait_forever)

    async def _work(self, source: Source[Given]) -> None:
        """Settle one person after another, until there is none left."""
        try:
            while not self._over(source):
                await self._window.enter()
                pulled = await source.pull()
                if pulled is None:
                    return
                with self._crew.at_work():
                    self._settle(await self._outcome(*pulled))
        except Exception as error:  # noqa: BLE001 - handed to the consumer at the end
            self._fail(error)

    def _retired(self, worker: asyncio.Task[None]) -> None:
        if worker.cancelled() and not self._stopped:
            # Not by us: the source or the transport raised it, or somebody cancels
            # tasks at large. The loop must not end as if all persons had been pulled.
            self._fail(OutcomeUnknownError("cancelled from outside of the run"))
        if self._crew.gone:
            self._tally.end()
            self._window.end(self._failure)

    def _settle(self, outcome: BatchOutcome) -> None:
        self._tally.add(outcome)
        self._window.put(outcome)

    def _fail(self, error: Exception) -> None:
        """The source or a transport has a fault that is nobody's verdict."""
        self._failure = self._failure or error
        self._stop(f"{type(error).__name__} in the source or the transport", error)

    async def _outcome(self, index: int, given: Given) -> BatchOutcome:
        """One person's verdict."""
        item = given if isinstance(given, BatchItem) else BatchItem(request=given)
        begun = BatchOutcome(
            index=index, key=item.key, status=OutcomeStatus.NOT_ATTEMPTED
        )
        if self._stopped:
            return begun
        try:
            request = item.request() if callable(item.request) else item.request
        except Exception as error:  # noqa: BLE001 - an outcome is data
            return self._failed(begun, error)
        try:
            with self._tally.flying():
                enrollment = await self._client.enroll(request)
        except asyncio.CancelledError:
            lost = OutcomeUnknownError("cancelled in flight; it may have been sent")
            self._settle(self._failed(begun, lost))
            raise
        except Exception as error:  # noqa: BLE001 - an outcome is data
            # Of a bug, or a fixture's miss, nobody knows whether it was sent.
            maybe_sent = attrs.evolve(begun, status=OutcomeStatus.UNKNOWN)
            return self._failed(maybe_sent, error)
        return attrs.evolve(
            begun,
            status=OutcomeStatus.ENROLLED,
            enrollment=enrollment,
            attempts=enrollment.attempts,
        )

    def _failed(self, begun: BatchOutcome, error: Exception) -> BatchOutcome:
        """The verdict for an error; `begun` stands if it is none of ours."""
        if not isinstance(error, VerifikError):
            self._fail(error)
            return attrs.evolve(begun, error=error)
        fatal = fatal_in(error)
        if fatal is None:
            drop_frames(error)
        else:
            self._stop(str(fatal) or type(fatal).__name__, fatal)
        return attrs.evolve(
            begun, status=status_of(error), error=error, attempts=error.attempts
        )

    async def __aenter__(self) -> Self:
        self._entered = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._leaving = True
        # A generator around this that is closed has been left early, nothing worse.
        if error is None or isinstance(error, GeneratorExit):
            self._crew.cancel_waiting()
        else:
            self._crew.cancel()
        try:
            await self._crew.all_retired()
        finally:
            self.undelivered = self._window.drain()
            if self._source is not None:
                await self._source.aclose()
