"""The shared pause after "not now", and the careful start after it."""

from __future__ import annotations

import math

_UNASKED = 1.0
"""Seconds of pause where the server says no number."""

_LONGEST_UNASKED = 60.0
_SPREAD, _WIDEST_SPREAD = 0.05, 1.0
"""Share of a pause by which it is drawn out, at the most, and most seconds."""

_FIRST_STEP = 0.01
_HALVES_EVERY = 0.1
_RESTART = 1.0
"""After a pause sends are 10 ms apart; this halves every 0.1 s, and ends after 1 s."""


class Gate:
    """Nobody passes before `opens`; after that nobody rushes.

    Attributes:
        until: The end of the pause.
        opens: That, and a little at random: other processes were told the same.
        status: The HTTP status that asked last.
        at_rest: Nobody asked lately: there is no pause, and no careful start.
    """

    def __init__(self) -> None:
        self.until = self.opens = -math.inf
        self.status = 0
        self.at_rest = True
        self._next = -math.inf
        self._restarted = math.inf
        self._in_vain = 0

    def close(
        self, *, now: float, asked: float | None, status: int, jitter: float
    ) -> float:
        """Pause, and return by how many seconds this is longer than before.

        Pauses in vain, which is with nothing answered well in between, grow to one
        second, to two, to four and so on.

        Args:
            now: The time.
            asked: Seconds of Retry-After, which are never undercut.
            status: The HTTP status.
            jitter: A random number from 0 to 1.
        """
        seconds = _UNASKED if asked is None else asked
        if now >= self.opens:
            if self._in_vain:
                doubled = math.ldexp(_UNASKED, min(self._in_vain, 10) - 1)
                seconds = max(seconds, min(doubled, _LONGEST_UNASKED))
            self._in_vain += 1
        before = max(self.opens, now)
        spread = jitter * min(seconds * _SPREAD, _WIDEST_SPREAD)
        self.until = max(self.until, now + seconds)
        self.opens = max(before, now + seconds + spread)
        self.status = status
        self.at_rest = False
        self._next = self.opens
        self._restarted = math.inf
        return self.opens - before

    def bore_fruit(self) -> None:
        """The server takes requests again."""
        self._in_vain = 0

    def wait(self, now: float) -> float:
        """Seconds until the next may pass."""
        return self._next - now

    def passed(self, now: float) -> bool:
        """One passes, now; returns whether this is part of a restart."""
        if self.at_rest:
            return False
        self._restarted = min(self._restarted, now)
        since = now - self._restarted
        if since > _RESTART:
            self.at_rest = True
            self._next = -math.inf
            return False
        self._next = now + _FIRST_STEP * math.pow(0.5, since / _HALVES_EVERY)
        return True
