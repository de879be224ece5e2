"""Where bars, lines and labels of the charts go; the template draws them.

Charts are a thousand units wide and a hundred high, and are stretched to the place
that there is; so texts are no part of them, but stand beside, at shares of the width.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import attrs

from verifik_async.batch.amounts import persons, wait
from verifik_async.batch.report import moments
from verifik_async.batch.report.liveness import BINS, Liveness
from verifik_async.batch.report.timeline import Span, Timeline

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WIDTH = 1000
HEIGHT = 100

_BREAK = 1.5
"""Width of a break between stretches, in spans."""
_GAP = 0.12
"""Share of a bar's place that is left free."""
_BETWEEN_LABELS = 0.2
_MINUTE = 60
_UNITS = ((1, "second"), (60, "minute"), (3600, "hour"), (86400, "day"))


@attrs.frozen
class Rect:
    """Part of a bar: `kind` says of what, `title` is shown beside the pointer."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    title: str


@attrs.frozen
class Label:
    """A text at a share of the width or height, from 0 to 1."""

    at: float
    text: str


@attrs.frozen(kw_only=True)
class Chart:
    """What is to be drawn.

    Attributes:
        title: What it shows.
        rects: Bars.
        paths: Lines, by kind.
        marks: Dashed upright lines: where there is a break, or a threshold.
        across: Labels below.
        up: Labels beside, from the bottom.
        columns: Titles of the numbers behind it.
        rows: The numbers.
    """

    title: str
    rects: tuple[Rect, ...] = ()
    paths: tuple[tuple[str, str], ...] = ()
    marks: tuple[float, ...] = ()
    across: tuple[Label, ...]
    up: tuple[Label, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@attrs.frozen
class _Placed:
    """A span, and where it stands."""

    span: Span
    x: float
    width: float
    begins: bool


def pace_chart(timeline: Timeline) -> Chart:
    """Persons over time, by what became of them."""
    placed = list(_placed(timeline))
    peak = max((one.span.persons for one in placed), default=0)
    seconds, unit = _unit(peak / timeline.width)
    factor = seconds / timeline.width
    top = _round_up(peak * factor)
    rects: list[Rect] = []
    for one in placed:
        base = float(HEIGHT)
        told = (
            f"{moments.moment(one.span.at)}: {one.span.enrolled:,} enrolled, "
            f"{one.span.others:,} not"
        )
        for kind, count in (("good", one.span.enrolled), ("bad", one.span.others)):
            height = HEIGHT * count * factor / top
            if count:
                base -= height
                rects.append(_bar(one.x, one.width, base, height, kind, told))
    return Chart(
        title=f"Persons per {unit}",
        rects=tuple(rects),
        marks=_breaks(placed),
        across=_times(placed, timeline.width),
        up=_scale(top),
        columns=("From", "Enrolled", "Not enrolled"),
        rows=tuple(
            (moments.moment(one.at), f"{one.enrolled:,}", f"{one.others:,}")
            for one in itertools.chain.from_iterable(timeline.stretches)
        ),
    )


def waits_chart(timeline: Timeline) -> Chart:
    """Seconds a person over time."""
    placed = list(_placed(timeline))
    longest = max((one.span.most or 0.0 for one in placed), default=0.0)
    top = _round_up(longest)
    return Chart(
        title="Time per person, with waits and retries",
        paths=(
            ("most", _steps(placed, "most", top)),
            ("half", _steps(placed, "half", top)),
        ),
        marks=_breaks(placed),
        across=_times(placed, timeline.width),
        up=_scale(top, unit=" s"),
        columns=("From", "Half within", "95 % within"),
        rows=tuple(
            (moments.moment(one.at), _took(one.half), _took(one.most))
            for one in itertools.chain.from_iterable(timeline.stretches)
        ),
    )


def scores_chart(liveness: Liveness) -> Chart:
    """Liveness scores of those who did not pass, with what was asked for."""
    top = _round_up(max(liveness.bins))
    width = WIDTH / BINS
    rects = [
        _bar(
            place * width,
            width,
            HEIGHT - HEIGHT * count / top,
            HEIGHT * count / top,
            "bad",
            f"{_bin(place)}: {persons(count)}",
        )
        for place, count in enumerate(liveness.bins)
        if count
    ]
    return Chart(
        title="Liveness scores of those who did not pass",
        rects=tuple(rects),
        marks=tuple(needed * WIDTH for needed, _ in liveness.thresholds[:3]),
        across=tuple(Label(at / 4, f"{at / 4:g}") for at in range(5)),
        up=_scale(top),
        columns=("Score", "Persons"),
        rows=tuple(
            (_bin(place), f"{count:,}")
            for place, count in enumerate(liveness.bins)
            if count
        ),
    )


def _bin(place: int) -> str:
    return f"{place / BINS:.2f}\N{EN DASH}{(place + 1) / BINS:.2f}"


def _took(seconds: float | None) -> str:
    return "" if seconds is None else wait(seconds)


def _bar(  # noqa: PLR0913, PLR0917 - a rectangle has four sides
    x: float, width: float, y: float, height: float, kind: str, title: str
) -> Rect:
    free = width * _GAP
    return Rect(
        round(x + free / 2, 2),
        round(y, 2),
        round(width - free, 2),
        round(height, 2),
        kind,
        title,
    )


def _placed(timeline: Timeline) -> Iterator[_Placed]:
    spans = sum(map(len, timeline.stretches))
    breaks = max(0, len(timeline.stretches) - 1)
    width = WIDTH / max(1.0, spans + breaks * _BREAK)
    x = 0.0
    for stretch in timeline.stretches:
        for place, span in enumerate(stretch):
            yield _Placed(span, x, width, begins=not place)
            x += width
        x += width * _BREAK


def _breaks(placed: Sequence[_Placed]) -> tuple[float, ...]:
    """In the middle of what is between two stretches."""
    return tuple(
        round(one.x - one.width * _BREAK / 2, 2) for one in placed[1:] if one.begins
    )


def _times(placed: Sequence[_Placed], width: int) -> tuple[Label, ...]:
    """When stretches begin, as far as there is room; the day only where it changes."""
    labels: list[Label] = []
    days: list[str] = []
    with_seconds = width < _MINUTE
    for one in placed:
        at = one.x / WIDTH
        if not one.begins or (labels and at - labels[-1].at < _BETWEEN_LABELS):
            continue
        if at > 1 - _BETWEEN_LABELS / 2:
            break
        time = moments.clock(one.span.at, seconds=with_seconds)
        days.append(moments.day(one.span.at))
        is_new = len(days) == 1 or days[-1] != days[-2]
        labels.append(Label(round(at, 4), f"{days[-1]} {time}" if is_new else time))
    return tuple(labels)


def _steps(placed: Sequence[_Placed], value: str, top: float) -> str:
    """A line of steps, broken where nobody was sent."""
    commands: list[str] = []
    joined = False
    for one in placed:
        seconds: float | None = getattr(one.span, value)
        if seconds is None:
            joined = False
            continue
        y = round(HEIGHT - HEIGHT * seconds / top, 2)
        start = f"V{y}" if joined and not one.begins else f"M{round(one.x, 2)} {y}"
        commands.append(f"{start}H{round(one.x + one.width, 2)}")
        joined = True
    return "".join(commands)


def _unit(rate: float) -> tuple[int, str]:
    """The shortest unit of time in which there is somebody."""
    return next((pair for pair in _UNITS if rate * pair[0] >= 1), _UNITS[-1])


def _round_up(value: float) -> float:
    """The next round number, for the top of a scale; never 0."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 4, 6, 8, 10) if step * power >= value)


def _scale(top: float, unit: str = "") -> tuple[Label, ...]:
    return tuple(Label(share, f"{top * share:,g}{unit}") for share in (0, 0.5, 1))
