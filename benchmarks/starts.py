"""How long imports take, and the command line until it says something."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import attrs

from benchmarks.table import table

if TYPE_CHECKING:
    from collections.abc import Sequence

OURS = "import verifik_async"
THEIRS = "import aiohttp, attrs, cattrs, backoff"
_IMPORTS = (
    OURS,
    "from verifik_async import VerifikClient; VerifikClient('a-token')",
    "from verifik_async import BatchEnroller, VerifikClient; VerifikClient('a-token')",
    THEIRS,
)
_COMMANDS = (
    ("-c", "print('hello')"),
    ("-m", "verifik_async", "--version"),
    ("-m", "verifik_async", "--help"),
    ("-m", "verifik_async", "sandbox", "--port", "0"),
)


@attrs.frozen
class Start:
    """One way to start.

    Attributes:
        what: A statement, or the arguments of Python.
        seconds: How long it took, by round.
    """

    what: str
    seconds: list[float]


def run(*, rounds: int) -> list[Start]:
    """Start each in turn, in a fresh process."""
    starts = [Start(statement, []) for statement in _IMPORTS]
    commands = [Start(" ".join(["python", *given]), []) for given in _COMMANDS]
    for _ in range(rounds):
        for start in starts:
            start.seconds.append(_time_of_import(start.what))
        for start, arguments in zip(commands, _COMMANDS, strict=True):
            start.seconds.append(_time_to_first_output(arguments))
    return starts + commands


def _time_of_import(statement: str) -> float:
    program = (
        "import time; began = time.perf_counter()\n"
        f"{statement}\n"
        "print(time.perf_counter() - began)"
    )
    return float(subprocess.check_output([sys.executable, "-c", program]))


def _time_to_first_output(arguments: Sequence[str]) -> float:
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None  # noqa: S101 - for the type checkers
        if not process.stdout.read(1):
            raise RuntimeError(f"no output of {' '.join(arguments)}")
        took = time.perf_counter() - began
        process.terminate()
        process.communicate()
    return took


def show(rows: Sequence[Start]) -> str:
    """Medians and spread."""
    return table(
        ["imports, and commands until their first output", "ms", "spread"],
        [
            [
                f"`{row.what}`",
                f"{statistics.median(row.seconds) * 1e3:.1f}",
                f"{min(row.seconds) * 1e3:.1f} to {max(row.seconds) * 1e3:.1f}",
            ]
            for row in rows
        ],
    )
