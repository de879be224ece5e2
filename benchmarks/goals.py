"""What we hold ourselves to, beside what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from benchmarks.contenders import CONTENDERS
from benchmarks.growth import PER
from benchmarks.rows import ratio, row_of
from benchmarks.starts import OURS, THEIRS
from benchmarks.table import table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.report import Report
    from benchmarks.rows import Row

_FASTER = (
    ("200 kB", "prepared", 0.95),
    ("200 kB", "json", 4.0),
    ("200 kB", "httpx", 6.0),
    ("200 kB", "requests", 5.0),
    ("1.5 MB", "prepared", 0.95),
    ("1.5 MB", "json", 4.0),
    ("1.5 MB", "httpx", 6.0),
    ("1.5 MB", "requests", 5.0),
    ("2 kB", "prepared", 0.80),
    ("2 kB", "json", 1.0),
)
"""How many times as fast as which peer, 32 wide and from disk."""
_JOURNALED = 0.92
_PEAK = 1 / 8
_GROWTH = 2.0
_STALL = 10.0
_IMPORT = 0.6


@attrs.frozen(kw_only=True)
class Goal:
    """One promise.

    Attributes:
        what: What is looked at.
        needed: What would be good enough, in words.
        limit: The least, or with `at_most` the most, that is.
        found: What was measured; None if it was not.
        beside: What else to know.
    """

    what: str
    needed: str
    limit: float
    at_most: bool = False
    found: float | None = None
    beside: str = ""

    @property
    def met(self) -> bool:
        """Whether it was measured and good enough."""
        if self.found is None:
            return False
        return self.found <= self.limit if self.at_most else self.found >= self.limit

    def cells(self) -> list[str]:
        """A row of the table, in which misses stand out."""
        if self.found is None:
            return [self.what, self.needed, "not measured", "-"]
        verdict = "met" if self.met else "**not met**"
        return [self.what, self.needed, f"{self.found:.2f}{self.beside}", verdict]


def goals(report: Report) -> list[Goal]:
    """All of them, measured or not."""
    return [
        *_throughput(report),
        _journal(report),
        _peak(report),
        *_growth(report),
        *_stalls(report),
        _import(report),
    ]


def show(found: Sequence[Goal]) -> str:
    """Every goal with what was measured."""
    head = ["goal", "needed", "measured", "met?"]
    return table(head, [goal.cells() for goal in found])


def _throughput(report: Report) -> Iterator[Goal]:
    for size, peer, least in _FASTER:
        ours = row_of(report.throughput, "enroll", size=size)
        theirs = row_of(report.throughput, peer, size=size)
        yield Goal(
            what=f"persons/s, 2 x {size}, 32 wide, from disk",
            needed=f"at least {least:g} x {CONTENDERS[peer].label}",
            limit=least,
            found=ours.times(theirs) if ours and theirs else None,
            beside=_cpu(ours, theirs),
        )


def _cpu(ours: Row | None, theirs: Row | None) -> str:
    """CPU per person, which other work on the machine disturbs less."""
    if ours is None or theirs is None:
        return ""
    return f" (with {ratio(ours.cpu_each, theirs.cpu_each):.2f} x the CPU)"


def _journal(report: Report) -> Goal:
    ours = row_of(report.journal, "journal", width=64)
    pool = row_of(report.journal, "json", width=64)
    limit = row_of(report.journal, "prepared", width=64)
    beside = f"; {ours.times(limit):.2f} x (a)" if ours and limit else ""
    return Goal(
        what="batch with journal, 2 x 2 kB, 64 wide, server takes 20 ms",
        needed=f"at least {_JOURNALED:g} x a plain pool of (b)",
        limit=_JOURNALED,
        found=ours.times(pool) if ours and pool else None,
        beside=beside,
    )


def _peak(report: Report) -> Goal:
    ours = row_of(report.throughput, "enroll", size="1.5 MB")
    theirs = row_of(report.throughput, "json", size="1.5 MB")
    return Goal(
        what="peak memory over imports, 2 x 1.5 MB, 32 wide, from disk",
        needed=f"at most {_PEAK:g} x (b)",
        limit=_PEAK,
        at_most=True,
        found=ratio(ours.peaks, theirs.peaks) if ours and theirs else None,
    )


def _growth(report: Report) -> Iterator[Goal]:
    for name in ("batch", "journal"):
        rows = [row for row in report.growth if row.contender == name]
        yield Goal(
            what=f"memory gained per {PER:,} persons, {CONTENDERS[name].label}",
            needed=f"at most {_GROWTH:g} MB",
            limit=_GROWTH,
            at_most=True,
            found=rows[0].per_ten_thousand / 1e6 if rows else None,
        )


def _stalls(report: Report) -> Iterator[Goal]:
    milliseconds = {row.contender: row.percentile * 1e3 for row in report.stalls}
    beside = ""
    if milliseconds:
        beside = "; (b) {json:.1f}; an idle loop {idle:.1f}".format(**milliseconds)
    for name in ("enroll", "batch"):
        yield Goal(
            what=f"loop stalls, 99th percentile, {CONTENDERS[name].label}, "
            "2 x 500 kB, 64 wide",
            needed=f"at most {_STALL:g} ms",
            limit=_STALL,
            at_most=True,
            found=milliseconds.get(name),
            beside=beside,
        )


def _import(report: Report) -> Goal:
    seconds = {start.what: start.seconds for start in report.starts}
    return Goal(
        what=f"`{OURS}`",
        needed=f"at most {_IMPORT:g} x `{THEIRS}`",
        limit=_IMPORT,
        at_most=True,
        found=ratio(seconds[OURS], seconds[THEIRS]) if seconds else None,
    )
