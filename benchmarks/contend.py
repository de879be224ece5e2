"""One contender in a process of its own: `python -m benchmarks.contend JOB`.

The process is fresh, so CPU seconds and peak of memory are those of the contender.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import cattrs

from benchmarks.contenders import CONTENDERS
from benchmarks.loads import Load, persons_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.contenders.pool import Open


@attrs.frozen(kw_only=True)
class Job:
    """What to measure.

    Attributes:
        contender: One of `CONTENDERS`.
        load: What to post.
        sink: The sink's process, to see how busy it was.
        seconds: How long to post, unless `persons` says how many.
        persons: How many persons to post; 0 is as many as can be.
        watch_loop: Whether to look for stalls of the event loop.
        weigh_every: Look at the memory after so many persons; 0 is never.
    """

    contender: str
    load: Load
    sink: int
    seconds: float = 0.5
    persons: int = 0
    watch_loop: bool = False
    weigh_every: int = 0


@attrs.frozen(kw_only=True)
class Measurement:
    """What was measured; memory is in bytes, over what imports take.

    Attributes:
        persons: How many were posted.
        seconds: In how long.
        cpu: CPU seconds of the contender, all threads and the system's work for it.
        sink_cpu: CPU seconds of the sink.
        peak: The most memory that the process held, warm-up included.
        weights: Memory held after each `weigh_every` persons.
        stalls: Seconds by which the event loop's turns came late.
    """

    persons: int
    seconds: float
    cpu: float
    sink_cpu: float
    peak: int
    weights: list[int] = attrs.field(factory=list[int])
    stalls: list[float] = attrs.field(factory=list[float])

    @property
    def rate(self) -> float:
        """Persons per second."""
        return self.persons / self.seconds

    @property
    def cpu_each(self) -> float:
        """CPU seconds for each person."""
        return self.cpu / self.persons

    @property
    def sink_busy(self) -> float:
        """Which part of the time the sink was at work."""
        return self.sink_cpu / self.seconds


def _memory(field: str) -> int:
    """`VmRSS` is what is held now, `VmHWM` the most that ever was."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(field)


def _memory_of_imports() -> int:
    """What is held now; peaks are looked for from here."""
    Path("/proc/self/clear_refs").write_text("5")  # resets VmHWM, see proc(5)
    return _memory("VmRSS")


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _cpu_of(process: int) -> float:
    # The clock that clock_getcpuclockid(3) gives, which Python does not offer: finer
    # than the hundredths of a second in /proc.
    return time.clock_gettime((~process << 3) | 2)


def _weighed(persons: Iterator[int], every: int, weights: list[int]) -> Iterator[int]:
    for number in persons:
        if number and not number % every:
            weights.append(_memory("VmRSS"))
        yield number


_WARM_UP = 0.3
"""Of the seconds; posted before, not measured."""
_TICK = 0.001


async def _watch(stalls: list[float]) -> None:
    """Note by how much each turn that was asked for came late."""
    while True:
        asked = time.perf_counter()
        await asyncio.sleep(_TICK)
        stalls.append(time.perf_counter() - asked - _TICK)


async def _measure(job: Job, opener: Open) -> Measurement:
    baseline = _memory_of_imports()
    weights: list[int] = []
    stalls: list[float] = []
    persons: Iterator[int] = persons_for(job.seconds)
    if job.persons:
        persons = iter(range(job.persons))
    if job.weigh_every:
        persons = _weighed(persons, job.weigh_every, weights)
    async with opener(job.load) as post_all:
        await post_all(persons_for(_WARM_UP * job.seconds))
        watch = asyncio.create_task(_watch(stalls)) if job.watch_loop else None
        began, cpu, sink_cpu = time.perf_counter(), _cpu(), _cpu_of(job.sink)
        posted = await post_all(persons)
        ended = time.perf_counter()
        cpu, sink_cpu = _cpu() - cpu, _cpu_of(job.sink) - sink_cpu
        if watch is not None:
            watch.cancel()
    return Measurement(
        persons=posted,
        seconds=ended - began,
        cpu=cpu,
        sink_cpu=sink_cpu,
        peak=_memory("VmHWM") - baseline,
        weights=[weight - baseline for weight in weights],
        stalls=stalls,
    )


if __name__ == "__main__":
    job = cattrs.structure(json.loads(sys.argv[1]), Job)
    opener = CONTENDERS[job.contender].load()
    measurement = asyncio.run(_measure(job, opener))
    print(json.dumps(cattrs.unstructure(measurement)))
