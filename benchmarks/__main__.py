"""`python -m benchmarks`: measure, print, write."""

from __future__ import annotations

import argparse
import sys
import tempfile

import attrs

from benchmarks import throughput
from benchmarks.contenders import CONTENDERS
from benchmarks.rows import SIZES


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("section", nargs="*", choices=["throughput"])
    parser.add_argument("--quick", action="store_true", help="less of everything")
    parser.add_argument("--rounds", type=int, help="how often contenders alternate")
    parser.add_argument(
        "--size", action="append", choices=SIZES, help="only such photographs"
    )
    parser.add_argument("--width", action="append", type=int, help="only so many wide")
    parser.add_argument(
        "--only", action="append", choices=CONTENDERS, help="only such contenders"
    )
    return parser


def main() -> None:
    """Measure what the command line says."""
    given = _parser().parse_args()
    plan = throughput.QUICK if given.quick else throughput.Plan()
    changes = {
        "rounds": given.rounds,
        "sizes": given.size,
        "widths": given.width,
        "contenders": given.only,
    }
    plan = attrs.evolve(plan, **{k: v for k, v in changes.items() if v is not None})
    with tempfile.TemporaryDirectory(prefix="verifik-bench-") as folder:
        print(throughput.show(throughput.run(plan, folder=folder, say=_say)))


if __name__ == "__main__":
    main()
