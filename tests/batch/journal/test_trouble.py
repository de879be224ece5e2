"""Trouble with the file in mid-run: the run stops in order, and loses nothing."""

# ruff: noqa: ASYNC240 - nobody else is on the loop

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import sqlite3
from collections import Counter
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from batch_runs import HANG, Carrier, client_of, tasks_left
from journal_runs import Ran, items, run, states, statuses

from verifik_async import BatchEnroller, BatchOutcome
from verifik_async.batch.journal import (
    Journal,
    JournalError,
    JournalWriteError,
    schema,
)

PERSONS = 3000


class Troubled:
    """A run that meets trouble once so many outcomes have been taken."""

    def __init__(self, path: Path) -> None:
        self.carrier = Carrier()
        self.enroller = BatchEnroller(
            client_of(self.carrier), concurrency=4, journal=path
        )
        self.outcomes: list[BatchOutcome] = []

    async def run(self, trouble: Callable[[], object], *, after: int = 20) -> None:
        """Carry it out."""
        async with asyncio.timeout(HANG), self.enroller as enroller:
            async for outcome in enroller.enroll(items(range(PERSONS))):
                self.outcomes.append(outcome)
                if len(self.outcomes) == after:
                    trouble()

    def check_stopped(self, error: type[JournalError], match: str) -> None:
        """The reason is told, nobody has failed, and everybody has an outcome."""
        report = self.enroller.report
        assert isinstance(report.stop_error, error)
        assert report.stop_error.hint
        assert match in str(report.stop_reason)
        counts = Counter(statuses(self.outcomes))
        assert set(counts) == {"enrolled", "not_attempted"}
        assert counts["enrolled"] == len(self.carrier.sent)
        assert counts.total() == PERSONS
        assert tasks_left() == []


@contextlib.contextmanager
def files_of_at_most(size: int) -> Generator[Callable[[], None]]:
    """Gives what makes all files of this process stop growing there."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_file_that_can_not_grow_stops_the_run(path: Path) -> None:
    """Nobody is sent who was not written down; in-flight ones are `unknown` at worst.

    A process may not write beyond its limit, as it may not on a full disk.
    """
    troubled = Troubled(path)
    with files_of_at_most(300_000) as no_more:
        await troubled.run(no_more)
    troubled.check_stopped(JournalWriteError, "the disk failed")
    enrolled = {
        outcome.index
        for outcome in troubled.outcomes
        if outcome.status.value == "enrolled"
    }
    written = states(path)
    assert {row for row, state in written.items() if state == "enrolled"} <= enrolled
    assert enrolled <= set(written)
    assert set(written.values()) <= {"enrolled", "intent"}
    assert list(written.values()).count("intent") <= 6
    carrier = Carrier()
    ran = await run(path, items(range(PERSONS)), carrier)
    assert set(carrier.sent).isdisjoint(troubled.carrier.sent)
    found = Counter(statuses(ran["outcomes"]))
    assert found["unknown"] == list(written.values()).count("intent")


async def test_what_could_not_be_written_is_written_at_the_end(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A disk that has room again before the end of the run loses no outcome."""
    troubled = Troubled(path)
    with files_of_at_most(300_000) as no_more:
        async with asyncio.timeout(HANG), troubled.enroller as enroller:
            async for outcome in enroller.enroll(items(range(PERSONS))):
                troubled.outcomes.append(outcome)
                if len(troubled.outcomes) == 20:
                    no_more()
            resource.setrlimit(
                resource.RLIMIT_FSIZE,
                (resource.RLIM_INFINITY, resource.getrlimit(resource.RLIMIT_FSIZE)[1]),
            )
    troubled.check_stopped(JournalWriteError, "the disk failed")
    assert set(states(path).values()) == {"enrolled"}
    assert len(states(path)) == len(troubled.carrier.sent)
    assert caplog.records == []


