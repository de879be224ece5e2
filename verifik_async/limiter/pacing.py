"""An even pace, as a leaky bucket that only remembers when it is empty."""

from __future__ import annotations

import math

SLACK = 0.05
"""Seconds of pace that may be made up for: timers ring late, and loops are busy."""


class Pacer:
    """Spaces out what costs something: requests at so many a second, or bytes.

    In any span of time no more passes than its pace allows, and `SLACK` seconds of
    it, and one. No pace (None) is any pace.
    """

    def __init__(self) -> None:
        self._pace: float | None = None
        self._took = self._empty_at = -math.inf

    @property
    def pace(self) -> float | None:
        """Cost that passes in a second."""
        return self._pace

    @pace.setter
    def pace(self, pace: float | None) -> None:
        # What the last one cost is waited for at the new pace, not at the old one:
        # after a run at one request in a minute, the next need not wait a minute.
        if self._pace is not None and self._empty_at > self._took:
            slower = self._pace / pace if pace is not None else 0.0
            self._empty_at = self._took + slower * (self._empty_at - self._took)
        self._pace = pace

    def wait(self, now: float) -> float:
        """Seconds until the next may pass."""
        if self._pace is None:
            return 0.0
        return self._empty_at - SLACK - now

    def take(self, now: float, cost: float) -> None:
        """One passes, now."""
        if self._pace is not None:
            self._took = now
            self._empty_at = max(self._empty_at, now) + cost / self._pace

    def refund(self, cost: float) -> None:
        """One that was let pass did not go."""
        if self._pace is not None:
            self._empty_at -= cost / self._pace

    def hold(self, until: float) -> None:
        """Nothing is to be made up for before `until`."""
        if until + SLACK > self._empty_at:
            self._took = self._empty_at = until + SLACK
