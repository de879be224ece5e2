"""For how long the event loop is not free, with 500 kB photographs, 64 wide."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from benchmarks.arena import alternate, sink
from benchmarks.contend import Job
from benchmarks.contenders import CONTENDERS
from benchmarks.loads import Load
from benchmarks.table import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.contend import Measurement

IMAGE_BYTES, WIDTH = 500_000, 64
_CONTENDERS = ("enroll", "batch", "prepared", "json", "idle")


@attrs.frozen(kw_only=True)
class Stalls:
    """How late the loop's turns came, in seconds, over all rounds.

    Attributes:
        contender: One of `CONTENDERS`.
        turns: How many were asked for, a millisecond ahead each.
        median: In the middle.
        percentile: The 99th percentile.
        longest: The latest of all.
    """

    contender: str
    turns: int
    median: float
    percentile: float
    longest: float


def run(*, rounds: int, seconds: float, folder: str) -> list[Stalls]:
    """Watch the loop while persons are posted from disk."""
    with sink() as running:
        load = Load(
            image_bytes=IMAGE_BYTES, width=WIDTH, port=running.port, folder=folder
        )
        load.draw()
        jobs = [
            Job(
                contender=name,
                load=load,
                sink=running.process,
                seconds=seconds,
                watch_loop=True,
            )
            for name in _CONTENDERS
        ]
        runs = alternate(jobs, rounds=rounds)
    return [_stalls(job, found) for job, found in zip(jobs, runs, strict=True)]


def _stalls(job: Job, found: Sequence[Measurement]) -> Stalls:
    stalls = sorted(stall for each in found for stall in each.stalls)
    return Stalls(
        contender=job.contender,
        turns=len(stalls),
        median=stalls[len(stalls) // 2],
        percentile=stalls[len(stalls) * 99 // 100],
        longest=stalls[-1],
    )


def show(rows: Sequence[Stalls]) -> str:
    """In milliseconds."""
    return table(
        ["contender", "turns", "median ms late", "99th percentile", "longest"],
        [
            [
                CONTENDERS[row.contender].label,
                f"{row.turns}",
                *(
                    f"{late * 1e3:.1f}"
                    for late in (row.median, row.percentile, row.longest)
                ),
            ]
            for row in rows
        ],
    )