async def test_a_journal_deleted_in_the_middle_is_written_anew(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The run stops before anybody else is sent; what was in the file is not lost."""

    def delete() -> None:
        for file in path.parent.glob("job.sqlite3*"):
            if file.suffix != ".lock":
                file.unlink()

    troubled = Troubled(path)
    with caplog.at_level(logging.WARNING, "verifik_async"):
        await troubled.run(delete)
    troubled.check_stopped(JournalWriteError, "deleted, moved or replaced")
    assert "job.sqlite3" in caplog.text
    assert set(states(path)) == set(troubled.carrier.sent)
    carrier = Carrier()
    await run(path, items(range(PERSONS)), carrier)
    assert set(carrier.sent).isdisjoint(troubled.carrier.sent)
    assert len(carrier.sent) + len(troubled.carrier.sent) == PERSONS


async def test_a_journal_replaced_in_the_middle_is_kept_beside_the_other(
    path: Path,
) -> None:
    """Whatever took its place is not ours to touch."""

    def replace() -> None:
        other = path.with_name("other")
        other.write_text("something else")
        other.replace(path)

    troubled = Troubled(path)
    await troubled.run(replace)
    troubled.check_stopped(JournalWriteError, "deleted, moved or replaced")
    assert path.read_text() == "something else"
    rescued = path.with_name("job.sqlite3.rescued")
    assert set(states(rescued)) == set(troubled.carrier.sent)
    assert not rescued.stat().st_mode & 0o077


async def test_a_lock_that_is_deleted_in_the_middle_lets_nobody_be_sent_twice(
    path: Path,
) -> None:
    """Whoever deletes it to begin a second run has the first one stop."""
    first, second = Troubled(path), Carrier()
    began: list[asyncio.Task[Ran]] = []

    def begin_another() -> None:
        Journal(path).lock_path.unlink()
        again = run(path, items(range(PERSONS)), second)
        began.append(asyncio.create_task(again))

    await first.run(begin_another)
    await began[0]
    first.check_stopped(JournalWriteError, "lock file was deleted")
    assert not set(first.carrier.sent) & set(second.sent)
    assert set(states(path).values()) <= {"enrolled", "unknown"}


async def test_a_program_that_keeps_the_file_locked_stops_the_run(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody looks into it with a tool, and forgets to let go of it."""
    monkeypatch.setattr(schema, "_PATIENCE", 0.05)
    other = sqlite3.connect(path, isolation_level=None)
    with contextlib.closing(other):
        troubled = Troubled(path)
        await troubled.run(lambda: other.execute("BEGIN IMMEDIATE"))
    troubled.check_stopped(JournalWriteError, "another program keeps it locked")
    written = states(path)
    assert set(written) >= set(troubled.carrier.sent)
    carrier = Carrier()
    await run(path, items(range(PERSONS)), carrier)
    assert set(carrier.sent).isdisjoint(troubled.carrier.sent)


async def test_a_damaged_page_stops_the_run(path: Path) -> None:
    """Whoever is behind it can't be looked up, so nobody is sent blindly."""
    await run(path, items(range(PERSONS)))
    data = bytearray(path.read_bytes())
    for page in range(12, len(data) // 4096, 2):  # the first hold the tables' roots
        data[page * 4096 : page * 4096 + 2000] = b"\xff" * 2000
    path.write_bytes(data)
    carrier = Carrier()
    ran = await run(path, items(range(PERSONS)), carrier)
    assert "damaged" in str(ran["report"].stop_reason)
    assert carrier.sent == []


async def test_a_clock_that_is_set_back_changes_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Times are for people: nothing is decided by them, and events keep their order."""
    await run(path, items(range(5)))
    monkeypatch.setattr("time.time", lambda: 1000.0)
    carrier = Carrier()
    await run(path, items(range(8)), carrier)
    assert sorted(carrier.sent) == [5, 6, 7]
    assert len(states(path)) == 8
