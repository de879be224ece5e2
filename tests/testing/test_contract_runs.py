"""The transport contract under every runner that an author may have."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

SUITE = """
    from verifik_async import ScriptedTransport
    from verifik_async.testing import Capability, TransportContract

    class MyBase(TransportContract):
        capabilities = frozenset({Capability.PLAYS_STEPS})

        async def make_scripted(self, steps):
            return ScriptedTransport(steps)

    class TestMine(MyBase):
        pass
"""
WITH_LOOPS_OF_OTHERS = """
    import asyncio, pytest, pytest_asyncio

    @pytest_asyncio.fixture(loop_scope="module", scope="module")
    async def loop():
        yield asyncio.get_running_loop()

    @pytest.mark.asyncio(loop_scope="module")
    async def test_before(loop):
        assert asyncio.get_running_loop() is loop
"""
AND_AFTER = """
    @pytest.mark.asyncio(loop_scope="module")
    async def test_after(loop):
        assert asyncio.get_running_loop() is loop
"""
FEW = "fault_r or declared or twice or two_event_loops"
"""Five faults, two checks that pass, and one that is skipped."""

ASYNCIO = "pytest_asyncio.plugin"
SCOPE = "asyncio_default_fixture_loop_scope=function"


def run(folder: Path, *parts: str, options: tuple[str, ...] = ()) -> str:
    """What pytest, without plugins but those asked for, prints for a test file."""
    suite = "\n".join(textwrap.dedent(part) for part in parts)
    (folder / "test_mine.py").write_text(suite)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-W", "error", "-rA", *options],
        cwd=folder,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return ran.stdout + ran.stderr


def counts(printed: str) -> dict[str, int]:
    """How many passed, failed and so on."""
    (last,) = re.findall(r"=+ ([^=]*) in [\d.]+s =+\s*$", printed)
    pairs = [part.split() for part in last.split(", ")]
    return {name: int(number) for number, name in pairs if name != "deselected"}


@pytest.mark.parametrize(
    "options",
    [
        ("-p", ASYNCIO, "-o", SCOPE, "-o", "asyncio_mode=auto"),
        ("-p", ASYNCIO, "-o", SCOPE, "-o", "asyncio_mode=strict"),
        ("-p", "anyio.pytest_plugin", "-o", "anyio_mode=auto"),
        (),
    ],
    ids=["asyncio auto", "asyncio strict", "anyio auto", "no plugin"],
)
def test_it_means_the_same_with_every_plugin(
    options: tuple[str, ...], tmp_path: Path
) -> None:
    """The same checks pass, and are skipped with a reason, whatever runs them.

    Only those of the class called `Test…` are there: not the contract itself, which
    the file imports, and not a base of one's own.
    """
    printed = run(tmp_path, SUITE, options=(*options, "-k", FEW))
    assert counts(printed) == {"passed": 7, "skipped": 1}
    assert set(re.findall(r"PASSED \S+::(\w+)::", printed)) == {"TestMine"}
    assert "TestMine: not declared: SEVERAL_LOOPS (it may be used from" in printed


def test_loops_of_others_stay_as_they_are(tmp_path: Path) -> None:
    """A loop that somebody's fixture keeps over a module outlives the checks."""
    printed = run(
        tmp_path,
        WITH_LOOPS_OF_OTHERS,
        SUITE,
        AND_AFTER,
        options=(
            *("-p", ASYNCIO, "-o", SCOPE, "-o", "asyncio_mode=auto"),
            *("-k", f"{FEW} or test_before or test_after"),
        ),
    )
    assert counts(printed) == {"passed": 9, "skipped": 1}
    order = re.findall(r"PASSED \S+::(test_\w+|TestMine)", printed)
    assert (order[0], order[-1]) == ("test_before", "test_after")


def test_no_setting_makes_the_contract_itself_a_test(tmp_path: Path) -> None:
    """A project that collects every class still does not collect it."""
    options = ("--collect-only", "-q", "-o", "python_classes=*")
    printed = run(tmp_path, SUITE, options=options)
    assert set(re.findall(r"::(\w+)::", printed)) == {"TestMine", "MyBase"}


def test_it_runs_under_unittest(tmp_path: Path) -> None:
    """Mixed into a TestCase the contract needs no pytest at all."""
    suite = SUITE.replace("(MyBase)", "(MyBase, unittest.TestCase)")
    (tmp_path / "test_mine.py").write_text("import unittest\n" + textwrap.dedent(suite))
    ran = subprocess.run(
        [sys.executable, "-m", "unittest", "-k", "twice", "-k", "cancel", "test_mine"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    assert "Ran 7 tests" in ran.stderr
    assert "OK (skipped=5)" in ran.stderr


def test_the_contract_imports_neither_pytest_nor_aiohttp() -> None:
    """It costs what it costs only those who use it."""
    program = """
        import sys
        import verifik_async.testing.transport_contract
        print(sorted({"pytest", "aiohttp", "cattrs"} & set(sys.modules)))
    """
    printed = subprocess.check_output(
        [sys.executable, "-c", textwrap.dedent(program)], text=True
    )
    assert printed in ("[]\n", "['cattrs']\n")
