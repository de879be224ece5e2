"""Time and memory as persons, size of photographs and concurrency grow."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs

from benchmarks.arena import Sink, alternate, sink
from benchmarks.contend import Job
from benchmarks.loads import Load

if TYPE_CHECKING:
    from collections.abc import Callable

CONTENDERS = ("batch", "prepared", "json")


@attrs.frozen(kw_only=True)
class Plan:
    """How far to go along each axis."""

    persons: Sequence[int] = (100, 1_000, 10_000, 30_000)
    sizes: Sequence[int] = (2_000, 20_000, 200_000, 500_000, 1_500_000, 4_000_000)
    widths: Sequence[int] = (1, 4, 16, 64, 256)
    rounds: int = 3


@attrs.frozen(kw_only=True)
class Point:
    """One contender at one place of an axis: medians over the rounds.

    Attributes:
        contender: One of `CONTENDERS`.
        at: Where on the axis.
        seconds: In all, where persons grow, else for each person.
        peak: Bytes of memory at the most, over what imports take.
    """

    contender: str
    at: int
    seconds: float
    peak: float


@attrs.frozen
class Axis:
    """What grows, and what time means there."""

    grows: str
    time: str
    points: list[Point]


def run(plan: Plan, *, folder: str, say: Callable[[str], None]) -> list[Axis]:
    """Vary one thing at a time."""
    rounds = plan.rounds
    with sink() as running:
        arena = _Arena(running, folder)
        say("scaling: persons")
        by_persons = [
            point
            for persons in plan.persons
            for point in arena.points(
                persons, image_bytes=2_000, persons=persons, rounds=1
            )
        ]
        say("scaling: size of photographs")
        by_size = [
            point
            for size in plan.sizes
            for point in arena.points(size, image_bytes=size, rounds=rounds)
        ]
        say("scaling: concurrency")
        by_width = [
            point
            for width in plan.widths
            for point in arena.points(width, width=width, rounds=rounds)
        ]
    each = "for each person"
    return [
        Axis("persons, 2 x 2 kB, 32 wide", "in all", by_persons),
        Axis("bytes per photograph, 32 wide", each, by_size),
        Axis("persons in flight, 2 x 200 kB", each, by_width),
    ]


@attrs.frozen
class _Arena:
    sink: Sink
    folder: str

    def points(
        self,
        at: int,
        *,
        rounds: int,
        image_bytes: int = 200_000,
        width: int = 32,
        persons: int = 0,
    ) -> list[Point]:
        """All contenders at one place; so many persons, or as many as can be."""
        load = Load(
            image_bytes=image_bytes,
            width=width,
            port=self.sink.port,
            folder=self.folder,
        )
        load.draw()
        jobs = [
            Job(contender=name, load=load, sink=self.sink.process, persons=persons)
            for name in CONTENDERS
        ]
        runs = alternate(jobs, rounds=rounds)
        return [
            Point(
                contender=job.contender,
                at=at,
                seconds=statistics.median(
                    run.seconds / (1 if persons else run.persons) for run in found
                ),
                peak=statistics.median(run.peak for run in found),
            )
            for job, found in zip(jobs, runs, strict=True)
        ]
