"""The inside of a batch: workers take persons up, and bring outcomes to the intake."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import attrs

from verifik_async.batch.crew import Crew, outlast
from verifik_async.batch.intake import begun
from verifik_async.batch.outcomes import (
    BatchOutcome,
    OutcomeStatus,
    after_unknown,
    drop_frames,
    fatal_in,
    status_of,
)
from verifik_async.errors import (
    Outcome,
    OutcomeUnknownError,
    VerifikError,
    attempts_of,
    outcome_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from verifik_async.batch.crew import Worker
    from verifik_async.batch.intake import Given, Intake, Ticket
    from verifik_async.batch.source import Source
    from verifik_async.batch.tally import Tally
    from verifik_async.batch.window import Window
    from verifik_async.client import VerifikClient


class Engine:
    """One run, which begins at once.

    Args:
        client: Sends the requests.
        source: Who is to be enrolled.
        window: Where outcomes go.
        tally: Counts them.
        make_intake: Makes what is between these; it may ask the engine from then on.
        concurrency: How many workers there are.

    Attributes:
        crew: The tasks.
        source: Who is to be enrolled.
    """

    def __init__(  # noqa: PLR0913 - what a run is made of
        self,
        client: VerifikClient,
        *,
        source: Source[Given],
        window: Window,
        tally: Tally,
        make_intake: Callable[[Engine], Intake],
        concurrency: int,
    ) -> None:
        self.crew = Crew(retired=self._retired)
        self._ended = asyncio.get_running_loop().create_future()
        self._client = client
        self.source = source
        self._window = window
        self._tally = tally
        self._leaving = False
        self._failure: Exception | None = None
        self._intake = make_intake(self)
        tally.begin()
        for number in range(concurrency):
            self.crew.hire(self.guarded(self._work), name=f"verifik-enroll-{number}")

    async def guarded(
        self, work: Callable[[], Coroutine[object, object, None]]
    ) -> None:
        """Do some of the run's work; what it raises is the consumer's, at the end."""
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - handed on
            self.fail(error)

    @property
    def stopped(self) -> bool:
        """Nobody more is to be sent."""
        return self._leaving or self._tally.stop_reason is not None

    @property
    def over(self) -> bool:
        """Nobody more is to be pulled."""
        return self._leaving or (self.stopped and self.source.may_wait_forever)

    def stop(self, reason: str, error: Exception | None) -> None:
        """Send nobody more; those in flight finish. The first reason counts."""
        if self._tally.stop_reason is None:
            self._tally.stop(reason, error)
            self._intake.stopped(reason, error)
        if self.source.may_wait_forever:
            self.crew.cancel_waiting()

    async def leave(self, *, at_once: bool) -> None:
        """Pull nobody more, and wait until all outcomes are in the window.

        Args:
            at_once: Cancel those in flight.

        Raises:
            CancelledError: The wait was cancelled, and so were those in flight.
        """
        self._leaving = True
        if at_once:
            self.crew.cancel()
        else:
            self.crew.cancel_waiting()
        try:
            await self.crew.all_retired()
        finally:
            await outlast(self._ended)

    def settle(self, ticket: Ticket, outcome: BatchOutcome) -> None:
        """A person has a verdict."""
        self._tally.add(outcome)
        self._intake.settle(ticket, outcome)

    def failed(self, ticket: Ticket, error: Exception) -> BatchOutcome:
        """The verdict for an error met before anything was sent, or by the client."""
        return self._verdict(ticket, begun(ticket), error)

    async def _work(self) -> None:
        """Settle one person after another, until there is none left."""
        while (ticket := await self._intake.next()) is not None:
            with self.crew.at_work():
                self.settle(ticket, await self._outcome(ticket))

    async def _outcome(self, ticket: Ticket) -> BatchOutcome:
        """One person's verdict."""
        if self.stopped:
            return begun(ticket)
        try:
            request = ticket.make_request()
        except Exception as error:  # noqa: BLE001 - an outcome is data
            return self.failed(ticket, error)
        try:
            with self._tally.flying():
                enrollment = await self._client.enroll(request)
        except asyncio.CancelledError as cancelled:
            self.settle(ticket, self._cut_short(ticket, cancelled))
            raise
        except Exception as error:  # noqa: BLE001 - an outcome is data
            # Of a bug, or a fixture's miss, nobody knows whether it was sent.
            maybe_sent = attrs.evolve(begun(ticket), status=OutcomeStatus.UNKNOWN)
            return self._verdict(ticket, maybe_sent, error)
        return attrs.evolve(
            begun(ticket),
            status=OutcomeStatus.ENROLLED,
            enrollment=enrollment,
            attempts=enrollment.attempts,
        )

    def _cut_short(
        self, ticket: Ticket, cancelled: asyncio.CancelledError
    ) -> BatchOutcome:
        """The verdict for a person whose call was cancelled."""
        attempts = attempts_of(cancelled)
        if outcome_of(cancelled) is Outcome.NOT_SENT:
            return attrs.evolve(begun(ticket), attempts=attempts)
        lost = OutcomeUnknownError("cancelled in flight; it may have been sent")
        lost.attempts = attempts
        return self.failed(ticket, lost)

    def _verdict(
        self, ticket: Ticket, unless_ours: BatchOutcome, error: Exception
    ) -> BatchOutcome:
        """The verdict for an error; `unless_ours` stands if it is none of ours."""
        if not isinstance(error, VerifikError):
            self.fail(error)
            return attrs.evolve(unless_ours, error=error)
        if ticket.may_be_enrolled:
            error = after_unknown(error)
        fatal = fatal_in(error)
        if fatal is None:
            drop_frames(error)
        else:
            self.stop(str(fatal) or type(fatal).__name__, fatal)
        return attrs.evolve(
            unless_ours, status=status_of(error), error=error, attempts=error.attempts
        )

    def fail(self, error: Exception) -> None:
        """The source or a transport has a fault that is nobody's verdict."""
        self._failure = self._failure or error
        self.stop(f"{type(error).__name__} in the source or the transport", error)

    def _retired(self, worker: Worker) -> None:
        if worker.cancelled() and not self.stopped:
            # Not by us: the source or the transport raised it, or somebody cancels
            # tasks at large. The loop must not end as if all persons had been pulled.
            self.fail(OutcomeUnknownError("cancelled from outside of the run"))
        self._intake.retired(worker)
        if self.crew.gone:
            self._intake.end(self._end)

    def _end(self) -> None:
        self._tally.end()
        self._window.end(self._failure)
        self._ended.set_result(None)
