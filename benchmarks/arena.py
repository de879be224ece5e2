"""Starts the sink and the contenders, and lets them alternate."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import attrs
import cattrs

from benchmarks.contend import Job, Measurement

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

_PATIENCE = 600


@attrs.frozen
class Sink:
    """Where a running sink is."""

    port: int
    process: int


@contextlib.contextmanager
def sink(delay: float = 0.0) -> Generator[Sink]:
    """A sink in a process of its own, which ends with the block."""
    command = [sys.executable, "-m", "benchmarks.sink", str(delay)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None  # noqa: S101 - for the type checkers
        yield Sink(port=int(process.stdout.readline()), process=process.pid)
        process.communicate()  # closes its standard input


def measure(job: Job) -> Measurement:
    """Run one job in a fresh process.

    Raises:
        RuntimeError: It failed; what it wrote is in the message.
    """
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "benchmarks.contend",
            json.dumps(cattrs.unstructure(job)),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE,
    )
    if ran.returncode:
        raise RuntimeError(f"{job.contender} failed:\n{ran.stderr}")
    return cattrs.structure(json.loads(ran.stdout), Measurement)


def alternate(jobs: Sequence[Job], *, rounds: int) -> list[list[Measurement]]:
    """Run all jobs in turn, and that again and again.

    What else the machine does then hits all of them alike.

    Returns:
        The rounds of each job.
    """
    runs: list[list[Measurement]] = [[] for _ in jobs]
    for _ in range(rounds):
        for job, found in zip(jobs, runs, strict=True):
            found.append(measure(job))
    return runs
