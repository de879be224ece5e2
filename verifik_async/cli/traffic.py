"""What went over the network, as the client's events tell it."""

from __future__ import annotations

from verifik_async.errors import Outcome
from verifik_async.events import AttemptFinished, AttemptStarted, Event


class Traffic:
    """Observes a client, and counts the requests that were handed over as a whole.

    Attributes:
        sent: Bytes of their bodies.
        requests: How many they were.
    """

    def __init__(self) -> None:
        self.sent = 0
        self.requests = 0
        self._begun: dict[tuple[int, int], int] = {}

    def hear(self, event: Event) -> None:
        """Take note of an event."""
        match event:
            case AttemptStarted():
                self._begun[event.call, event.attempt] = event.body_bytes
            case AttemptFinished():
                size = self._begun.pop((event.call, event.attempt), 0)
                if event.outcome is not Outcome.NOT_SENT:
                    self.sent += size
                    self.requests += 1
            case _:
                pass
