"""The example suite in `tests/example`, and that it says the truth."""

from __future__ import annotations

import shutil
from pathlib import Path

from plugin_suites import Suite

pytest_plugins = ["pytester"]

EXAMPLE = Path(__file__).parents[1] / "example"


def test_one_name_changes_the_door(suite: Suite) -> None:
    """The same tests pass on cassettes, in memory and over HTTP."""
    shutil.copytree(EXAMPLE, suite.folder, dirs_exist_ok=True)
    source = (EXAMPLE / "test_check_in.py").read_text()
    for door in ("memory", "http"):
        other = source.replace("(verifik_client:", f"(verifik_{door}_client:")
        other = other.replace("return verifik_client", f"return verifik_{door}_client")
        assert other != source
        (suite.folder / f"test_{door}.py").write_text(other)
    tests = source.count("\nasync def test_") + 1  # one of them with two parameters
    suite.run().assert_outcomes(passed=3 * tests)


def test_cassettes_are_those_of_the_sandbox(suite: Suite) -> None:
    """Recorded again with the command in the example, they tell the same."""
    shutil.copytree(EXAMPLE, suite.folder, dirs_exist_ok=True)
    files = sorted(suite.folder.rglob("*.verifik.json"))
    before = [_entries(path) for path in files]
    assert len(files) == len(suite.cassettes())
    suite.run("--verifik-record=rewrite", "--verifik-record-from=sandbox")
    assert [_entries(path) for path in files] == before


def _entries(path: Path) -> str:
    """All but the day and the version."""
    return path.read_text().partition('"salt"')[2]
