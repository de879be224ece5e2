"""All that one run has found, as data and as text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import attrs
import cattrs

from benchmarks import codec, goals, growth, stalls, starts, throughput
from benchmarks.codec import Timing
from benchmarks.growth import Growth
from benchmarks.machine import Machine
from benchmarks.rows import Row
from benchmarks.scaling import Axis
from benchmarks.stalls import Stalls
from benchmarks.starts import Start

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@attrs.define(kw_only=True)
class Report:
    """One run; what was not measured is empty."""

    command: str
    taken: str
    machine: Machine
    throughput: list[Row] = attrs.field(factory=list[Row])
    journal: list[Row] = attrs.field(factory=list[Row])
    stalls: list[Stalls] = attrs.field(factory=list[Stalls])
    growth: list[Growth] = attrs.field(factory=list[Growth])
    starts: list[Start] = attrs.field(factory=list[Start])
    codec: list[Timing] = attrs.field(factory=list[Timing])
    scaling: list[Axis] = attrs.field(factory=list[Axis])

    def write(self, path: Path) -> None:
        """Every round of everything, as JSON."""
        text = json.dumps(cattrs.unstructure(self), indent=1)
        path.write_text(text + "\n", encoding="utf-8")

    def text(self) -> str:
        """All tables, as Markdown."""
        return "\n".join(self._blocks())

    def _blocks(self) -> Iterator[str]:
        yield f"`{self.command}`, {self.taken}, on {self.machine}\n"
        if self.throughput:
            yield "## Throughput\n"
            yield throughput.show(self.throughput) + "\n"
        if self.journal:
            yield "## Journal: 64 wide, and a server that takes 20 ms\n"
            yield throughput.show(self.journal) + "\n"
        if self.stalls:
            yield "## Stalls of the event loop: 2 x 500 kB, 64 wide, from disk\n"
            yield stalls.show(self.stalls) + "\n"
        if self.growth:
            yield "## Memory as persons go by: 2 x 2 kB, 32 wide\n"
            yield growth.show(self.growth) + "\n"
        if self.starts:
            yield "## Starting\n"
            yield starts.show(self.starts) + "\n"
        if self.codec:
            yield "## Codec\n"
            yield codec.show(self.codec) + "\n"
        yield "## Goals\n"
        yield goals.show(goals.goals(self))
