"""For tests of journals: persons with keys, whole runs, and what the file says."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import ParamSpec, TypedDict, TypeVar, Unpack

import pytest
from batch_runs import HANG, Carrier, Source, client_of, in_order, person

from verifik_async import BatchEnroller, BatchItem, BatchOutcome, BatchReport
from verifik_async.batch.journal import Journal, intake, writer
from verifik_async.batch.journal.resumption import OnUnknown

Given = ParamSpec("Given")
Value = TypeVar("Value")


class Settings(TypedDict, total=False):
    """What a run may be told."""

    concurrency: int
    retry: Iterable[str]
    on_unknown: OnUnknown


def item(number: int) -> BatchItem:
    """Somebody with a key, whose request is made when their turn comes."""
    return BatchItem(
        key=f"key-of-{number}", row=number, request=functools.partial(person, number)
    )


def items(numbers: Iterable[int]) -> Iterator[BatchItem]:
    """Several of them."""
    return map(item, numbers)


class Ran(TypedDict):
    """A run that has ended."""

    outcomes: list[BatchOutcome]
    report: BatchReport


async def run(
    journal: Journal | Path,
    people: Source,
    carrier: Carrier | None = None,
    **settings: Unpack[Settings],
) -> Ran:
    """Carry a run out to its end; outcomes come in the order of the source."""
    enroller = BatchEnroller(
        client_of(carrier or Carrier()), journal=journal, **settings
    )
    async with asyncio.timeout(HANG), enroller:
        outcomes = [outcome async for outcome in enroller.enroll(people)]
    return {"outcomes": in_order(outcomes), "report": enroller.report}


def statuses(outcomes: Iterable[BatchOutcome]) -> list[str]:
    """What became of each, in the order of the source."""
    return [outcome.status.value for outcome in in_order(outcomes)]


def asked(path: Path, question: str) -> list[tuple[object, ...]]:
    """What SQLite answers, by itself."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        return database.execute(question).fetchall()


def states(path: Path) -> dict[object, object]:
    """Where each person stands, by row; an intent is `intent`."""
    told = asked(path, "SELECT row, state FROM item")
    told += asked(path, "SELECT row, 'intent' FROM intent")
    return dict(told)  # type: ignore[arg-type]


class NoThread(Executor):
    """Does everything at once, and here."""

    def __init__(self, workers: int, *, thread_name_prefix: str) -> None:
        assert workers
        assert thread_name_prefix

    def submit(
        self, do: Callable[Given, Value], /, *args: Given.args, **kwargs: Given.kwargs
    ) -> Future[Value]:
        """Do it now."""
        done = Future[Value]()
        try:
            done.set_result(do(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - as executors do
            done.set_exception(error)
        return done


def without_thread(patch: pytest.MonkeyPatch) -> None:
    """Let journals write in the event loop, where a virtual clock sees them at work."""
    patch.setattr(writer, "ThreadPoolExecutor", NoThread)
    patch.setattr(writer, "LINGER", 0.0)
    patch.setattr(intake, "LINGER", 0.0)
