"""Who may send, and when: the limiter without its queue, and without a clock.

Each method is told the time and how many requests are in flight, and none waits.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import attrs

from verifik_async.errors import RateLimitedError
from verifik_async.events import Event, LimitChanged, Paused
from verifik_async.limiter.gate import Gate
from verifik_async.limiter.learned import LearnedRate
from verifik_async.limiter.meter import Meter
from verifik_async.limiter.pacing import Pacer
from verifik_async.limiter.verdicts import Verdict, verdict_of
from verifik_async.limiter.width import AdaptiveWidth

if TYPE_CHECKING:
    from collections.abc import Callable

    from verifik_async.limiter.limits import Limits

Reason = Literal["pause", "rate", "bytes", "slot"]

_CUT_THROTTLED, _CUT_LOST = 0.9, 0.7
_LEAST_WORK = 0.02
"""Seconds. Nobody compares faces in less: such an answer was made at the door."""

_AS_LONG_AS = 0.5
"""A verdict on a face in less than this share of what a person takes is no work."""

_SMOOTHING = 0.1
_WORTH_TELLING = 1.0
"""Seconds by which a pause has to grow to be told of again."""

AT_ONCE = 1e-6
"""Seconds which are no wait: sums of floats end a little beside their aim."""


@attrs.frozen
class Held:
    """Why the next may not go yet.

    Attributes:
        by: What holds it.
        seconds: For how long; infinite where that depends on others.
    """

    by: Reason
    seconds: float


class Control:
    """Decides by the limits in force, and by what the server answered so far.

    Attributes:
        gate: The pause.
        meter: What was answered lately.
        epoch: How many cuts there were: what was sent before the last one cuts no more.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        now: float,
        tell: Callable[[Event], None],
        jitter: Callable[[], float],
    ) -> None:
        self.gate = Gate()
        self.epoch = 0
        self._tell = tell
        self._jitter = jitter
        self._requests, self._bytes = Pacer(), Pacer()
        self.meter = Meter(now)
        self._learned = LearnedRate()
        self._adaptive: AdaptiveWidth | None = None
        self._worked = 0.0
        self._grew = self._paced = -math.inf
        self.adopt(limits)

    def adopt(self, limits: Limits) -> None:
        """Go by other limits from now on; what was learned is kept."""
        self._limits = limits
        self._bytes.pace = limits.bytes_per_second
        if not limits.adaptive:
            self._adaptive = None
        elif self._adaptive is None:
            self._adaptive = AdaptiveWidth(limits.max_concurrency)
        else:
            self._adaptive.bound(limits.max_concurrency)
        self._set_pace()

    @property
    def width(self) -> int | None:
        """Requests that may be in flight; None for any number."""
        return self._adaptive.now if self._adaptive else self._limits.widest

    @property
    def rate(self) -> float | None:
        """Requests a second that may be sent; None for any number."""
        return self._requests.pace

    def _set_pace(self) -> None:
        known = self._learned.rate if self._limits.learns else None
        given = [pace for pace in (self._limits.rate, known) if pace is not None]
        self._requests.pace = min(given, default=None)
        paces = (self._requests.pace, self._bytes.pace, self.width)
        self._free = all(pace is None for pace in paces)

    def held(self, *, now: float, in_flight: int) -> Held | None:
        """What keeps the next one from being sent, the longest first."""
        if self._free and self.gate.at_rest:
            return None
        by: Reason = "pause"
        longest = self.gate.wait(now)
        pace = self._requests.wait(now)
        if pace > longest:
            by, longest = "rate", pace
        load = self._bytes.wait(now)
        if load > longest:
            by, longest = "bytes", load
        if longest > AT_ONCE:
            return Held(by, longest)
        width = self.width
        full = width is not None and in_flight >= width
        return Held("slot", math.inf) if full else None

    def delayed(self, held: Held, *, now: float) -> None:
        """Somebody has to wait for this, now."""
        if held.by == "rate":
            self._paced = now

    def started(self, *, now: float, size: int) -> int:
        """One goes; returns the epoch that it belongs to."""
        if self._free and self.gate.at_rest:
            return self.epoch
        if self.gate.passed(now):
            self._requests.hold(now)  # what the restart holds back is not made up for
        self._requests.take(now, 1)
        self._bytes.take(now, size)
        return self.epoch

    def withdrawn(self, *, size: int) -> None:
        """One that was let go did not."""
        self._requests.refund(1)
        self._bytes.refund(size)

    def ended(
        self,
        error: BaseException | None,
        *,
        now: float,
        seconds: float,
        epoch: int,
        in_flight: int,
    ) -> None:
        """One came back.

        Args:
            error: What it ended with; None for a person.
            now: The time.
            seconds: How long it took.
            epoch: What `started` gave.
            in_flight: How many there were, this one included.
        """
        if isinstance(error, RateLimitedError):
            self._throttled(error, now=now, fresh=epoch == self.epoch)
            return
        verdict = verdict_of(error)
        if verdict is Verdict.LOST:
            if epoch == self.epoch and self._adaptive:
                self._cut(_CUT_LOST, because=type(error).__name__)
        elif verdict is not Verdict.SILENT:
            self._answered(verdict, now=now, seconds=seconds, in_flight=in_flight)

    def _throttled(self, error: RateLimitedError, *, now: float, fresh: bool) -> None:
        """Pause everybody; and, the first time in an epoch, send less afterwards."""
        opened = now >= self.gate.opens
        longer = self.gate.close(
            now=now,
            asked=error.retry_after,
            status=error.status,
            jitter=self._jitter(),
        )
        opens, because = self.gate.opens, f"HTTP {error.status}"
        if opened or longer > _WORTH_TELLING:
            self._tell(Paused(seconds=opens - now, because=because))
        if fresh and self._limits.learns:
            answers, seconds = self.meter.counted(now)
            self._learned.throttled(
                answers=answers, seconds=seconds, after=self.meter.running(now)
            )
            self._set_pace()
        self.meter.restart(opens)
        if fresh:
            self._cut(_CUT_THROTTLED, because=because)

    def _cut(self, factor: float, *, because: str) -> None:
        """Begin an epoch, with fewer requests at once."""
        self.epoch += 1
        if self._adaptive:
            self._adaptive.cut(factor)
        if self._limits.learns:
            self._tell_changed(because)

    def _answered(
        self, verdict: Verdict, *, now: float, seconds: float, in_flight: int
    ) -> None:
        """The server took a request; if it worked on it, more may be borne."""
        if now >= self.gate.opens:
            self.gate.bore_fruit()
            self.meter.answered(now)
        if not self._is_work(verdict, seconds):
            return
        self._grow_rate(now)
        if self._adaptive and self._adaptive.worked(
            seconds=seconds, in_flight=in_flight
        ):
            self._tell_changed("latency")

    def _is_work(self, verdict: Verdict, seconds: float) -> bool:
        """Whether an answer says that the server bears its load: fast errors don't."""
        if verdict is Verdict.WORKED:
            before = self._worked or seconds
            self._worked = before + _SMOOTHING * (seconds - before)
            return True
        least = max(_LEAST_WORK, _AS_LONG_AS * self._worked)
        return verdict is Verdict.JUDGED and seconds >= least

    def _grow_rate(self, now: float) -> None:
        """Let the learned rate grow by the time in which it was the limit."""
        pace = self._requests.pace
        if pace is None:
            return
        longest = max(1.0, 2 / pace)
        since = max(self._grew, self.gate.opens)
        self._grew = now
        if now - self._paced <= longest:
            self._learned.grow(max(0.0, min(now - since, longest)))
            self.meter.window = self._learned.window
            self._set_pace()

    def _tell_changed(self, because: str) -> None:
        self._tell(
            LimitChanged(concurrency=self.width, rate=self.rate, because=because)
        )
