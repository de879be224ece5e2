"""Enrolls many persons at once: a fixed number of workers, a bounded window.

The window counts persons from the moment they are pulled from the source until their
outcome is taken, so a slow consumer stops the source, and memory does not grow with
the number of persons. Workers belong to the `async with`, not to the loop over the
outcomes, so leaving that loop leaks nothing.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self, cast

import attrs

from verifik_async.batch.outcomes import (
    FATAL,
    BatchItem,
    BatchOutcome,
    BatchReport,
    OutcomeStatus,
    status_of,
)
from verifik_async.batch.source import Source
from verifik_async.batch.tally import Tally
from verifik_async.errors import (
    ConfigurationError,
    OutcomeUnknownError,
    VerifikError,
)
from verifik_async.models import EnrollmentRequest

if TYPE_CHECKING:
    from collections.abc import (
        AsyncIterable,
        AsyncIterator,
        Awaitable,
        Callable,
        Iterable,
        Iterator,
    )
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
        self._window = asyncio.Semaphore(2 * concurrency)
        self._outcomes = asyncio.Queue[BatchOutcome | None]()
        self._tally = Tally()
        self._source: Source[Given] | None = None
        self._workers: set[asyncio.Task[None]] = set()
        self._waiting: set[asyncio.Task[None]] = set()
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
            The outcomes. What `people` itself raises is raised after them.

        Raises:
            ConfigurationError: Outside `async with`, or for the second time.
        """
        if not self._entered:
            raise ConfigurationError("use the batch enroller in `async with`")
        if self._source is not None:
            raise ConfigurationError("a batch enroller runs once: make another")
        self._source = source = Source(people)
        self._tally.begin()
        for number in range(self._concurrency):
            name = f"verifik-enroll-{number}"
            self._workers.add(asyncio.create_task(self._work(source), name=name))
        self._waiting |= self._workers
        return _Outcomes(self._take)

    def stop(self, reason: str) -> None:
        """Send nothing more; let what is in flight finish.

        Args:
            reason: For the report, as a sentence.
        """
        self._stop(reason, None)

    def _stop(self, reason: str, error: Exception | None) -> None:
        self._tally.stop(reason, error)
        if self._source is not None and self._source.may_wait_forever:
            self._dismiss(self._waiting)

    @staticmethod
    def _dismiss(workers: Iterable[asyncio.Task[None]]) -> None:
        for worker in tuple(workers):
            worker.cancel()

    async def _work(self, source: Source[Given]) -> None:
        """Settle one person after another, until there is none left."""
        me = cast("asyncio.Task[None]", asyncio.current_task())
        try:
            while not self._leaving:
                await self._window.acquire()
                pulled = await source.pull()
                if pulled is None:
                    return
                self._waiting.discard(me)
                self._settle(await self._outcome(*pulled))
                self._waiting.add(me)
        except Exception as error:  # noqa: BLE001 - handed to the consumer at the end
            self._fail(error)
        finally:
            self._waiting.discard(me)
            self._workers.discard(me)
            if not self._workers:
                self._tally.end()
                self._outcomes.put_nowait(None)

    def _settle(self, outcome: BatchOutcome) -> None:
        self._tally.add(outcome)
        self._outcomes.put_nowait(outcome)

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
        if self._tally.stop_reason is not None:
            return begun
        try:
            with self._tally.flying():
                made = item.request() if callable(item.request) else item.request
                enrollment = await self._client.enroll(made)
        except asyncio.CancelledError:
            lost = OutcomeUnknownError("cancelled in flight; it may have been sent")
            self._settle(self._failed(begun, lost))
            raise
        except Exception as error:  # noqa: BLE001 - an outcome is data
            return self._failed(begun, error)
        return attrs.evolve(
            begun,
            status=OutcomeStatus.ENROLLED,
            enrollment=enrollment,
            attempts=enrollment.attempts,
        )

    def _failed(self, begun: BatchOutcome, error: Exception) -> BatchOutcome:
        if not isinstance(error, VerifikError):
            # A bug, or a fixture's miss: whether it was sent, nobody knows.
            self._fail(error)
            return attrs.evolve(begun, status=OutcomeStatus.UNKNOWN, error=error)
        if isinstance(error, FATAL):
            self._stop(str(error) or type(error).__name__, error)
        return attrs.evolve(
            begun, status=status_of(error), error=error, attempts=error.attempts
        )

    async def _take(self) -> BatchOutcome:
        outcome = await self._outcomes.get()
        if outcome is not None:
            self._window.release()
            return outcome
        self._outcomes.put_nowait(None)  # the end stays the end
        raise self._failure or StopAsyncIteration

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
        self._dismiss(self._waiting if error is None else self._workers)
        try:
            await _all_done(self._workers)
        finally:
            self._dismiss(self._workers)
            await _all_done(self._workers)
            if self._source is not None:
                await self._source.aclose()
            self.undelivered = tuple(self._drain())

    def _drain(self) -> Iterator[BatchOutcome]:
        while not self._outcomes.empty():
            outcome = self._outcomes.get_nowait()
            if outcome is not None:
                yield outcome


async def _all_done(workers: Iterable[asyncio.Task[None]]) -> None:
    running = tuple(workers)
    if running:
        await asyncio.wait(running)


class _Outcomes:
    """The outcomes of a run, as they complete.

    No generator: one that is left early would be closed at some later time, and
    nothing here may depend on when.
    """

    def __init__(self, take: Callable[[], Awaitable[BatchOutcome]]) -> None:
        self._take = take

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> BatchOutcome:
        return await self._take()
