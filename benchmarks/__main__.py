"""`python -m benchmarks`: measure, print tables, write them with JSON and a plot."""

from __future__ import annotations

import argparse
import datetime as dt
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import cattrs

from benchmarks import publishing, suite, throughput
from benchmarks.contenders import CONTENDERS
from benchmarks.machine import Machine
from benchmarks.report import Report
from benchmarks.rows import SIZES

if TYPE_CHECKING:
    from collections.abc import Iterator

_OUT = Path("benchmarks", "results")
_INTERRUPTED, _TERMINATED = 130, 143


@attrs.define(kw_only=True)
class _Given:
    """The command line."""

    section: list[str]
    scale: str
    out: Path
    publish: bool
    rounds: int | None
    size: list[str] | None
    width: list[int] | None
    only: list[str] | None

    @property
    def narrowed(self) -> bool:
        """Whether this is a part of one section."""
        return bool(self.size or self.width or self.only)

    @property
    def sections(self) -> list[str]:
        """What to run: all, unless some are named or narrowed."""
        return self.section or (["throughput"] if self.narrowed else [*suite.SECTIONS])

    def faults(self) -> Iterator[str]:
        """What can't be done."""
        for section in self.sections:
            if section not in suite.SECTIONS:
                yield f"no section {section!r}"
        if self.rounds is not None and self.rounds < 1:
            yield "--rounds must be at least 1"
        if self.publish and (self.section or self.narrowed):
            yield "--publish is for the whole: a part would replace all that is there"

    def suite(self, folder: str) -> suite.Suite:
        """What to run, narrowed as asked for."""
        scale = {"full": suite.FULL, "quick": suite.QUICK, "tiny": suite.TINY}[
            self.scale
        ]
        plans = [self._narrowed(plan) for plan in scale.throughput]
        scale = attrs.evolve(
            scale,
            throughput=plans[:1] if self.width else plans,
            journal=attrs.evolve(
                scale.journal, rounds=self.rounds or scale.journal.rounds
            ),
            rounds=self.rounds or scale.rounds,
        )
        return suite.Suite(scale=scale, folder=folder, say=_say)

    def _narrowed(self, plan: throughput.Plan) -> throughput.Plan:
        return attrs.evolve(
            plan,
            sizes=self.size or plan.sizes,
            widths=self.width or plan.widths,
            contenders=self.only or plan.contenders,
            rounds=self.rounds or plan.rounds,
        )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "section", nargs="*", help=f"of {', '.join(suite.SECTIONS)}; by default all"
    )
    less = parser.add_mutually_exclusive_group()
    less.add_argument(
        "--quick",
        dest="scale",
        action="store_const",
        const="quick",
        default="full",
        help="three minutes of it",
    )
    less.add_argument(
        "--tiny",
        dest="scale",
        action="store_const",
        const="tiny",
        help="seconds of it, to see that it runs; its figures say nothing",
    )
    parser.add_argument(
        "--rounds",
        type=int,
        help="how often contenders take turns in throughput, journal and stalls",
    )
    parser.add_argument("--out", type=Path, default=_OUT, help="folder for the results")
    parser.add_argument(
        "--publish", action="store_true", help="put them into README.md, too"
    )
    narrow = parser.add_argument_group(
        "only a part of the throughput", "Each may be given several times."
    )
    narrow.add_argument(
        "--size", action="append", choices=SIZES, help="of the two photographs"
    )
    narrow.add_argument(
        "--width", action="append", type=int, help="persons at the same time"
    )
    narrow.add_argument(
        "--only", action="append", choices=CONTENDERS, help="this contender"
    )
    return parser


def main() -> None:
    """Measure what the command line asks for."""
    parser = _parser()
    given = cattrs.structure(vars(parser.parse_args()), _Given)
    for fault in given.faults():
        parser.error(fault)
    signal.signal(signal.SIGTERM, _end)
    try:
        _measure(given)
    except KeyboardInterrupt:
        _say("interrupted; no results were written")
        sys.exit(_INTERRUPTED)


def _end(_number: int, _frame: object) -> None:
    sys.exit(_TERMINATED)  # and clean up


def _measure(given: _Given) -> None:
    report = Report(
        command=" ".join(["python -m benchmarks", *sys.argv[1:]]),
        taken=dt.datetime.now(dt.UTC).date().isoformat(),
        machine=Machine.this(),
    )
    given.out.mkdir(parents=True, exist_ok=True)
    # Not where temporary files are: that may be memory, and journals want a disk.
    with tempfile.TemporaryDirectory(dir=given.out) as folder:
        chosen = given.suite(folder)
        for section in given.sections:
            chosen.run(section, report)
    print(report.text())
    publishing.write(report, given.out)
    if given.publish:
        publishing.publish(report)


if __name__ == "__main__":
    main()
