"""Commands that are told name the program as it was called."""

import os
import sys
from pathlib import Path

import pytest

from verifik_async.cli.program import program


def test_the_name_is_told_where_the_shell_finds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scripts get their full path as a name, also where only the name was typed."""
    script = tmp_path / "verifik-async"
    script.touch(mode=0o755)
    monkeypatch.setattr(sys, "argv", [str(script)])
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert program() == "verifik-async"
    monkeypatch.setenv("PATH", "")
    assert program() == str(script)


@pytest.mark.parametrize(
    ("called", "told"),
    [
        ("verifik-async", "verifik-async"),
        (".venv/bin/verifik-async", ".venv/bin/verifik-async"),
        ("my env/bin/verifik-async", "'my env/bin/verifik-async'"),
        ("/usr/bin/pytest", "verifik-async"),
    ],
)
def test_a_path_is_told_as_it_was_typed(
    called: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Quoted for the shell; other programs are not taken for this one."""
    monkeypatch.setattr(sys, "argv", [called])
    assert program() == told


def test_a_module_is_told_with_its_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    """`python -m verifik_async` has no script to name."""
    monkeypatch.setattr(sys, "argv", ["/somewhere/verifik_async/__main__.py"])
    assert program().endswith(" -m verifik_async")
