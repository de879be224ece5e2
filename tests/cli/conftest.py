"""Fixtures for tests of the command line."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from command_line import (
    PATIENCE,
    Command,
    Ended,
    ManifestOf,
    Starter,
    started,
    write_manifest,
)

from verifik_async.__main__ import main


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No token, address or terminal of whoever runs the tests."""
    for name in ("VERIFIK_TOKEN", "VERIFIK_BASE_URL", "FORCE_COLOR", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Runs the command in this process."""

    def run(*words: str | Path) -> Ended:
        monkeypatch.setattr(sys, "argv", ["verifik-async", *map(str, words)])
        capsys.readouterr()
        code = main()
        captured = capsys.readouterr()
        return Ended(code, captured.out, captured.err)

    return run


@pytest.fixture
def start() -> Iterator[Starter]:
    """Starts processes, and kills those that are left at the end of the test."""
    with contextlib.ExitStack() as stack:

        def run(*words: str | Path, **env: str) -> subprocess.Popen[str]:
            process = started(*words, **env)
            stack.callback(process.communicate, timeout=PATIENCE)
            stack.callback(process.terminate)
            return process

        yield run


@pytest.fixture
def sandbox_url(start: Starter) -> str:
    """A sandbox in a process of its own, whose answers take a while."""
    process = start("sandbox", "--latency", "0.4")
    assert process.stdout is not None
    return process.stdout.readline().strip().removeprefix("Sandbox ready at ")


@pytest.fixture
def manifest_of(tmp_path: Path) -> ManifestOf:
    """Writes a manifest into the test's own folder."""

    def write(people: int, *, more: Sequence[Mapping[str, str]] = ()) -> Path:
        return write_manifest(tmp_path, people, more)

    return write
