"""Measured rows: every round is kept, and compared round by round."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

import attrs

from benchmarks.contenders import CONTENDERS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.contend import Job, Measurement

SIZES = {"2 kB": 2_000, "200 kB": 200_000, "1.5 MB": 1_500_000}


@attrs.frozen(kw_only=True)
class Row:
    """One contender at one load, in all rounds.

    Attributes:
        contender: One of `CONTENDERS`.
        image_bytes: Size of each photograph.
        width: Persons in flight.
        from_disk: Where photographs come from; meaningless for prepared bodies.
        rates: Persons per second.
        cpu_each: CPU seconds per person.
        peaks: Bytes of memory at the most, over what imports take.
        sink_busy: Which part of the time the sink was at work.
    """

    contender: str
    image_bytes: int
    width: int
    from_disk: bool
    rates: list[float]
    cpu_each: list[float]
    peaks: list[int]
    sink_busy: list[float]

    @classmethod
    def of(cls, job: Job, found: Iterable[Measurement]) -> Row:
        """The rounds of a job."""
        rounds = list(found)
        return cls(
            contender=job.contender,
            image_bytes=job.load.image_bytes,
            width=job.load.width,
            from_disk=job.load.from_disk,
            rates=[each.rate for each in rounds],
            cpu_each=[each.cpu_each for each in rounds],
            peaks=[each.peak for each in rounds],
            sink_busy=[each.sink_busy for each in rounds],
        )

    @property
    def source(self) -> str:
        """Where photographs come from, for tables."""
        if not CONTENDERS[self.contender].reads_images:
            return "-"
        return "disk" if self.from_disk else "memory"

    def times(self, peer: Row) -> float:
        """How many times as fast as the peer: the median over the rounds."""
        return ratio(self.rates, peer.rates)


def ratio(ours: Iterable[float], theirs: Iterable[float]) -> float:
    """The median over the rounds of what is ours for one of theirs."""
    return statistics.median(
        one / other for one, other in zip(ours, theirs, strict=True)
    )


def row_of(
    rows: Iterable[Row],
    contender: str,
    *,
    size: str = "2 kB",
    width: int = 32,
    from_disk: bool = True,
) -> Row | None:
    """The row of a contender at a load, if it was measured."""
    reads = CONTENDERS[contender].reads_images
    for row in rows:
        if (row.contender, row.image_bytes, row.width) == (
            contender,
            SIZES[size],
            width,
        ) and (not reads or row.from_disk is from_disk):
            return row
    return None
