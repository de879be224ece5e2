"""Runs the micro-benchmarks and reads what pytest-benchmark found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import cattrs

from benchmarks.table import table

if TYPE_CHECKING:
    from collections.abc import Sequence

_SUITE = Path(__file__).with_name("test_codec.py")


@attrs.frozen(kw_only=True)
class Timing:
    """One operation: seconds for each, over all of its rounds."""

    operation: str
    median: float
    least: float
    rounds: int


@attrs.frozen
class _Stats:
    median: float
    min: float
    rounds: int


@attrs.frozen
class _Benchmark:
    param: str
    stats: _Stats


@attrs.frozen
class _Found:
    benchmarks: list[_Benchmark]


def run(*, seconds: float, folder: str) -> list[Timing]:
    """Time every operation for so long."""
    found = Path(folder, "codec.json")
    subprocess.run(
        [
            *(sys.executable, "-m", "pytest", str(_SUITE), "--quiet"),
            # The tests' settings ask for plugins that timing does without.
            *("-c", os.devnull, "--rootdir", str(_SUITE.parent)),
            *("-p", "no:cacheprovider"),
            f"--benchmark-json={found}",
            f"--benchmark-max-time={seconds}",
            "--benchmark-disable-gc",
        ],
        # Where tests run this it is still no part of their run.
        env={k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    benchmarks = cattrs.structure(json.loads(found.read_text()), _Found).benchmarks
    return [
        Timing(
            operation=each.param,
            median=each.stats.median,
            least=each.stats.min,
            rounds=each.stats.rounds,
        )
        for each in benchmarks
    ]


def show(timings: Sequence[Timing]) -> str:
    """Medians, in microseconds."""
    return table(
        ["operation", "median us", "least us", "rounds"],
        [
            [
                timing.operation,
                f"{timing.median * 1e6:.1f}",
                f"{timing.least * 1e6:.1f}",
                f"{timing.rounds}",
            ]
            for timing in timings
        ],
    )
