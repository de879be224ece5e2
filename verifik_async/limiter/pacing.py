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
        self.pace: float | None = None
        self._empty_at = -math.inf

    def wait(self, now: float) -> float:
        """Seconds until the next may pass."""
        if self.pace is None:
            return 0.0
        return self._empty_at - SLACK - now

    def take(self, now: float, cost: float) -> None:
        """One passes, now."""
        if self.pace is not None:
            self._empty_at = max(self._empty_at, now) + cost / self.pace

    def refund(self, cost: float) -> None:
        """One that was let pass did not go."""
        if self.pace is not None:
            self._empty_at -= cost / self.pace

    def hold(self, until: float) -> None:
        """Nothing is to be made up for before `until`."""
        self._empty_at = max(self._empty_at, until + SLACK)
