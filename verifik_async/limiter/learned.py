"""The rate that the server bears, learned from what it answered before a 429.

After a 429 the rate is cut to a little below what was answered just before, is back
there within some seconds, stays near, and then probes beyond, ever faster: the curve
of CUBIC (RFC 9438), with three changes. Its time scale is not constant: it grows with
the time between requests, since a small quota would be probed every few of them, and
with each 429 that confirms the last, since a steady one is probed for no gain. After
a while without a 429 the rate doubles: quotas come back in steps. And much sooner
where there had been more a while ago, or little is known yet.

The figures are those that did best in simulations of token buckets, of 1 to 1,000
requests a second, steady, halved for a time, and doubled.
"""

from __future__ import annotations

import math

import attrs

_SHORTEST, _LONGEST = 5.0, 120.0
_REQUESTS = 100
"""Seconds, at least and at most, until the rate is back; in between the time of so
many requests, which keeps 429s at about one in a hundred at any quota."""

_CONFIRMED = 2.0
"""Factor by which that time grows when a 429 comes at the rate of the last."""

_CUT, _CUT_AGAIN = 0.9, 0.7
"""What is left of the answered rate; the latter when the last cut was not enough."""

_BURST = 0.97
"""Part of the answered rate that is no burst which the server allowed once."""

_LASTING = 2.0
"""Seconds of sending after which a 429 is not the last one's sequel."""

_FEW = 20
"""Answers which tell little if they came within less, and are news."""

_ALIKE = 0.15
_FALLEN = 0.8
_FORGOTTEN = 20.0
"""The best rate known is forgotten in so many seconds, or in four time scales."""


@attrs.frozen(kw_only=True)
class Curve:
    """How the rate grows with the time for which it was the limit.

    Attributes:
        top: What was answered a second before the last 429.
        cut: Share of it to begin with.
        scale: Seconds until the rate is `top`.
        doubles_from: Seconds from which it also doubles, again and again.
        doubles_in: Seconds that each doubling takes.
    """

    top: float
    cut: float
    scale: float
    doubles_from: float
    doubles_in: float

    def rate(self, seconds: float) -> float:
        """Requests a second, after so many seconds."""
        share = seconds / self.scale - 1
        cubic = self.top * (1 + (1 - self.cut) * share * share * share)
        doubled = max(0.0, seconds - self.doubles_from) / self.doubles_in
        return cubic * math.pow(2, min(doubled, 99))


class LearnedRate:
    """Requests a second that seem to be borne; None before the first 429."""

    def __init__(self) -> None:
        self._curve: Curve | None = None
        self._grown = 0.0
        self._best = 0.0

    @property
    def rate(self) -> float | None:
        """What may be sent a second, now."""
        return self._curve.rate(self._grown) if self._curve else None

    @property
    def window(self) -> float:
        """Seconds over which answers should be counted: few while the rate runs."""
        curve = self._curve
        if curve is None or self._grown > curve.doubles_from:
            return 0.0
        return curve.scale / 4

    def grow(self, seconds: float) -> None:
        """So much time went well at this rate, and more was wanted."""
        self._grown += seconds

    def throttled(self, *, answers: int, seconds: float, after: float) -> None:
        """A 429 came.

        Args:
            answers: Requests that were answered just before.
            seconds: In how long.
            after: Seconds since sending began, or began again after a pause.
        """
        if not answers:
            return  # nothing is learned from a server that takes nothing at all
        now, lasting = self.rate, after > _LASTING
        top = _BURST * min(answers / seconds, math.inf if now is None else now)
        if lasting:
            self._remember(top, after)
        alike = self._is_alike(top)
        scale = self._scale(top, steady=alike and lasting)
        if answers < _FEW and not (lasting or alike):
            doubles_from, doubles_in = 0.0, max(0.1 * _SHORTEST, 5 / top)
        elif now is None or top < _FALLEN * self._best:
            doubles_from, doubles_in = 0.75 * scale, 0.5 * scale
        else:
            doubles_from, doubles_in = 2 * scale, 0.25 * scale
        self._curve = Curve(
            top=top,
            cut=_CUT if lasting or now is None else _CUT_AGAIN,
            scale=scale,
            doubles_from=doubles_from,
            doubles_in=doubles_in,
        )
        self._grown = 0.0

    def _remember(self, top: float, seconds: float) -> None:
        """The best rate known; a better one of old fades."""
        lasts = max(_FORGOTTEN, 4 * self._curve.scale if self._curve else 0.0)
        left = math.exp(-seconds / lasts)
        self._best = max(top, top + (self._best - top) * left)

    def _is_alike(self, top: float) -> bool:
        last = self._curve
        return last is not None and abs(top - last.top) <= _ALIKE * last.top

    def _scale(self, top: float, *, steady: bool) -> float:
        scale = max(_SHORTEST, _REQUESTS / top)
        if self._curve and steady and top >= _FALLEN * self._best:
            scale = max(scale, _CONFIRMED * self._curve.scale)
        return min(scale, _LONGEST)
