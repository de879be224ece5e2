"""SIGINT, SIGTERM and SIGHUP, sent to a real process in the middle of a run."""

import asyncio
import csv
import signal
import time
from collections import Counter
from pathlib import Path

import pytest
from command_line import PATIENCE, Ended, ManifestOf, Starter, ended

from verifik_async.cli.signals import Signals

PEOPLE = 60
AT_A_TIME = 4


def statuses(path: Path) -> Counter[str]:
    """What an outcomes file says so far."""
    if not path.exists():
        return Counter()
    with path.open() as stream:
        return Counter(row["status"] for row in csv.DictReader(stream))


def interrupted(
    start: Starter, manifest: Path, url: str, *signals: signal.Signals
) -> tuple[Ended, Counter[str]]:
    """Sends signals to a run that has its first outcomes; how it ended."""
    out = manifest.with_name("out.csv")
    words = ("--collection", "c1", "--base-url", url, "--outcomes", out)
    number = str(AT_A_TIME)
    process = start(
        "enroll", manifest, *words, "--concurrency", number, VERIFIK_TOKEN="abc"
    )
    deadline = time.monotonic() + PATIENCE
    while not statuses(out) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGSTOP)  # or it may be done before the next one comes
    for which in signals:
        process.send_signal(which)
    process.send_signal(signal.SIGCONT)
    return ended(process), statuses(out)


def test_the_first_signal_finishes_what_is_in_flight(
    start: Starter, manifest_of: ManifestOf, sandbox_url: str
) -> None:
    """Nobody is unknown, everybody has an outcome, and the table is shown."""
    manifest = manifest_of(PEOPLE)
    end, found = interrupted(start, manifest, sandbox_url, signal.SIGINT)
    assert end.code == 130
    assert set(found) == {"enrolled", "not_attempted"}
    assert found.total() == PEOPLE
    assert "Stopping: " in end.err
    assert f"{found['enrolled']} of {PEOPLE} persons enrolled" in end.out
    assert "Every person's outcome is in" in end.out
    assert "Traceback" not in end.err


def test_sigterm_does_the_same(
    start: Starter, manifest_of: ManifestOf, sandbox_url: str
) -> None:
    """With the exit code that process managers expect of it."""
    manifest = manifest_of(PEOPLE)
    end, found = interrupted(start, manifest, sandbox_url, signal.SIGTERM)
    assert end.code == 143
    assert set(found) == {"enrolled", "not_attempted"}
    assert found.total() == PEOPLE


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has none")
def test_a_terminal_that_goes_away_loses_no_answer(
    start: Starter, manifest_of: ManifestOf, sandbox_url: str
) -> None:
    """Shell and system may both send SIGHUP: what is in flight is finished."""
    manifest = manifest_of(PEOPLE)
    both = (signal.SIGHUP, signal.SIGHUP)
    end, found = interrupted(start, manifest, sandbox_url, *both)
    assert end.code == 129
    assert set(found) == {"enrolled", "not_attempted"}
    assert found.total() == PEOPLE


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has none")
async def test_a_run_under_nohup_outlives_the_terminal() -> None:
    """A SIGHUP that the caller ignores stays ignored."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Signals(pytest.fail, pytest.fail) as signals:
            signal.raise_signal(signal.SIGHUP)
            await asyncio.sleep(0.05)
            assert signals.exit_code is None
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_the_second_signal_cancels_at_once(
    start: Starter, manifest_of: ManifestOf, sandbox_url: str
) -> None:
    """Who was in flight is unknown; who was not read yet is counted, not listed."""
    manifest = manifest_of(PEOPLE)
    both = (signal.SIGINT, signal.SIGTERM)  # two alike would be one while it waits
    end, found = interrupted(start, manifest, sandbox_url, *both)
    assert end.code in {130, 143}  # the system may hand over either of them first
    assert 1 <= found["unknown"] <= AT_A_TIME
    assert found["enrolled"] >= 1
    assert found.total() < PEOPLE
    rest = PEOPLE - found["unknown"] - found["enrolled"]
    assert ["not_attempted", str(rest)] in [w.split()[:2] for w in end.out.splitlines()]
    assert "the turn of the others did not come" in end.out
    assert "OutcomeUnknownError" in end.out
    assert "Traceback" not in end.err


def test_only_the_command_installs_handlers(start: Starter) -> None:
    """The sandbox ends with 0 on both signals; it has nothing to finish."""
    for which in (signal.SIGTERM, signal.SIGINT):
        process = start("sandbox")
        assert process.stdout is not None
        assert process.stdout.readline().startswith(
            "Sandbox ready at http://127.0.0.1:"
        )
        process.send_signal(which)
        end = ended(process)
        assert (end.code, end.out) == (0, "")


def test_an_interrupted_demo_compares_nothing(start: Starter, tmp_path: Path) -> None:
    """It ends as any run does."""
    process = start("demo", tmp_path / "demo")
    out = tmp_path / "demo" / "outcomes.csv"
    deadline = time.monotonic() + PATIENCE
    while not statuses(out) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    end = ended(process)
    assert end.code == 130
    assert "staged" not in end.out.partition("Enrolling")[2]


class LoopWithoutSignals(asyncio.SelectorEventLoop):
    """As on Windows."""

    def add_signal_handler(self, *_: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] - refuses whatever comes
        """Not there."""
        raise NotImplementedError


def test_loops_without_signal_handlers_get_signals_as_well() -> None:
    """And the handlers of before are back afterwards."""
    before = signal.getsignal(signal.SIGTERM)
    heard: list[str] = []

    async def run() -> None:
        first, further = asyncio.Event(), asyncio.Event()
        with Signals(first.set, further.set) as signals:
            assert signals.exit_code is None
            signal.raise_signal(signal.SIGTERM)
            await asyncio.wait_for(first.wait(), PATIENCE)
            heard.append("first")
            signal.raise_signal(signal.SIGINT)
            await asyncio.wait_for(further.wait(), PATIENCE)
            heard.append("further")
            assert signals.exit_code == 143

    with asyncio.Runner(loop_factory=LoopWithoutSignals) as runner:
        runner.run(run())
    assert heard == ["first", "further"]
    assert signal.getsignal(signal.SIGTERM) is before
