"""A person on the way through a journalled run, and what is written of them."""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING

import attrs

from verifik_async.batch.intake import Ticket
from verifik_async.batch.journal.fingerprint import JobTerms
from verifik_async.batch.journal.records import NOBODY, Intent, Known
from verifik_async.batch.journal.store import Store
from verifik_async.batch.journal.verdicts import verdict_of
from verifik_async.batch.outcomes import BatchOutcome, OutcomeStatus
from verifik_async.models import EnrollmentRequest

if TYPE_CHECKING:
    from collections.abc import Callable


@attrs.define(kw_only=True, eq=False)
class Entry(Ticket):
    """A person, and where the journal has them.

    Attributes:
        key: In the journal.
        before: What was known when this run came to them.
        intent: What has been written down, or is about to be; an outcome must follow.
    """

    key: bytes = b""
    before: Known = NOBODY
    intent: Intent | None = None


def written(
    entry: Entry, intent: Intent, outcome: BatchOutcome
) -> Callable[[Store], None]:
    """What an outcome means for the journal."""
    took = 0.0 if entry.took is None else entry.took
    as_before = outcome.status is OutcomeStatus.UNKNOWN and entry.may_be_enrolled
    if outcome.status is OutcomeStatus.NOT_ATTEMPTED or (
        as_before and not outcome.attempts
    ):
        return functools.partial(Store.take_back, intent=intent)
    return functools.partial(
        Store.settle,
        intent=intent,
        verdict=verdict_of(outcome, at=time.time(), took=took),
        terms=terms_of(entry),
    )


def row_of(ticket: Ticket) -> int:
    """What people call a person's place."""
    return ticket.index if ticket.item.row is None else ticket.item.row


def terms_of(ticket: Ticket) -> JobTerms | None:
    """What is asked for, if the request is there yet."""
    request = ticket.request
    return JobTerms.of(request) if isinstance(request, EnrollmentRequest) else None
