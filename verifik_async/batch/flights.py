"""Whose request is on its way, and who only waits: the ones can be called back.

A run that stops lets requests which are on their way finish, since they are paid for.
Whoever waits, for a turn or to be sent once more, should not be sent any more; and a
run that waited for them could last an hour after it was stopped.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self, cast

from verifik_async.events import AttemptFinished, AttemptStarted, Event

if TYPE_CHECKING:
    from types import TracebackType


class Flight:
    """One person's call of the client, in a `with` around all of it.

    Attributes:
        sent: A request was begun for this person.
        on_the_way: A request is under way now.
        recalled: The call was cancelled because the run stops.
        took: Seconds that the last request took; None if none has ended.
    """

    __slots__ = ("_flights", "on_the_way", "recalled", "sent", "task", "took")

    def __init__(self, flights: Flights) -> None:
        self._flights = flights
        self.task = cast("asyncio.Task[object]", asyncio.current_task())
        self.sent = self.on_the_way = self.recalled = False
        self.took: float | None = None

    def recall(self) -> None:
        """Cancel the call, unless its request is on its way, or it was before."""
        if self.task is asyncio.current_task():
            # It does something itself, and may be about to wait, or be through.
            self.recall_soon()
        elif not self.on_the_way and not self.recalled:
            self.recalled = True
            self.task.cancel()

    def recall_soon(self) -> None:
        """Recall, if the call is still there once this turn of the loop is over."""
        asyncio.get_running_loop().call_soon(self._recall_if_there)

    def _recall_if_there(self) -> None:
        if self._flights.calls.get(self.task) is self:
            self.recall()

    def __enter__(self) -> Self:
        self._flights.calls[self.task] = self
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        del self._flights.calls[self.task]
        if self.recalled and self.task.uncancel():
            self.recalled = False  # somebody else cancels the task as well


class Flights:
    """All calls of one run, each in a worker of its own.

    Attributes:
        calls: Those there are now, by their tasks.
    """

    def __init__(self) -> None:
        self.calls: dict[asyncio.Task[object], Flight] = {}
        self._recalling = False

    def hear(self, event: Event) -> None:
        """Observe the client, which tells each event in the task that it is about."""
        if not isinstance(event, AttemptStarted | AttemptFinished):
            return
        task = asyncio.current_task()
        flight = self.calls.get(task) if task is not None else None
        if flight is None:
            return  # somebody else's, who uses the same client
        flight.sent = True
        flight.on_the_way = isinstance(event, AttemptStarted)
        if isinstance(event, AttemptStarted):
            return
        flight.took = event.elapsed
        if self._recalling:
            flight.recall_soon()

    def recall(self) -> None:
        """From now on nobody waits: cancel those who do, and who will."""
        self._recalling = True
        for flight in self.calls.values():
            flight.recall()
