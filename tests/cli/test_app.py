"""The command as a whole: version, help, errors, and life without its extra."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import Command, Starter, ended, unmeasured

SANDBOX = ("--collection", "c1", "--sandbox")

WITHOUT_EXTRA = """
import sys
sys.modules[{name!r}] = None
from verifik_async.__main__ import main
sys.exit(main())
"""


def test_the_version_is_told(command: Command) -> None:
    """`--version` prints one line."""
    ended = command("--version")
    assert ended.code == 0
    assert re.fullmatch(r"verifik-async \d+\.\d+\.\d+\n", ended.out)


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        ("check", ["--collection", "--price", "--rate", "0.5<=x<=1.0", "Example"]),
        ("enroll", ["--sandbox", "--resend-unknown", "VERIFIK_TOKEN", "130"]),
        ("demo", ["FOLDER", "verifik-demo", "Example"]),
        ("sandbox", ["--port", "--no-production", "SECONDS", "SIGTERM", "no-credits"]),
        (None, ["demo", "check", "enroll", "sandbox", "--version", "Exit codes"]),
    ],
)
def test_help_says_what_is_needed(
    command: Command, verb: str | None, words: list[str]
) -> None:
    """Options with units and ranges, an example or the exit codes."""
    ended = command(*([verb] if verb else []), "--help")
    assert ended.code == 0
    plain = re.sub(r"\x1b\[[0-9;]*m", "", ended.out)
    assert not [word for word in words if word not in plain]


@pytest.mark.parametrize(
    "words",
    [
        ["enrol"],
        ["enroll"],
        ["enroll", "people.csv", "--token", "abc"],
        ["enroll", "people.csv", "--concurrency", "0"],
        ["enroll", "people.csv", "--min-score", "0.4"],
        ["enroll", "people.csv", "--search-mode", "SLOW"],
        ["enroll", "people.csv", "--sandbox", "--base-url", "https://example.org"],
        ["sandbox", "--port", "65536"],
    ],
)
def test_wrong_usage_ends_with_2(command: Command, words: list[str]) -> None:
    """Nothing is done, and standard output stays empty; no token is taken by argv."""
    ended = command(*words)
    assert (ended.code, ended.out) == (2, "")
    assert "Usage" in ended.err


def test_the_module_runs_as_the_command_does(start: Starter) -> None:
    """`python -m verifik_async` gives errors as a line, a hint and a code."""
    process = ended(start("check", "missing.csv"))
    assert (process.code, process.out) == (2, "")
    assert process.err.splitlines() == [
        "Error: missing.csv: the manifest can't be read: No such file or directory",
        "Mend the manifest; nothing was sent.",
    ]


@pytest.mark.parametrize("name", ["typer", "rich"])
def test_without_the_extra_it_says_how_to_get_it(name: str) -> None:
    """One line and exit code 2, not a traceback."""
    process = subprocess.run(
        [sys.executable, "-c", WITHOUT_EXTRA.format(name=name)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 2
    (line,) = process.stderr.splitlines()
    assert line.endswith("pip install 'verifik-async[cli]'")


def test_another_missing_module_is_no_missing_extra() -> None:
    """A broken installation must not be told to install the extra."""
    process = subprocess.run(
        [sys.executable, "-c", WITHOUT_EXTRA.format(name="verifik_async.cli.check")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 1
    assert "ModuleNotFoundError" in process.stderr


def test_an_interruption_before_sending_ends_with_130(tmp_path: Path) -> None:
    """Ctrl-C while the manifest is checked: nothing was sent, and it says so."""
    path = tmp_path / "people.jsonl"
    path.write_text("{}\n" * 3_000_000)  # takes much longer than it is let
    process = subprocess.Popen(
        [sys.executable, "-m", "verifik_async", "enroll", path, *SANDBOX],
        stderr=subprocess.PIPE,
        text=True,
        env=unmeasured(),
    )
    assert process.stderr is not None
    first = process.stderr.readline()  # it has begun to check
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted; nothing was sent" in first + rest


def test_an_interruption_while_modules_are_loaded_is_a_line() -> None:
    """The very first moments end with 130 as well, and without a traceback."""
    program = """
import sys
class Interrupt:
    def find_spec(self, name, *_):
        if name == "typer":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupt())
from verifik_async.__main__ import main
sys.exit(main())
"""
    process = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (process.returncode, process.stderr) == (130, "Error: interrupted\n")


def test_an_interruption_is_told_whenever_it_comes(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interrupt outside the event loop ends the command in words."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("verifik_async.cli.enrollment.validate", interrupted)
    path = tmp_path / "people.jsonl"
    path.write_text("{}\n")
    ended = command("enroll", path, *SANDBOX)
    assert ended.code == 130
    assert "interrupted; nothing was sent" in ended.err
