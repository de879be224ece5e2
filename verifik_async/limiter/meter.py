"""How many answers came in a second, lately."""

from __future__ import annotations

_SPAN = 1.0
_ANSWERS = 8
_LEAST_SPAN = 0.1


class Meter:
    """Answers over the last one to two windows, each of some seconds and answers.

    Attributes:
        window: Seconds of a window; at least one is counted.
    """

    def __init__(self, now: float) -> None:
        self.window = 0.0
        self.restart(now)

    def restart(self, at: float) -> None:
        """Count anew from `at`."""
        self._began = self._start = self._turn = at
        self._before = self._since = 0

    def answered(self, now: float) -> None:
        """Count one answer."""
        self._since += 1
        if now - self._turn >= max(_SPAN, self.window) and self._since >= _ANSWERS:
            self._start, self._turn = self._turn, now
            self._before, self._since = self._since, 0

    def running(self, now: float) -> float:
        """Seconds since counting began."""
        return now - self._began

    def counted(self, now: float) -> tuple[int, float]:
        """Answers, and the seconds in which they came."""
        return self._before + self._since, max(now - self._start, _LEAST_SPAN)
