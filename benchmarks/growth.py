"""Whether memory grows with the number of persons."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

import attrs

from benchmarks.arena import measure, sink
from benchmarks.contend import Job
from benchmarks.contenders import CONTENDERS
from benchmarks.loads import Load
from benchmarks.table import table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

IMAGE_BYTES, WIDTH = 2_000, 32
PER = 10_000
_CONTENDERS = ("batch", "journal")
_WEIGHINGS = 100


@attrs.frozen(kw_only=True)
class Growth:
    """Memory of one contender while many persons go by.

    Attributes:
        contender: One of `CONTENDERS`.
        every: Persons between two weighings.
        weights: Bytes held, over what imports take.
    """

    contender: str
    every: int
    weights: list[int]

    @property
    def per_ten_thousand(self) -> float:
        """Bytes gained with each 10,000 persons: the slope of the best line."""
        line = statistics.linear_regression(range(len(self.weights)), self.weights)
        return line.slope * PER / self.every


def run(*, persons: int, folder: str, say: Callable[[str], None]) -> list[Growth]:
    """Weigh each contender a hundred times."""
    every = persons // _WEIGHINGS
    found: list[Growth] = []
    with sink() as running:
        load = Load(
            image_bytes=IMAGE_BYTES, width=WIDTH, port=running.port, folder=folder
        )
        load.draw()
        for name in _CONTENDERS:
            say(f"{persons:,} persons, {CONTENDERS[name].label}")
            job = Job(
                contender=name,
                load=load,
                sink=running.process,
                persons=persons,
                weigh_every=every,
            )
            weights = measure(job).weights
            found.append(Growth(contender=name, every=every, weights=weights))
    return found


def show(rows: Sequence[Growth]) -> str:
    """What is gained, and what is held at the end."""
    return table(
        ["contender", "persons", "MB per 10,000 persons", "MB held at the end"],
        [
            [
                CONTENDERS[row.contender].label,
                f"{row.every * (len(row.weights) + 1):,}",
                f"{row.per_ten_thousand / 1e6:.2f}",
                f"{row.weights[-1] / 1e6:.1f}",
            ]
            for row in rows
        ],
    )
