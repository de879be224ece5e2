"""What a journal says of a person: states, and facts without personal data.

No name, birth date, picture or token; of the caller's key only a digest, unless the
journal was told to keep keys. What the server said is kept as the errors hold it, with
personal data taken out.
"""

from __future__ import annotations

import enum
from typing import Literal

import attrs

from verifik_async.batch.journal.fingerprint import JobTerms

Fact = str | int | float | bool | None
"""Part of an event."""

KeyKind = Literal["given", "content"]
"""Whether a person has a key of the caller's."""


class State(enum.StrEnum):
    """Where a person stands; all but the first are named as the outcome's status."""

    PENDING = "pending"
    """Not sent yet; a journal has no row for these."""

    UNKNOWN = "unknown"
    FAILED = "failed"
    INVALID = "invalid"
    ENROLLED = "enrolled"
    PRESUMED_ENROLLED = "presumed_enrolled"
    DUPLICATE = "duplicate"
    LIVENESS_FAILED = "liveness_failed"
    REJECTED = "rejected"


REFUSED = frozenset((State.DUPLICATE, State.LIVENESS_FAILED, State.REJECTED))
"""Settled, and worth another try where the caller says so."""

SUCCEEDED = frozenset((State.ENROLLED, State.PRESUMED_ENROLLED))
"""Never overwritten: a success beats whatever comes later."""

SETTLED = REFUSED | SUCCEEDED
"""Not sent again by themselves."""


@attrs.frozen
class Asked:
    """Somebody to be looked up: by which key of which kind, and in which row now."""

    key: bytes
    kind: KeyKind
    row: int


@attrs.frozen
class Intent:
    """Somebody about to be sent.

    Attributes:
        key: Theirs.
        row: What people call their place.
        terms: What is asked for, if it is known yet.
        label: Their key as it is, if that is to be kept.
    """

    key: bytes
    row: int
    terms: JobTerms | None
    label: str | None


@attrs.frozen(kw_only=True)
class Known:
    """What a journal knew of a person when this run came to them.

    Attributes:
        state: Where they stood; `pending` also for somebody new.
        terms: What was asked for when they were sent.
        person_id: Whom the server told.
        again: This run had this person before.
    """

    state: State = State.PENDING
    terms: JobTerms | None = None
    person_id: str | None = None
    again: bool = False


NOBODY = Known()


@attrs.frozen(kw_only=True)
class Verdict:
    """What is written down when a person's turn is over.

    Attributes:
        state: The new state.
        attempts: Requests sent in this turn.
        at: Seconds since 1970 by the machine's clock, for people to read.
        took: Seconds from the start of the turn, with waits and retries.
        status: Of the HTTP answer, where there was an error.
        error: The error's class.
        code: The refusal's own code, which often says nothing.
        reason: The refusal as one word.
        detail: The error's text.
        person_id: Whom the server told: the person enrolled, or the duplicate.
        request_id: The answer's id.
        liveness: The liveness score of a refusal, where the answer has it.
    """

    state: State
    attempts: int
    at: float
    took: float
    status: int | None = None
    error: str | None = None
    code: str | None = None
    reason: str | None = None
    detail: str | None = None
    person_id: str | None = None
    request_id: str | None = None
    liveness: float | None = None
