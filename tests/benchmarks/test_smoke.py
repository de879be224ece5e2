"""The benchmarks still work; how fast anything is, no test says."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECTIONS = ["throughput", "journal", "stalls", "growth", "starts", "scaling"]
VERDICT = re.compile(r"\| (met|\*\*not met\*\*|-) +\|$")
BLOCK = "before\n<!-- benchmarks: begin -->\nold\n<!-- benchmarks: end -->\nafter\n"

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the benchmarks look into /proc"
)


def run(*arguments: str, folder: Path) -> str:
    """What Python prints for these arguments, run in this folder."""
    ran = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=100,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.once
def test_one_run_shows_every_goal_met_or_not(tmp_path: Path) -> None:
    """A run fills all sections, and its goals stand in the tables and the README."""
    readme = tmp_path / "README.md"
    readme.write_text(BLOCK)
    printed = run("-m", "benchmarks", "--tiny", "--publish", folder=tmp_path)
    latest = tmp_path / "benchmarks" / "latest"
    found = json.loads((latest / "results.json").read_text())
    assert all(found[section] for section in SECTIONS)
    goals = [line for line in printed.splitlines() if VERDICT.search(line)]
    assert len(goals) >= 15
    text = readme.read_text()
    assert all(line in text for line in goals)
    assert text.startswith("before\n")
    assert "\nold\n" not in text
    assert text.endswith("<!-- benchmarks: end -->\nafter\n")


@pytest.mark.parametrize(
    "words",
    [
        ["--publish", "--size", "2 kB"],
        ["--publish", "codec"],
        ["--rounds", "0"],
        ["nothing"],
    ],
)
def test_what_would_mislead_is_refused(words: list[str], tmp_path: Path) -> None:
    """Before anything is measured or written: above all, publishing a part."""
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--tiny", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=100,
    )
    assert ran.returncode == 2
    assert "error: " in ran.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_ended_leaves_nothing(
    sign: signal.Signals, tmp_path: Path
) -> None:
    """No photographs, no results, no traceback."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks", "--quick", "--only", "enroll"],
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        start_new_session=True,
    ) as running:
        assert running.stderr is not None
        running.stderr.readline()  # it has begun
        os.killpg(running.pid, sign)  # as a terminal does
        _, said = running.communicate(timeout=60)
    assert running.returncode == 128 + sign
    assert "Traceback" not in said
    assert not list((tmp_path / "benchmarks" / "results").iterdir())


def test_operations_of_the_codec_run(tmp_path: Path) -> None:
    """What is timed by pytest-benchmark runs without it."""
    program = (
        "from benchmarks.operations import OPERATIONS\n"
        "for name, operation in OPERATIONS.items(): operation(); print(name)"
    )
    assert len(run("-c", program, folder=tmp_path).splitlines()) >= 5


def test_sink_ends_with_its_parent(tmp_path: Path) -> None:
    """The sink stops when its standard input ends, so it is never left behind."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.sink"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as sink:
        assert sink.stdout is not None
        assert int(sink.stdout.readline())
        sink.communicate(timeout=30)
    assert sink.returncode == 0
