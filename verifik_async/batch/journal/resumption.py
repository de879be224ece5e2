"""What an earlier run's verdict means for this one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

import attrs

from verifik_async.batch.journal.errors import JournalMismatchError
from verifik_async.batch.journal.opening import LOST
from verifik_async.batch.journal.records import REFUSED, SETTLED, Known, State
from verifik_async.batch.outcomes import BatchOutcome, OutcomeStatus, SettledBefore
from verifik_async.errors import (
    ConfigurationError,
    FieldFault,
    InvalidRequestError,
    OutcomeUnknownError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from verifik_async.batch.intake import Ticket
    from verifik_async.batch.journal.fingerprint import JobTerms

OnUnknown = Literal["hold", "resend"]

_STATUSES = {state: OutcomeStatus(state.value) for state in SETTLED}

_ANYWAY = frozenset((State.PENDING, State.FAILED, State.INVALID))
"""Nothing was sent, or nothing that reached a decision: their turn comes again."""


@attrs.frozen(kw_only=True)
class Resumption:
    """Who is sent again.

    Attributes:
        retry: Refusals that are to be tried once more.
        resend_unknown: Also send those whom an earlier run sent without an answer.
    """

    retry: frozenset[State] = frozenset()
    resend_unknown: bool = False

    @classmethod
    def of(cls, retry: Iterable[str], on_unknown: OnUnknown) -> Self:
        """As the caller says it.

        Raises:
            ConfigurationError: Something is asked for that can't be.
        """
        if on_unknown not in ("hold", "resend"):
            raise ConfigurationError('on_unknown must be "hold" or "resend"')
        asked = (retry,) if isinstance(retry, str) else tuple(retry)
        states = frozenset(_to_state(status) for status in asked)
        return cls(retry=states & REFUSED, resend_unknown=on_unknown == "resend")

    def sends(self, state: State) -> bool:
        """Whether somebody who stands there is sent by this run."""
        if state is State.UNKNOWN:
            return self.resend_unknown
        return state in _ANYWAY or state in self.retry

    def outcome(
        self, ticket: Ticket, known: Known, *, terms: JobTerms | None
    ) -> BatchOutcome | None:
        """What is said of a person at once, or None for one to be sent.

        Args:
            ticket: The person.
            known: What the journal knows.
            terms: What is asked for now, if the request is made already.

        Raises:
            JournalMismatchError: Something else was asked for when it was settled.
        """
        if known.again:
            return _refused(ticket)
        unknown = known.state is State.UNKNOWN
        if self.sends(known.state) and not unknown:
            return None
        if unknown and not self.resend_unknown:
            return BatchOutcome(
                index=ticket.index,
                key=ticket.item.key,
                status=OutcomeStatus.UNKNOWN,
                error=OutcomeUnknownError(LOST),
            )
        if terms is not None and known.terms is not None:
            _require_same(known.terms, terms)
        return None if unknown else _skipped(ticket, known)


def _to_state(status: str) -> State:
    tried_again = sorted(state.value for state in REFUSED)
    if status == State.UNKNOWN.value:
        raise ConfigurationError('to send unknown ones again say on_unknown="resend"')
    if status not in {state.value for state in REFUSED | _ANYWAY}:
        raise ConfigurationError(f"retry: any of {', '.join(tried_again)}")
    return State(status)


def _skipped(ticket: Ticket, known: Known) -> BatchOutcome:
    status = _STATUSES[known.state]
    return BatchOutcome(
        index=ticket.index,
        key=ticket.item.key,
        status=OutcomeStatus.SKIPPED,
        settled=SettledBefore(status=status, person_id=known.person_id),
    )


def _refused(ticket: Ticket) -> BatchOutcome:
    """For the second with the same key in one run: nobody is charged for twice."""
    if ticket.item.key is None:
        fault = FieldFault(
            field="person",
            problem="is the same as an earlier one of this run, pictures included",
            hint="leave one of them out",
        )
    else:
        fault = FieldFault(
            field="key",
            problem="is that of an earlier person of this run",
            hint="give each person a key of its own",
        )
    return BatchOutcome(
        index=ticket.index,
        key=ticket.item.key,
        status=OutcomeStatus.INVALID,
        error=InvalidRequestError([fault]),
    )


def _require_same(before: JobTerms, now: JobTerms) -> None:
    differences = list(before.differences(now))
    if differences:
        raise JournalMismatchError(differences)
