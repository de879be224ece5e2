"""`python -m benchmarks`: measure, print tables, write them with JSON and a plot."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import tempfile
from pathlib import Path

import attrs
import cattrs

from benchmarks import publishing, suite, throughput
from benchmarks.contenders import CONTENDERS
from benchmarks.machine import Machine
from benchmarks.report import Report
from benchmarks.rows import SIZES

_OUT = Path("benchmarks", "results")


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

    def suite(self, folder: str) -> suite.Suite:
        """What to run, narrowed as asked for."""
        scale = {"full": suite.FULL, "quick": suite.QUICK, "tiny": suite.TINY}[
            self.scale
        ]
        plans = [self._narrowed(plan) for plan in scale.throughput]
        scale = attrs.evolve(
            scale,
            throughput=plans[:1] if self.width else plans,
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
        "--quick", dest="scale", action="store_const", const="quick", default="full"
    )
    less.add_argument("--tiny", dest="scale", action="store_const", const="tiny")
    parser.add_argument("--rounds", type=int, help="how often contenders alternate")
    parser.add_argument("--out", type=Path, default=_OUT, help="folder for the results")
    parser.add_argument(
        "--publish", action="store_true", help="put them into README.md, too"
    )
    narrow = parser.add_argument_group("only a part of the throughput")
    narrow.add_argument("--size", action="append", choices=SIZES)
    narrow.add_argument("--width", action="append", type=int)
    narrow.add_argument("--only", action="append", choices=CONTENDERS)
    return parser


def main() -> None:
    """Measure what the command line asks for."""
    parser = _parser()
    given = cattrs.structure(vars(parser.parse_args()), _Given)
    sections = given.section or list(suite.SECTIONS)
    for section in sections:
        if section not in suite.SECTIONS:
            parser.error(f"no section {section!r}")
    report = Report(
        command=" ".join(["python -m benchmarks", *sys.argv[1:]]),
        taken=dt.datetime.now(dt.UTC).date().isoformat(),
        machine=Machine.this(),
    )
    given.out.mkdir(parents=True, exist_ok=True)
    # Not where temporary files are: that may be memory, and journals want a disk.
    with tempfile.TemporaryDirectory(dir=given.out) as folder:
        chosen = given.suite(folder)
        for section in sections:
            chosen.run(section, report)
    print(report.text())
    publishing.write(report, given.out)
    if given.publish:
        publishing.publish(report)


if __name__ == "__main__":
    main()
