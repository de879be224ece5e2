"""The writer: whoever hands something in is told once it is on the disk, or why not."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest
from batch_runs import HANG
from journal_runs import asked

from verifik_async.batch.journal import Journal, JournalError, JournalWriteError
from verifik_async.batch.journal.store import Store
from verifik_async.batch.journal.writer import MOST, Writer


@pytest.fixture
async def writer(path: Path) -> AsyncGenerator[Writer]:
    """A writer, closed afterwards."""
    opened = await Writer.open(Journal(path), base_url="https://a.example")
    yield opened
    await opened.close({})


async def idle(writer: Writer) -> None:
    """Wait until everything has been dealt with."""
    done = asyncio.Event()
    writer.when_idle(done.set)
    async with asyncio.timeout(HANG):
        await done.wait()


def note(name: str) -> Callable[[Store], None]:
    """Work that leaves a trace."""
    return functools.partial(Store.note, kind=name, facts={})


def notes(path: Path) -> list[object]:
    """The traces, without those of the run itself."""
    question = "SELECT kind FROM event WHERE kind NOT LIKE 'run%' ORDER BY id"
    return [kind for (kind,) in asked(path, question)]


async def test_who_hands_in_is_told_when_it_is_on_the_disk(
    writer: Writer, path: Path
) -> None:
    """In the order in which things were handed in, on the event loop."""
    told: list[object] = []
    here = threading.get_ident()

    def then(made: object) -> None:
        assert threading.get_ident() == here
        told.append((made, notes(path)))

    def work(store: Store) -> int:
        assert threading.get_ident() != here
        store.note("a", {})
        return 7

    writer.hand_in(work, then=then, failed=told.append)
    writer.write(note("b"), then=then)
    await idle(writer)
    assert told == [(7, ["a", "b"]), (None, ["a", "b"])]


async def test_what_comes_together_is_committed_together(
    writer: Writer, path: Path
) -> None:
    """Up to a number: nobody waits behind an endless group."""
    groups: list[int] = []
    count = MOST + 10

    def then(_: object) -> None:
        groups.append(len(notes(path)))

    for number in range(count):
        writer.write(note(str(number)), then=then)
    await idle(writer)
    assert groups == [MOST] * MOST + [count] * 10


async def test_impatient_work_takes_the_patient_along(
    writer: Writer, path: Path
) -> None:
    """Nothing overtakes what was handed in before it."""
    told: list[str] = []
    done = asyncio.Event()

    def hasty(_: object) -> None:
        told.append("hasty")
        done.set()

    writer.write(note("patient"), then=lambda _: told.append("patient"))
    writer.hand_in(note("hasty"), then=hasty, failed=hasty, patience=0)
    async with asyncio.timeout(HANG):
        await done.wait()
    assert told == ["patient", "hasty"]
    assert notes(path) == told


async def test_a_bug_in_the_work_fails_its_group_and_is_told(
    writer: Writer, path: Path
) -> None:
    """A run that waits for an answer gets one; what others wrote is written later."""
    told: list[object] = []

    def bug(_: Store) -> None:
        raise ZeroDivisionError

    writer.write(note("kept"), then=told.append)
    writer.hand_in(bug, then=told.append, failed=told.append)
    await idle(writer)
    assert [type(one) for one in told] == [JournalWriteError] * 2
    assert "ZeroDivisionError" in str(told[0])
    assert notes(path) == []
    writer.write(note("after"), then=told.append)
    await idle(writer)
    assert told[2:] == [None]


async def test_what_failed_is_tried_again_at_the_end(path: Path) -> None:
    """Only what was to be kept: a look-up makes no sense later."""
    writer = await Writer.open(Journal(path), base_url="https://a.example")
    told: list[JournalError | None] = []
    room = False

    def full(store: Store) -> None:
        if not room:
            raise ZeroDivisionError
        store.note("kept", {})

    writer.write(full, then=told.append)
    writer.hand_in(note("dropped"), then=lambda _: None, failed=told.append)
    await idle(writer)
    room = True
    await writer.close({"enrolled": 3})
    assert len(told) == 2
    assert notes(path) == ["kept"]
    ((facts,),) = asked(path, "SELECT facts FROM event WHERE kind = 'run_ended'")
    assert facts == '{"enrolled": 3}'


async def test_one_that_fails_again_takes_no_other_along(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Each is tried by itself; the log tells that not all went well."""

    def broken(_: Store) -> None:
        raise JournalWriteError("by design")

    writer = await Writer.open(Journal(path), base_url="https://a.example")
    writer.write(note("before"), then=lambda _: None)
    writer.write(broken, then=lambda _: None)
    writer.write(note("after"), then=lambda _: None)
    await idle(writer)
    await writer.close({})
    assert notes(path) == ["before", "after"]
    assert "JournalWriteError" in caplog.text
    await (await Writer.open(Journal(path), base_url="https://a.example")).close({})


async def test_an_event_that_can_not_be_written_stops_nothing(
    writer: Writer, path: Path
) -> None:
    """It is the caller's mistake, and told before it takes others along."""
    with pytest.raises(TypeError):
        writer.note("odd", {"what": object()})  # type: ignore[dict-item]
    writer.note("good", {})
    await idle(writer)
    assert notes(path) == ["good"]


async def test_closing_outlasts_cancellation(path: Path) -> None:
    """The lock is free and the end is written when it returns."""
    writer = await Writer.open(Journal(path), base_url="https://a.example")
    closing = asyncio.create_task(writer.close({}))
    for _ in range(3):
        await asyncio.sleep(0)
        closing.cancel()
    await asyncio.wait([closing], timeout=HANG)
    assert closing.cancelled()
    ((count,),) = asked(path, "SELECT count(*) FROM event WHERE kind = 'run_ended'")
    assert count == 1
    await (await Writer.open(Journal(path), base_url="https://a.example")).close({})
