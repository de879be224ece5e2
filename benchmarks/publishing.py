"""Writes results: into a folder, and into the README for all to see."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import goals, throughput

if TYPE_CHECKING:
    from benchmarks.report import Report

LATEST = Path("benchmarks", "latest")
"""Where published results are; the README links to it."""
README = Path("README.md")
_WIDTH = 32
_BLOCK = re.compile(
    r"(?<=<!-- benchmarks: begin -->\n).*?(?=<!-- benchmarks: end -->)", re.DOTALL
)


def write(report: Report, folder: Path) -> None:
    """Write figures, tables and, where matplotlib is, the plot."""
    folder.mkdir(parents=True, exist_ok=True)
    report.write(folder / "results.json")
    (folder / "tables.md").write_text(report.text() + "\n", encoding="utf-8")
    if report.scaling and find_spec("matplotlib") is not None:
        from benchmarks import plot  # noqa: PLC0415 - slow, and not always installed

        plot.draw(report.scaling, folder / "scaling.svg")


def publish(report: Report) -> None:
    """Put a run where the README shows it. Run from the project's folder.

    Raises:
        ValueError: The README has no place for it.
    """
    text = README.read_text(encoding="utf-8")
    if not _BLOCK.search(text):
        raise ValueError("README.md has no block for benchmarks")
    write(report, LATEST)
    README.write_text(_BLOCK.sub(lambda _: _block(report), text), encoding="utf-8")


def _block(report: Report) -> str:
    shown = [
        row
        for row in report.throughput
        if row.width == _WIDTH and row.source != "memory"
    ]
    return f"""\
`{report.command}` on {report.taken}: {report.machine}.
Medians of alternating runs in one go; photographs come from disk.

{goals.show(goals.goals(report))}

The 20 ms of the journal's server allow nobody more than 3,200 persons/s; below is what
a journal costs where the server takes no time. Importing is cheap because aiohttp comes
with the first client, which then takes as long as it does.

{throughput.show(shown)}

![Time and memory as persons, photographs and concurrency grow]({LATEST}/scaling.svg)

All widths and sources, stalls, imports and codec: [tables.md]({LATEST}/tables.md).
"""
