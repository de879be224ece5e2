"""What can be found in a journal, as values."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from verifik_async.batch.journal.records import Fact, State


@attrs.frozen
class Item:
    """A person who was sent, or could not be; see `Verdict` for the fields.

    Attributes:
        key: What the journal knows the person by.
        row: What people call the person's place.
        label: The caller's key, where the journal keeps keys.
        terms: A number that persons with the same terms have in common.
        run: The number of the run which had the person last.
    """

    key: bytes = attrs.field(repr=False)
    row: int
    label: str | None = attrs.field(repr=False)
    terms: int | None
    run: int
    state: State = attrs.field(converter=State)
    attempts: int
    at: float
    took: float | None
    status: int | None
    error: str | None
    code: str | None
    reason: str | None
    detail: str | None
    person_id: str | None
    request_id: str | None
    liveness: float | None


@attrs.frozen
class Fault:
    """A person of the latest run with no key of their own, and what is wrong.

    Attributes:
        row: What people call the person's place.
        label: The caller's key, where the journal keeps keys.
    """

    row: int
    error: str
    detail: str | None
    label: str | None = attrs.field(repr=False)


@attrs.frozen
class Pace:
    """How many persons' turns ended in some span of time.

    Attributes:
        at: Where the span begins, in seconds since 1970 by the machine's clock.
        state: What became of them.
        count: How many they are.
    """

    at: float
    state: State
    count: int


@attrs.frozen
class Event:
    """Something that happened to a run.

    Attributes:
        run: Which run: the number of its first event.
        at: Seconds since 1970, by the machine's clock.
        kind: `run_started`, `run_ended`, `stopped`, or what `BatchEnroller.note` says.
        facts: More about it.
    """

    run: int
    at: float
    kind: str
    facts: Mapping[str, Fact]


@attrs.frozen
class Spread:
    """How many persons' turns took about so long, of those that ended in some span.

    Attributes:
        at: Where the span begins, in seconds since 1970 by the machine's clock.
        took: Seconds, to two digits.
        count: How many they are.
    """

    at: float
    took: float
    count: int


@attrs.frozen
class Activity:
    """What there is of a run beside its events.

    Attributes:
        run: Its number.
        persons: Those whose latest turn ended in it.
        attempts: Requests sent for them, with those of earlier runs.
        first: When the first of these turns ended, in seconds since 1970.
        last: When the last did.
    """

    run: int
    persons: int
    attempts: int
    first: float
    last: float
