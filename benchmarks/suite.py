"""What belongs to a run, and how much of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

import attrs

from benchmarks import (
    codec,
    growth,
    scaling,
    stalls,
    starts,
    throughput,
)
from benchmarks.throughput import Plan

if TYPE_CHECKING:
    from benchmarks.report import Report
    from benchmarks.rows import Row


@attrs.frozen(kw_only=True)
class Scale:
    """How much to measure.

    Attributes:
        throughput: Plans, one after the other.
        journal: Batches that are written down, beside plain pools.
        rounds: How often contenders alternate while stalls are looked for.
        seconds: How long each run posts then.
        persons: How many go by while memory is weighed.
        starts: How often each import and command is started.
        codec: Seconds for each of its operations.
        scaling: How far to go along its axes.
    """

    throughput: Sequence[Plan]
    journal: Plan
    rounds: int
    seconds: float
    persons: int
    starts: int
    codec: float
    scaling: scaling.Plan


_JOURNAL = Plan(
    sizes=("2 kB",),
    widths=(64,),
    sources=(True,),
    contenders=("journal", "json", "batch", "prepared"),
    delay=0.02,
    rounds=7,
    seconds=1.5,
)

FULL = Scale(
    # At the width that has goals, more rounds.
    throughput=(
        Plan(widths=(32,), rounds=7),
        Plan(widths=(1, 128), rounds=3),
    ),
    journal=_JOURNAL,
    rounds=5,
    seconds=1.5,
    persons=100_000,
    starts=11,
    codec=1.0,
    scaling=scaling.Plan(),
)
QUICK = Scale(
    throughput=(Plan(widths=(32,), sources=(True,), rounds=3),),
    journal=attrs.evolve(_JOURNAL, rounds=3, seconds=0.5),
    rounds=3,
    seconds=0.5,
    persons=5_000,
    starts=3,
    codec=0.2,
    scaling=scaling.Plan(
        persons=(100, 1_000), sizes=(2_000, 200_000), widths=(1, 32), rounds=1
    ),
)
TINY = Scale(
    throughput=(
        Plan(
            sizes=("2 kB",),
            widths=(2,),
            sources=(True,),
            contenders=("enroll", "prepared", "socket"),
            rounds=1,
            seconds=0.02,
        ),
    ),
    journal=attrs.evolve(_JOURNAL, rounds=1, seconds=0.02),
    rounds=1,
    seconds=0.02,
    persons=100,
    starts=1,
    codec=0.01,
    scaling=scaling.Plan(persons=(10,), sizes=(), widths=(), rounds=1),
)
"""Only that it still works; the tests run it."""


@attrs.frozen(kw_only=True)
class Suite:
    """Fills a report, section by section."""

    scale: Scale
    folder: str
    say: Callable[[str], None]

    def run(self, section: str, report: Report) -> None:
        """Measure one section."""
        self.say(section)
        SECTIONS[section](self, report)

    def throughput(self, report: Report) -> None:
        """Every contender at every load."""
        for plan in self.scale.throughput:
            report.throughput += self._run(plan)

    def journal(self, report: Report) -> None:
        """Batches that are written down."""
        report.journal = self._run(self.scale.journal)

    def _run(self, plan: Plan) -> list[Row]:
        return throughput.run(plan, folder=self.folder, say=self.say)

    def stalls(self, report: Report) -> None:
        """How long the loop is not free."""
        report.stalls = stalls.run(
            rounds=self.scale.rounds, seconds=self.scale.seconds, folder=self.folder
        )

    def growth(self, report: Report) -> None:
        """Memory while persons go by."""
        report.growth = growth.run(
            persons=self.scale.persons, folder=self.folder, say=self.say
        )

    def starts(self, report: Report) -> None:
        """Imports and commands."""
        report.starts = starts.run(rounds=self.scale.starts)

    def codec(self, report: Report) -> None:
        """Operations by themselves."""
        if find_spec("pytest_benchmark") is None:
            self.say("codec: left out, pytest-benchmark is not installed")
            return
        report.codec = codec.run(seconds=self.scale.codec, folder=self.folder)

    def scaling(self, report: Report) -> None:
        """Persons, sizes and concurrency."""
        report.scaling = scaling.run(
            self.scale.scaling, folder=self.folder, say=self.say
        )


SECTIONS = {
    "throughput": Suite.throughput,
    "journal": Suite.journal,
    "stalls": Suite.stalls,
    "growth": Suite.growth,
    "starts": Suite.starts,
    "codec": Suite.codec,
    "scaling": Suite.scaling,
}
