"""The README's programs run, and its commands are those of CI."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"^```python\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
COMMANDS = re.findall(r"^\$ (.*)$", README, re.MULTILINE)


@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
def test_programs_run(program: str, tmp_path: Path) -> None:
    """Each program ends well, prints something and warns of nothing."""
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        timeout=60,
    )
    assert ran.stderr == ""
    assert ran.returncode == 0
    assert ran.stdout


def test_there_are_programs() -> None:
    """The pattern above finds what it looks for."""
    assert len(PROGRAMS) >= 2


def test_ci_runs_the_second_command() -> None:
    """CI does what the README tells people to do, step by step, and no more."""
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    steps = [line for line in script.splitlines() if line and line[0] != "#"]
    assert steps[0] == "set -euo pipefail"
    assert steps[1].startswith("cd ")
    assert " && ".join(steps[2:]) == COMMANDS[1]
