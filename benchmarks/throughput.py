"""Persons per second, CPU and memory, for every contender at every load."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs

from benchmarks.arena import alternate, sink
from benchmarks.contend import Job
from benchmarks.contenders import CONTENDERS
from benchmarks.loads import Load
from benchmarks.rows import SIZES, Row, row_of
from benchmarks.table import table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@attrs.frozen(kw_only=True)
class Plan:
    """What to measure.

    Attributes:
        sizes: Of photographs, names in `SIZES`.
        widths: Persons in flight.
        sources: Photographs from disk: True; from memory: False.
        contenders: Names in `CONTENDERS`.
        delay: Seconds that the server takes to answer.
        rounds: How often, alternating.
        seconds: How long each run posts.
    """

    sizes: Sequence[str] = tuple(SIZES)
    widths: Sequence[int] = (1, 32, 128)
    sources: Sequence[bool] = (True, False)
    contenders: Sequence[str] = tuple(name for name in CONTENDERS if name != "idle")
    delay: float = 0.0
    rounds: int = 5
    seconds: float = 0.4


def run(plan: Plan, *, folder: str, say: Callable[[str], None]) -> list[Row]:
    """Measure all cells of the plan, and say how far it has come.

    Contenders whose library is not installed are left out.
    """
    rows: list[Row] = []
    for size in plan.sizes:
        for width in plan.widths:
            say(f"2 x {size}, {width} wide")
            with sink(plan.delay) as running:
                load = Load(
                    image_bytes=SIZES[size],
                    width=width,
                    port=running.port,
                    folder=folder,
                )
                load.draw()
                jobs = [
                    Job(
                        contender=name,
                        load=each,
                        sink=running.process,
                        seconds=plan.seconds,
                    )
                    for name, each in _loads(plan, load)
                ]
                runs = alternate(jobs, rounds=plan.rounds)
            rows += map(Row.of, jobs, runs)
    return rows


def _loads(plan: Plan, load: Load) -> Iterator[tuple[str, Load]]:
    for name in plan.contenders:
        if not CONTENDERS[name].installed:
            continue
        sources = plan.sources if CONTENDERS[name].reads_images else plan.sources[:1]
        for from_disk in sources:
            yield name, attrs.evolve(load, from_disk=from_disk)


def show(rows: Sequence[Row]) -> str:
    """All rows; the spread is what lies between the slowest and the fastest round."""
    return table(
        [
            "images",
            "wide",
            "contender",
            "from",
            "persons/s",
            "spread",
            "x (a)",
            "CPU ms",
            "CPU x (a)",
            "peak MB",
            "sink busy",
        ],
        [_cells(row, rows) for row in rows],
    )


def _cells(row: Row, rows: Sequence[Row]) -> list[str]:
    (size,) = [name for name, size in SIZES.items() if size == row.image_bytes]
    limit = row_of(rows, "prepared", size=size, width=row.width)
    cpu = statistics.median(row.cpu_each)
    return [
        f"2 x {size}",
        f"{row.width}",
        CONTENDERS[row.contender].label,
        row.source,
        f"{statistics.median(row.rates):.0f}",
        f"{min(row.rates):.0f} to {max(row.rates):.0f}",
        "-" if limit is None else f"{row.times(limit):.2f}",
        f"{cpu * 1e3:.3f}",
        "-" if limit is None else f"{cpu / statistics.median(limit.cpu_each):.2f}",
        f"{statistics.median(row.peaks) / 1e6:.0f}",
        f"{statistics.median(row.sink_busy):.0%}",
    ]
