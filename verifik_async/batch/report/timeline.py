"""How fast it went: persons and seconds a person over time, without the idle hours."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import attrs

from verifik_async.batch.journal.records import SUCCEEDED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from verifik_async.batch.journal.view import JournalView

_WANTED = 60
_MOST = 240
_LONGEST_LULL = 3
"""Spans without anybody that are still shown as such, and not as a break."""

_STEPS = (
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600),
    *(43200, 86400, 7 * 86400, 28 * 86400, 364 * 86400),
)


@attrs.define(kw_only=True)
class Span:
    """A stretch of time.

    Attributes:
        at: Where it begins, in seconds since 1970.
        enrolled: Persons enrolled in it.
        others: Persons whose turn ended otherwise.
        half: Seconds within which half of those sent had their verdict.
        most: Seconds within which 95 of 100 had.
    """

    at: float
    enrolled: int = 0
    others: int = 0
    half: float | None = None
    most: float | None = None

    @property
    def persons(self) -> int:
        """All whose turn ended."""
        return self.enrolled + self.others


@attrs.frozen(kw_only=True)
class Timeline:
    """Spans of equal width; where nothing happened for long, there are none.

    Attributes:
        width: Seconds of a span.
        stretches: Spans that follow each other without a break.
        half: Seconds within which half of all had their verdict.
        most: Seconds within which 95 of 100 had.
    """

    width: int
    stretches: tuple[tuple[Span, ...], ...]
    half: float | None
    most: float | None

    @property
    def span(self) -> str:
        """The width in words."""
        units = ((86400, "days"), (3600, "hours"), (60, "minutes"), (1, "seconds"))
        size, unit = next(one for one in units if self.width >= one[0])
        count = self.width // size
        return f"{count} {unit}" if count > 1 else f"1 {unit.removesuffix('s')}"


def timeline_of(view: JournalView) -> Timeline:
    """Read how fast it went; what is kept is bounded, however long it took."""
    width, spans = _fitting(view)
    together = _add_spreads(view, width, spans)
    return Timeline(
        width=width,
        stretches=_stretches(spans, width),
        half=quantile(together, 0.5),
        most=quantile(together, 0.95),
    )


def _fitting(view: JournalView) -> tuple[int, dict[float, Span]]:
    """The spans, of a width at which there are about as many as wanted."""
    worked = sum(one.last - one.first for one in view.activities())
    for width in _STEPS:
        if width * _WANTED >= worked:
            spans = _spans(view, width)
            if len(spans) <= _MOST:
                return width, spans
    return _STEPS[-1], _spans(view, _STEPS[-1])


def _spans(view: JournalView, width: int) -> dict[float, Span]:
    spans: dict[float, Span] = {}
    for pace in view.pace(seconds=width):
        span = spans.setdefault(pace.at, Span(at=pace.at))
        if pace.state in SUCCEEDED:
            span.enrolled += pace.count
        else:
            span.others += pace.count
    return spans


def _add_spreads(
    view: JournalView, width: int, spans: Mapping[float, Span]
) -> Counter[float]:
    by_span: dict[float, Counter[float]] = {}
    together: Counter[float] = Counter()
    for spread in view.spreads(seconds=width):
        by_span.setdefault(spread.at, Counter())[spread.took] += spread.count
        together[spread.took] += spread.count
    for at, counts in by_span.items():
        if at in spans:
            spans[at].half = quantile(counts, 0.5)
            spans[at].most = quantile(counts, 0.95)
    return together


def quantile(counts: Mapping[float, int], share: float) -> float | None:
    """The least value that this share of all does not exceed."""
    total = sum(counts.values())
    reached = 0
    for value in sorted(counts):
        reached += counts[value]
        if reached >= share * total:
            return value
    return None


def _stretches(spans: Mapping[float, Span], width: int) -> tuple[tuple[Span, ...], ...]:
    stretches: list[list[Span]] = []
    for at in sorted(spans):
        before = stretches[-1] if stretches else None
        missing = round((at - before[-1].at) / width) - 1 if before else 0
        if before is None or missing > _LONGEST_LULL:
            stretches.append([spans[at]])
        else:
            before += _empty(before[-1].at, width, missing)
            before.append(spans[at])
    return tuple(tuple(stretch) for stretch in stretches)


def _empty(after: float, width: int, count: int) -> Iterable[Span]:
    return [Span(at=after + width * step) for step in range(1, count + 1)]
