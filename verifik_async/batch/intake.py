"""How persons come to the workers of a run, and where their outcomes go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import attrs

from verifik_async.batch.outcomes import BatchItem, BatchOutcome, OutcomeStatus
from verifik_async.errors import ConfigurationError, OutcomeUnknownError
from verifik_async.models import EnrollmentRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from verifik_async.batch.crew import Crew, Worker
    from verifik_async.batch.source import Source
    from verifik_async.batch.window import Window

Given = EnrollmentRequest | BatchItem

_NOT_AGAIN = (
    "sent by an earlier run without an answer, and not by this one, which stopped"
)


@attrs.define(kw_only=True, eq=False)
class Ticket:
    """A person on the way through a run.

    Attributes:
        index: Place in the source.
        item: What the source gave.
        may_be_enrolled: An earlier run sent this person, and knows no answer.
        took: Seconds that the last request took, once there was one.
    """

    index: int
    item: BatchItem = attrs.field(repr=False)
    may_be_enrolled: bool = False
    took: float | None = None
    _made: EnrollmentRequest | None = attrs.field(default=None, init=False, repr=False)

    @property
    def request(self) -> EnrollmentRequest | None:
        """The request, if it was given ready or has been made."""
        given = self.item.request
        return self._made if callable(given) else given

    def make_request(self) -> EnrollmentRequest:
        """The request; a callable is asked for it once.

        Raises:
            ConfigurationError: It is none.
            Exception: What the callable raises.
        """
        given = self.item.request
        if self._made is None:
            made = given() if callable(given) else given
            if not isinstance(made, EnrollmentRequest):  # pyright: ignore[reportUnnecessaryIsInstance] - not all callers check types
                raise ConfigurationError(
                    f"a source gives requests or items, not {type(made).__name__}"
                )
            self._made = made
        return self._made


def item_of(given: Given) -> BatchItem:
    """What a source gave, as an item."""
    return given if isinstance(given, BatchItem) else BatchItem(request=given)


def begun(ticket: Ticket) -> BatchOutcome:
    """The outcome of a person for whom nothing has been done yet.

    Whom an earlier run sent without learning of an answer stays `unknown`.
    """
    if ticket.may_be_enrolled:
        return BatchOutcome(
            index=ticket.index,
            key=ticket.item.key,
            status=OutcomeStatus.UNKNOWN,
            error=OutcomeUnknownError(_NOT_AGAIN),
        )
    return BatchOutcome(
        index=ticket.index, key=ticket.item.key, status=OutcomeStatus.NOT_ATTEMPTED
    )


class Desk(Protocol):
    """What an intake asks of its run, and tells it."""

    @property
    def stopped(self) -> bool:
        """Nobody more is to be sent."""
        ...

    @property
    def over(self) -> bool:
        """Nobody more is to be pulled."""
        ...

    @property
    def width(self) -> int:
        """How many workers there are, or were."""
        ...

    @property
    def crew(self) -> Crew:
        """The run's tasks."""
        ...

    def guarded(
        self, work: Callable[[], Coroutine[object, object, None]]
    ) -> Coroutine[object, object, None]:
        """Work whose errors are the consumer's."""
        ...

    def stop(self, reason: str, error: Exception | None) -> None:
        """Send nobody more."""
        ...

    def fail(self, error: BaseException) -> None:
        """Stop, and raise this to the consumer at the end."""
        ...

    def failed(self, ticket: Ticket, error: Exception) -> BatchOutcome:
        """The verdict for an error."""
        ...

    def settle(self, ticket: Ticket, outcome: BatchOutcome) -> None:
        """Count an outcome, and hand it to the intake."""
        ...


class Intake(Protocol):
    """Gives tickets to workers, and takes their outcomes."""

    async def next(self) -> Ticket | None:
        """The next person, or None for a worker to go home."""
        ...

    def settle(self, ticket: Ticket, outcome: BatchOutcome) -> None:
        """A person has an outcome; it goes to the window, at once or soon."""
        ...

    def stopped(self, reason: str, error: Exception | None) -> None:
        """The run stops."""
        ...

    def retired(self, worker: Worker) -> None:
        """A task of the run has ended."""
        ...

    def end(self, then: Callable[[], None]) -> None:
        """All have; call when the last outcome is in the window."""
        ...


class DirectIntake:
    """Straight from the source, and straight to the window.

    Args:
        desk: The run.
        source: Who is to be enrolled.
        window: Where outcomes go.
    """

    def __init__(self, desk: Desk, *, source: Source[Given], window: Window) -> None:
        self._desk = desk
        self._source = source
        self._window = window

    async def next(self) -> Ticket | None:
        """The source's next person, as soon as the window has room."""
        if self._desk.over:
            return None
        await self._window.enter()
        pulled = await self._source.pull()
        if pulled is None:
            return None
        index, given = pulled
        return Ticket(index=index, item=item_of(given))

    def settle(self, ticket: Ticket, outcome: BatchOutcome) -> None:
        """To the window."""
        del ticket
        self._window.put(outcome)

    def stopped(self, reason: str, error: Exception | None) -> None:
        """Nothing is noted."""

    def retired(self, worker: Worker) -> None:
        """They are all alike."""

    def end(self, then: Callable[[], None]) -> None:
        """At once."""
        then()
