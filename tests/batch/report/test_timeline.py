"""How fast it went, and where bars and lines of the charts go."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from journal_runs import items, run
from report_runs import edit, mixed_run

from verifik_async.batch.journal import JournalView
from verifik_async.batch.report.charts import (
    HEIGHT,
    WIDTH,
    pace_chart,
    scores_chart,
    waits_chart,
)
from verifik_async.batch.report.liveness import BINS, Liveness
from verifik_async.batch.report.timeline import Span, Timeline, quantile, timeline_of

DAY = 86_400


def read(journal: Path) -> Timeline:
    """How fast it went."""
    with JournalView.open(journal) as view:
        return timeline_of(view)


async def test_nights_are_left_out(journal: Path) -> None:
    """A break parts stretches; a lull is told as spans without anybody."""
    await run(journal, items(range(6)))
    for row, at in enumerate((0, 2, 10 * DAY, 10 * DAY + 1, 20 * DAY, 20 * DAY)):
        edit(
            journal, "UPDATE item SET at = ?, run = ? WHERE row = ?", at, at // DAY, row
        )
    timeline = read(journal)
    assert timeline.width == 1
    assert [[span.persons for span in part] for part in timeline.stretches] == [
        [1, 0, 1],
        [1, 1],
        [2],
    ]


async def test_spans_grow_with_the_time_worked(journal: Path) -> None:
    """So that there are about as many, whether it took minutes or weeks."""
    await run(journal, items(range(3)))
    for days, span in ((1 / DAY, "1 second"), (1, "30 minutes"), (50, "1 day")):
        edit(journal, "UPDATE item SET at = 1e9 + row / 2.0 * ?", days * DAY)
        timeline = read(journal)
        assert timeline.span == span
        assert sum(len(part) for part in timeline.stretches) <= 61


async def test_spans_tell_who_was_enrolled_and_how_long_it_took(journal: Path) -> None:
    """Half of the persons, and 95 of 100, of those who were sent."""
    await mixed_run(journal)
    edit(journal, "UPDATE item SET at = 50, took = CASE row WHEN 4 THEN 9 ELSE 0.5 END")
    timeline = read(journal)
    ((span,),) = timeline.stretches
    assert (span.enrolled, span.others) == (4, 6)
    assert (span.half, span.most) == (timeline.half, timeline.most) == (0.5, 9)


async def test_many_short_runs_stay_readable(journal: Path) -> None:
    """Spans are widened until there are few enough."""
    await run(journal, items(range(1000)))
    edit(journal, "UPDATE item SET at = row * 1000, run = row")
    assert sum(len(part) for part in read(journal).stretches) <= 240


@pytest.mark.parametrize(
    ("counts", "share", "value"),
    [({}, 0.5, None), ({3.0: 1}, 0.95, 3), ({1.0: 95, 2.0: 5}, 0.95, 1)],
)
def test_quantiles_are_values_that_came(
    counts: dict[float, int], share: float, value: float | None
) -> None:
    """Nothing is made up between them."""
    assert quantile(counts, share) == value


def timeline(*stretches: tuple[Span, ...], width: int = 60) -> Timeline:
    """A timeline of these."""
    return Timeline(width=width, stretches=stretches, half=None, most=None)


def test_bars_stay_within_the_chart() -> None:
    """And their heights say how many there are."""
    chart = pace_chart(
        timeline(
            (Span(at=0, enrolled=30, others=90), Span(at=60)),
            (Span(at=900, others=60),),
        )
    )
    assert chart.title == "Persons per second"
    assert [label.text for label in chart.up] == ["0", "1", "2"]
    assert [rect.height for rect in chart.rects] == [25, 75, 50]
    for rect in chart.rects:
        assert 0 <= rect.x < rect.x + rect.width <= WIDTH
        assert 0 <= rect.y < rect.y + rect.height <= HEIGHT
    assert len(chart.marks) == 1
    assert chart.rects[1].x + chart.rects[1].width < chart.marks[0] < chart.rects[2].x


def test_labels_don_t_run_into_each_other() -> None:
    """Some are left out; the day stands where it changes."""
    stretches = [(Span(at=hour * 3600 * 5, enrolled=1),) for hour in range(40)]
    labels = pace_chart(timeline(*stretches)).across
    assert labels[0].at == 0
    assert all(b.at - a.at >= 0.2 for a, b in itertools.pairwise(labels))
    assert labels[-1].at <= 0.9
    assert all("-" in label.text for label in labels)


def test_lines_are_broken_where_nobody_was_sent() -> None:
    """They are steps, so that a span alone is seen too."""
    spans = (
        Span(at=0, half=1, most=2),
        Span(at=60),
        Span(at=120, half=2, most=4),
        Span(at=180, half=1, most=4),
    )
    chart = waits_chart(timeline(spans))
    assert dict(chart.paths)["half"] == "M0.0 75.0H250.0M500.0 50.0H750.0V75.0H1000.0"
    assert [label.text for label in chart.up] == ["0 s", "2 s", "4 s"]


def test_empty_charts_can_be_drawn() -> None:
    """Nothing is divided by nothing."""
    assert pace_chart(timeline()).rects == ()
    assert waits_chart(timeline()).across == ()
    none = Liveness(bins=(0,) * BINS, thresholds=(), without=0, near=0)
    assert scores_chart(none).rows == ()


def test_scores_stand_where_the_threshold_can_be_compared() -> None:
    """Both along the same width, from 0 to 1."""
    bins = (0,) * 12 + (3,) + (0,) * 7
    chart = scores_chart(
        Liveness(bins=bins, thresholds=((0.65, 3),), without=0, near=1)
    )
    (bar,) = chart.rects
    assert bar.x + bar.width <= chart.marks[0] == 650
    assert chart.rows == (("0.60\N{EN DASH}0.65", "3"),)
