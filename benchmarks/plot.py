"""The scaling as a picture: time above, memory below."""

# pyright: reportUnknownMemberType=false
# matplotlib is typed but for its keyword arguments.

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator, NullLocator

from benchmarks import scaling
from benchmarks.contenders import CONTENDERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

_STYLE = Path(__file__).with_name("plot.mplstyle")


def draw(axes: Sequence[scaling.Axis], path: Path) -> None:
    """Write an SVG with a transparent background."""
    with mpl.rc_context(fname=_STYLE):
        figure = Figure(figsize=(10, 5.2), layout="constrained")
        places = figure.subplots(2, len(axes), sharex="col", squeeze=False)
        for axis, above, below in zip(axes, *places, strict=True):
            _lines(above, axis, [point.seconds for point in axis.points])
            above.set_ylabel(axis.time)
            above.yaxis.set_major_formatter(EngFormatter("s"))
            _lines(below, axis, [point.peak for point in axis.points])
            below.set(xlabel=axis.grows, ylabel="peak memory over imports")
            below.xaxis.set_major_formatter(EngFormatter())
            below.yaxis.set_major_formatter(EngFormatter("B"))
        handles, labels = places[0][0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))
        figure.savefig(path, metadata={"Date": None})


def _lines(place: Axes, axis: scaling.Axis, values: Sequence[float]) -> None:
    for name in scaling.CONTENDERS:
        found = [
            (point.at, value)
            for point, value in zip(axis.points, values, strict=True)
            if point.contender == name
        ]
        place.loglog(*zip(*found, strict=True), label=CONTENDERS[name].label)
    place.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    place.yaxis.set_minor_locator(NullLocator())
