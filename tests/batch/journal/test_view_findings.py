"""What a report asks a journal for: by key, by span, by run, and at one moment."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from batch_runs import HANG, Carrier, client_of, person, refused, take
from journal_runs import item, items, run

from verifik_async import BatchEnroller, BatchItem
from verifik_async.batch.journal import JobTerms, JournalView, State
from verifik_async.batch.journal.findings import Activity, Spread

NOBODY = 65534


def edit(path: Path, statement: str, *values: object) -> None:
    """Change a journal by hand."""
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute(statement, values)


async def test_persons_are_found_by_the_caller_s_key(path: Path) -> None:
    """As many as are asked for at once; those never sent are left out."""
    await run(path, items(range(70)))
    with JournalView.open(path) as view:
        keys = [view.key_rule.of_key(f"key-of-{number}") for number in range(90)]
        found = view.find(keys)
        assert view.key_kinds == {"given"}
    assert [found[key].row for key in keys if key in found] == list(range(70))


async def test_persons_without_a_key_are_found_by_their_content(path: Path) -> None:
    """The same request makes the same key."""
    await run(path, [BatchItem(request=person(5), row=5)])
    with JournalView.open(path) as view:
        key = view.key_rule.of_content_now(person(5))
        assert view.find([key])[key].row == 5
        assert view.key_kinds == {"content"}


async def test_who_was_in_flight_is_told_as_unknown(path: Path) -> None:
    """By row, with the attempts of earlier runs; nothing is known of this one."""
    await run(path, items([1]), Carrier(lambda _: refused(409, "name_too_short")))
    edit(path, "INSERT INTO intent SELECT key, 9, terms, 50.0, NULL FROM item")
    edit(path, "INSERT INTO intent VALUES (x'00', 3, NULL, 60.0, 'kept')")
    with JournalView.open(path) as view:
        first, second = view.intents()
    assert (first.row, first.label, first.attempts) == (3, "kept", 0)
    assert (second.row, second.attempts, second.reason) == (9, 1, None)
    assert {first.state, second.state} == {State.UNKNOWN}


async def test_terms_are_told_by_number(path: Path) -> None:
    """What the items' number stands for; nothing for an unknown one."""
    await run(path, items([1]))
    with JournalView.open(path) as view:
        (one,) = view.items()
        assert view.terms(one.terms) == JobTerms.of(person(1))
        assert view.terms(None) is None
        assert view.terms(77) is None


async def test_spreads_tell_how_long_turns_took(path: Path) -> None:
    """To two digits, of those who were sent, in spans."""
    await run(path, items(range(6)))
    for row, took in enumerate((0.01234, 0.01199, 0.456, 4.44, 44.4)):
        edit(path, "UPDATE item SET at = 61, took = ? WHERE row = ?", took, row)
    edit(path, "UPDATE item SET attempts = 0 WHERE row = 5")
    with JournalView.open(path) as view:
        assert list(view.spreads()) == [
            Spread(60, 0.012, 2),
            Spread(60, 0.46, 1),
            Spread(60, 4.4, 1),
            Spread(60, 44, 1),
        ]


async def test_activities_tell_what_runs_did(path: Path) -> None:
    """A person counts in the run that had them last."""
    await run(path, items(range(3)))
    edit(path, "UPDATE item SET at = row, run = CASE row WHEN 2 THEN 8 ELSE 1 END")
    edit(path, "UPDATE item SET attempts = 4 WHERE row = 1")
    with JournalView.open(path) as view:
        assert list(view.activities()) == [
            Activity(1, 2, 5, 0, 1),
            Activity(8, 1, 1, 2, 2),
        ]
        assert [view.ended_since(at) for at in (0, 1.5, 3)] == [3, 1, 0]


async def test_all_is_told_of_one_moment(path: Path) -> None:
    """What a run writes meanwhile is seen after it, and the run is not held up."""
    enroller = BatchEnroller(client_of(Carrier()), concurrency=1, journal=path)
    async with asyncio.timeout(HANG), enroller:
        outcomes = enroller.enroll(items(range(50)))
        await anext(outcomes)
        with JournalView.open(path) as view:
            with view.at_one_moment():
                before = view.counts()
                await take(outcomes, 49)
                assert view.counts() == before
            assert view.counts().total() == 50 > before.total()


@pytest.fixture
def locked_folder() -> Iterator[Path]:
    """A folder whose rights a test may change; those above it let everybody pass."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)
        Path(folder).chmod(0o700)


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="no such users here")
def test_a_journal_in_a_folder_that_can_t_be_written_is_read(
    locked_folder: Path,
) -> None:
    """SQLite would make files beside it; there is no need for any."""
    path = locked_folder / "job.sqlite3"
    asyncio.run(run(path, [item(1)]))
    path.chmod(0o444)
    locked_folder.chmod(0o555)
    user = os.geteuid()
    try:
        if user == 0:
            os.seteuid(NOBODY)
        with JournalView.open(path) as view:
            assert view.counts() == {State.ENROLLED: 1}
            assert view.holder is None
    finally:
        os.seteuid(user)
    names = {file.name for file in locked_folder.iterdir()}
    assert names == {"job.sqlite3", "job.sqlite3.lock"}
