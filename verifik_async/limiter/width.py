"""How many requests at once the server bears, found out by trying."""

from __future__ import annotations

import math

_FIRST = 4
_KNEE = 2.0
"""A round that takes so many times as long as the fastest one waits in a queue."""

_DRIFT = 0.01
"""Part of the way that the fastest round moves towards each slower one: collections
grow, and with them the time of a search."""


class AdaptiveWidth:
    """Doubles with each round that goes well, later grows by one; shrinks on trouble.

    A round is as many answers as there may be requests at once. Nothing grows while
    less than half of the width is used, for then nothing is learned about it; and
    nothing while rounds take much longer than they could, which is a queue
    somewhere.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._width = float(min(_FIRST, most))
        self._doubling = True
        self._fastest = math.inf
        self._queued = False
        self._begin_round()

    def _begin_round(self) -> None:
        self._round = int(self._width)
        self._answers = 0
        self._seconds = 0.0

    @property
    def now(self) -> int:
        """Requests that may be in flight."""
        return int(self._width)

    def bound(self, most: int) -> None:
        """Another limit to the width."""
        self._most = most
        self._width = min(self._width, float(most))

    def worked(self, *, seconds: float, in_flight: int) -> bool:
        """One was answered well.

        Args:
            seconds: How long it took.
            in_flight: How many there were, this one included.

        Returns:
            Whether the doubling has come to its end by this.
        """
        self._answers += 1
        self._seconds += seconds
        if 2 * in_flight >= self._width and not self._queued:
            step = 1.0 if self._doubling else 1 / self._width
            self._width = min(self._width + step, self._most)
        if self._answers < self._round:
            return False
        return self._end_round()

    def _end_round(self) -> bool:
        mean = self._seconds / self._answers
        self._queued = mean > _KNEE * self._fastest
        slower = max(0.0, mean - self._fastest)
        self._fastest = min(mean, self._fastest + _DRIFT * slower)
        ended = self._queued and self._doubling
        if ended:
            self._width, self._doubling = float(self._round), False
        self._begin_round()
        return ended

    def cut(self, factor: float) -> None:
        """Trouble: fewer at once, and no more doubling."""
        self._width = max(1.0, self._width * factor)
        self._doubling = False
        self._begin_round()
