"""What a strict journal costs, where a server takes 20 ms to answer."""

from __future__ import annotations

from benchmarks.arena import alternate, sink
from benchmarks.contend import Job
from benchmarks.loads import Load
from benchmarks.rows import SIZES, Row

SIZE, WIDTH, DELAY = "2 kB", 64, 0.020
_CONTENDERS = ("journal", "json", "batch", "prepared")


def run(*, rounds: int, seconds: float, folder: str) -> list[Row]:
    """Batches beside plain pools of aiohttp."""
    with sink(DELAY) as running:
        load = Load(
            image_bytes=SIZES[SIZE], width=WIDTH, port=running.port, folder=folder
        )
        load.draw()
        jobs = [
            Job(
                contender=name,
                load=load,
                sink=running.process,
                seconds=seconds,
            )
            for name in _CONTENDERS
        ]
        runs = alternate(jobs, rounds=rounds)
    return list(map(Row.of, jobs, runs))
