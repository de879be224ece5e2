"""One person from request to verdict: guard, breaker, the client's call, what it means.

The order is: alone with this face, then past the breaker, then the client, which
retries, and asks its limiter before each request.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import attrs

from verifik_async.batch.breaker import Breaker
from verifik_async.batch.flights import Flight, Flights
from verifik_async.batch.intake import begun
from verifik_async.batch.outcomes import (
    BatchOutcome,
    OutcomeStatus,
    after_unknown,
    drop_frames,
    fatal_in,
    status_of,
)
from verifik_async.batch.pauses import enroll_patiently, long_pause
from verifik_async.batch.same_face import SameFaceGuard
from verifik_async.errors import (
    Outcome,
    OutcomeUnknownError,
    RateLimitedError,
    VerifikError,
    attempts_of,
    outcome_of,
)

if TYPE_CHECKING:
    from verifik_async.batch.intake import Desk, Ticket
    from verifik_async.batch.stops import StopRules
    from verifik_async.batch.tally import Tally
    from verifik_async.client import VerifikClient
    from verifik_async.models import EnrollmentRequest


class Sender:
    """Sends the persons of one run, as many at a time as call it.

    Attributes:
        breaker: Waits while the service is down.
        faces: Keeps persons with the same picture apart.
        flights: Who is on the way; has to observe the client.
    """

    def __init__(
        self, client: VerifikClient, *, desk: Desk, tally: Tally, rules: StopRules
    ) -> None:
        self.breaker = Breaker(rules, clock=client.clock)
        self.faces = SameFaceGuard()
        self.flights = Flights()
        self._client = client
        self._desk = desk
        self._tally = tally
        self._longest_pause = rules.max_outage

    def release(self) -> None:
        """The run stops: whoever waits is let go, unsent, and nobody waits again."""
        self.breaker.release()
        self.flights.recall()

    async def outcome(self, ticket: Ticket) -> BatchOutcome:
        """One person's verdict.

        Raises:
            CancelledError: Not by a call back; the person is settled by then.
            KeyboardInterrupt: Likewise, and `SystemExit`.
        """
        if self._desk.stopped:
            return begun(ticket)
        flight = Flight(self.flights)
        try:
            request = ticket.make_request()
            with flight:
                return await self._send(ticket, request)
        except asyncio.CancelledError as cancelled:
            verdict = self._cut_short(ticket, flight, cancelled)
            if flight.recalled:
                return verdict
            self._desk.settle(ticket, verdict)
            raise
        except Exception as error:  # noqa: BLE001 - an outcome is data
            return self.failed(ticket, error)
        except (KeyboardInterrupt, SystemExit) as error:
            self._desk.settle(ticket, self._cut_short(ticket, flight, error))
            raise  # which ends the event loop
        except BaseException as error:  # noqa: BLE001 - handed on: pytest's, say
            self._desk.fail(error)
            return self._cut_short(ticket, flight, error)
        finally:
            ticket.took = flight.took

    async def _send(self, ticket: Ticket, request: EnrollmentRequest) -> BatchOutcome:
        """Send when it may be; what the call ends with is this person's verdict."""
        async with self.faces.alone(request), self.breaker.passage() as passage:
            if not passage.open:
                return begun(ticket)
            outcome = await self._call(ticket, request)
            if stop := passage.ended(outcome):
                self._desk.stop(stop.reason, stop.error)
            return outcome

    async def _call(self, ticket: Ticket, request: EnrollmentRequest) -> BatchOutcome:
        try:
            with self._tally.flying():
                enrollment = await enroll_patiently(
                    self._client, request, longest=self._longest_pause
                )
        except RateLimitedError as error:
            return self._held_off(ticket, error)
        except Exception as error:  # noqa: BLE001 - an outcome is data
            # Of a bug, or a fixture's miss, nobody knows whether it was sent.
            maybe_sent = attrs.evolve(begun(ticket), status=OutcomeStatus.UNKNOWN)
            return self._verdict(ticket, maybe_sent, error)
        return BatchOutcome(
            index=ticket.index,
            key=ticket.item.key,
            status=OutcomeStatus.ENROLLED,
            enrollment=enrollment,
            attempts=enrollment.attempts,
        )

    def _held_off(self, ticket: Ticket, error: RateLimitedError) -> BatchOutcome:
        """The verdict for somebody who was told "not now" to the last."""
        pause = long_pause(error, self._client)
        if pause is None:
            return self._verdict(ticket, begun(ticket), error)
        drop_frames(error)
        self._desk.stop(
            f"The server asks to wait for {pause:.0f} s, longer than max_outage "
            "allows. Run again after that: whoever was not attempted is still to "
            "come.",
            error,
        )
        told = after_unknown(error) if ticket.may_be_enrolled else error
        return attrs.evolve(begun(ticket), error=told, attempts=error.attempts)

    def failed(self, ticket: Ticket, error: Exception) -> BatchOutcome:
        """The verdict for an error met before anything was sent."""
        return self._verdict(ticket, begun(ticket), error)

    def _cut_short(
        self, ticket: Ticket, flight: Flight, error: BaseException
    ) -> BatchOutcome:
        """The verdict for a person whose call was cut off by no answer."""
        if not flight.sent or outcome_of(error) is Outcome.NOT_SENT:
            return attrs.evolve(begun(ticket), attempts=attempts_of(error))
        lost = OutcomeUnknownError("cancelled in flight; it may have been sent")
        lost.attempts = attempts_of(error)
        return self._verdict(ticket, begun(ticket), lost)

    def _verdict(
        self, ticket: Ticket, unless_ours: BatchOutcome, error: Exception
    ) -> BatchOutcome:
        """The verdict for an error; `unless_ours` stands if it is none of ours."""
        if not isinstance(error, VerifikError):
            self._desk.fail(error)
            return attrs.evolve(unless_ours, error=error)
        if ticket.may_be_enrolled:
            error = after_unknown(error)
        fatal = fatal_in(error)
        if fatal is None:
            drop_frames(error)
        else:
            self._desk.stop(str(fatal) or type(fatal).__name__, fatal)
        return attrs.evolve(
            unless_ours, status=status_of(error), error=error, attempts=error.attempts
        )
