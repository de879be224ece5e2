"""The inside of a batch: workers take persons up, and bring outcomes to the intake."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from verifik_async.batch.crew import Crew, outlast
from verifik_async.batch.outcomes import BatchOutcome, OutcomeStatus
from verifik_async.batch.sending import Sender
from verifik_async.batch.stops import Lookout
from verifik_async.errors import OutcomeUnknownError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from verifik_async.batch.crew import Worker
    from verifik_async.batch.intake import Given, Intake, Ticket
    from verifik_async.batch.source import Source
    from verifik_async.batch.stops import StopRules
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
        concurrency: How many workers there are at the most.
        rules: When it stops by itself.

    Attributes:
        crew: The tasks.
        source: Who is to be enrolled.
        sender: What workers send with.
        lookout: What sees every outcome.
        width: How many workers there are, or were.
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
        rules: StopRules,
    ) -> None:
        self.crew = Crew(retired=self._retired)
        self.source = source
        self.sender = Sender(client, desk=self, tally=tally, rules=rules)
        self.lookout = Lookout(rules)
        self.width = 0
        self._ended = asyncio.get_running_loop().create_future()
        self._limiter = client.limiter
        self._window = window
        self._tally = tally
        self._concurrency = concurrency
        self._leaving = False
        self._failure: BaseException | None = None
        self._intake = make_intake(self)
        tally.begin()
        self._hire()

    def _hire(self) -> None:
        """Bring the crew to the width that is allowed by now; it only grows.

        Not all at once, and not more than may send: a person who is taken up, and
        can't be sent yet, is one more of whom a crash leaves nothing known.
        """
        allowed = (self._concurrency, self.lookout.width, self._limiter.width)
        wanted = min(width for width in allowed if width is not None)
        while self.width < wanted:
            self.crew.hire(
                self.guarded(self._work), name=f"verifik-enroll-{self.width}"
            )
            self.width += 1

    async def guarded(
        self, work: Callable[[], Coroutine[object, object, None]]
    ) -> None:
        """Do some of the run's work; what it raises is the consumer's, at the end."""
        try:
            # Where tasks begin eagerly, this one would be at work before it is hired.
            await asyncio.sleep(0)
            await work()
        except (asyncio.CancelledError, KeyboardInterrupt, SystemExit):
            raise  # the last two end the event loop
        except BaseException as error:  # noqa: BLE001 - handed on
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
        """Send nobody more; requests on their way finish. The first reason counts."""
        if self._tally.stop_reason is None:
            self._tally.stop(reason, error)
            self._intake.stopped(reason, error)
        if self.source.may_wait_forever:
            self.crew.cancel_waiting()
        self.sender.release()

    async def leave(self, *, at_once: bool) -> None:
        """Pull nobody more, and wait until all outcomes are in the window.

        Args:
            at_once: Cancel also requests on their way.

        Raises:
            CancelledError: The wait was cancelled, and so were those in flight.
        """
        self._leaving = True
        if at_once:
            self.crew.cancel()
        else:
            self.crew.cancel_waiting()
        self.sender.release()
        try:
            await self.crew.all_retired()
        finally:
            await outlast(self._ended)

    def settle(self, ticket: Ticket, outcome: BatchOutcome) -> None:
        """A person has a verdict."""
        self._tally.add(outcome)
        self._intake.settle(ticket, outcome)
        if not outcome.attempts and outcome.status is not OutcomeStatus.INVALID:
            return  # an earlier run's verdict, or none
        if stop := self.lookout.see(outcome):
            self.stop(stop.reason, stop.error)
        elif self.width < self._concurrency and not self.stopped:
            self._hire()

    def failed(self, ticket: Ticket, error: Exception) -> BatchOutcome:
        """The verdict for an error met before anything was sent."""
        return self.sender.failed(ticket, error)

    async def _work(self) -> None:
        """Settle one person after another, until there is none left."""
        while (ticket := await self._intake.next()) is not None:
            with self.crew.at_work():
                self.settle(ticket, await self.sender.outcome(ticket))

    def fail(self, error: BaseException) -> None:
        """The source or a transport has a fault that is nobody's verdict."""
        self._failure = self._failure or error
        told = error if isinstance(error, Exception) else None
        self.stop(f"{type(error).__name__} in the source or the transport", told)

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
