"""Looking into a journal leaves no trace, whatever state its files are in."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest
from batch_runs import Carrier, client_of
from journal_runs import items, run

from verifik_async import BatchEnroller
from verifik_async.batch.journal import JournalError, JournalPlaceError, JournalView
from verifik_async.batch.journal.records import State

PERSONS = 40
Files = dict[str, bytes]


def files_in(folder: Path) -> Files:
    """All files, with their contents."""
    return {file.name: file.read_bytes() for file in folder.iterdir()}


async def crashed(path: Path, folder: Path) -> Path:
    """A journal as a crash in mid-run leaves it: nearly all of it is in the log."""
    async with BatchEnroller(client_of(Carrier()), journal=path) as enroller:
        async for _ in enroller.enroll(items(range(PERSONS))):
            pass
        for name in ("job.sqlite3", "job.sqlite3-wal"):
            shutil.copy(path.with_name(name), folder)
    return folder / path.name


@pytest.fixture
def public() -> Generator[Path]:
    """A folder which everybody may look into."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextlib.contextmanager
def somebody_else(folder: Path) -> Generator[None]:
    """Be a user who may read this folder, and write nothing into it."""
    for file in folder.iterdir():
        file.chmod(0o444)
    folder.chmod(0o555)
    user = os.geteuid()
    if not user:
        os.seteuid(65534)  # to root nothing is read only
    try:
        with pytest.raises(OSError, match="denied"):
            (folder / "file").touch()
        yield
    finally:
        os.seteuid(user)
        folder.chmod(0o755)


@pytest.mark.parametrize("crash", [False, True])
async def test_a_journal_at_rest_stays_as_it_is(
    path: Path, public: Path, *, crash: bool
) -> None:
    """No file is made and none is altered, also where a log was left behind."""
    if crash:
        there = await crashed(path, public)
    else:
        there = public / path.name
        await run(there, items(range(PERSONS)))
    before = files_in(public)
    assert ("job.sqlite3-wal" in before) == crash
    for _ in range(2):
        with JournalView.open(there) as view:
            assert view.counts() == {State.ENROLLED: PERSONS}
            assert len(list(view.items())) == PERSONS
            assert len(list(view.events())) >= 1
            assert files_in(public) == before
    assert files_in(public) == before


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="needs users of POSIX")
@pytest.mark.parametrize("crash", [False, True])
async def test_a_folder_that_can_not_be_written_can_be_looked_into(
    path: Path, public: Path, *, crash: bool
) -> None:
    """Results are kept on shares that are mounted read only."""
    if crash:
        there = await crashed(path, public)
    else:
        there = public / path.name
        await run(there, items(range(PERSONS)))
    with somebody_else(public), JournalView.open(there) as view:
        assert view.counts() == {State.ENROLLED: PERSONS}


async def test_a_view_sees_how_a_run_goes_on(path: Path) -> None:
    """It makes no file that the run has not made, and does not hold it up."""
    async with BatchEnroller(
        client_of(Carrier()), concurrency=2, journal=path
    ) as enroller:
        names = {file.name for file in path.parent.iterdir()}
        with JournalView.open(path) as view:
            assert view.holder is not None
            assert view.counts() == {}
            async for _ in enroller.enroll(items(range(PERSONS))):
                assert sum(view.counts().values()) >= enroller.report.total - 10
            assert view.counts() == {State.ENROLLED: PERSONS}
            assert {file.name for file in path.parent.iterdir()} == names


async def test_who_looks_while_a_run_ends_does_not_split_the_journal(
    path: Path,
) -> None:
    """All of it is in the one file afterwards, so it can be moved and kept."""
    with contextlib.closing(sqlite3.connect(path)) as looking:
        async with BatchEnroller(client_of(Carrier()), journal=path) as enroller:
            async for _ in enroller.enroll(items(range(PERSONS))):
                looking.execute("SELECT count(*) FROM item").fetchall()
        assert path.with_name("job.sqlite3-wal").read_bytes() == b""
        with JournalView.open(shutil.copy(path, path.with_name("moved"))) as view:
            assert view.counts() == {State.ENROLLED: PERSONS}


async def test_a_run_that_begins_while_somebody_reads_is_told(path: Path) -> None:
    """What was read before it may not fit with what was read after."""
    await run(path, items(range(PERSONS)))
    with JournalView.open(path) as view:
        reading = view.items()
        next(reading)
        await run(path, items(range(2 * PERSONS)))
        with pytest.raises(JournalError, match="look again"):
            list(reading)
        assert view.counts() == {State.ENROLLED: 2 * PERSONS}


@pytest.mark.parametrize("empty", [False, True])
def test_where_no_journal_is_none_is_made(path: Path, *, empty: bool) -> None:
    """Nor where one was about to be made when the process was killed."""
    if empty:
        path.touch()
    with pytest.raises(JournalPlaceError, match="no such journal"):
        JournalView.open(path)
    assert list(path.parent.iterdir()) == ([path] if empty else [])
