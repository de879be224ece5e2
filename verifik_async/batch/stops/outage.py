"""When the service counts as down, when to try again, when to give up: told the time.

Nothing waits in here; `breaker` does.
"""

from __future__ import annotations

import attrs

from verifik_async.batch.stops.causes import failure_cause, label
from verifik_async.batch.stops.rules import Stop, StopRules
from verifik_async.errors import RateLimitedError, VerifikError

FIRST_WAIT, LONGEST_WAIT = 5.0, 60.0
"""Seconds before the first probe, and most between two; each wait doubles."""


@attrs.frozen(kw_only=True)
class Outage:
    """What everybody waits for, for the progress display.

    Attributes:
        cause: The kind of the last failure.
        failures: Failures in a row.
        lasted: Seconds since everybody waits.
        next_probe: Seconds until somebody may be sent; None while somebody is.
        gives_up: Seconds after which a failed probe ends the run; None for never.
    """

    cause: str
    failures: int
    lasted: float
    next_probe: float | None
    gives_up: float | None

    def __str__(self) -> str:
        probe = "someone is being sent to see"
        if self.next_probe is not None:
            probe = f"next try in {self.next_probe:.0f} s"
        return f"no usable answer for {self.lasted:.0f} s ({self.cause}); {probe}"


class Circuit:
    """Counts failures in a row, and plans the probes of an outage.

    Attributes:
        is_open: There is an outage: nobody may be sent but a probe.
        due: When the next probe is.
    """

    def __init__(self, rules: StopRules) -> None:
        self._rules = rules
        self._failures = 0
        self._since = 0.0
        self._error: Exception = VerifikError()
        self._opened = 0.0
        self._wait = FIRST_WAIT
        self.is_open = False
        self.due = 0.0

    def answered(self) -> None:
        """The service works."""
        self._failures = 0
        self.is_open = False

    def failed(self, error: Exception, *, now: float, is_probe: bool) -> Stop | None:
        """Somebody failed, or ended unknown.

        Returns:
            Why the run should stop: the outage has lasted too long, or will.
        """
        if not self._failures:
            # requests that hung together end together: the time is in each of them
            took = error.elapsed if isinstance(error, VerifikError) else 0.0
            self._since = now - took
        self._failures += 1
        self._error = error
        if self.is_open and not is_probe:
            return None  # one of those who were under way when it began
        if self.is_open:
            self._wait = min(2 * self._wait, LONGEST_WAIT)
            return self._plan(now)
        return self._plan_first(now) if self._is_outage(now) else None

    def _is_outage(self, now: float) -> bool:
        enough = self._rules.outage_after
        spanned = now - self._since >= self._rules.outage_span
        return enough is not None and self._failures >= enough and spanned

    def _plan_first(self, now: float) -> Stop | None:
        self.is_open = True
        self._opened = now
        self._wait = FIRST_WAIT
        return self._plan(now)

    def _plan(self, now: float) -> Stop | None:
        """Plan another probe, or give up if none would be in time."""
        asked = 0.0
        if isinstance(self._error, RateLimitedError):
            asked = self._error.retry_after or 0.0
        self.due = now + max(self._wait, asked)
        if self._rules.max_outage is None:
            return None
        # The last probe is at the very end.
        deadline = self._opened + self._rules.max_outage
        self.due = min(self.due, deadline)
        if now < deadline and now + asked <= deadline:
            return None
        return self._given_up(now, asked=asked)

    def _given_up(self, now: float, *, asked: float) -> Stop:
        wished = f"; the server asks to wait for {asked:.0f} s more" if asked else ""
        reason = (
            f"No usable answer for {now - self._since:.0f} s: {self._failures} "
            f"persons in a row failed or ended unknown, the last with "
            f"{label(self._error)}{wished}; {failure_cause(type(self._error)).advice} "
            "Then run again: whoever was not attempted is still to come."
        )
        return Stop(rule="max_outage", reason=reason, error=self._error)

    def outage(self, *, now: float, is_probing: bool) -> Outage | None:
        """How it stands; None if all is well."""
        if not self.is_open:
            return None
        lasted, most = now - self._opened, self._rules.max_outage
        return Outage(
            cause=label(self._error),
            failures=self._failures,
            lasted=lasted,
            next_probe=None if is_probing else max(0.0, self.due - now),
            gives_up=None if most is None else max(0.0, most - lasted),
        )
