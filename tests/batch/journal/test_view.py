"""Looking into a journal: what a report can be made of, and nothing personal."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from batch_runs import Carrier, refused
from journal_runs import items, run

from verifik_async.batch.journal import JournalView, State
from verifik_async.batch.journal.findings import Pace


async def test_a_refusal_is_told_with_all_that_the_server_said(path: Path) -> None:
    """Status, code, reason and score, and how long the person's turn took."""
    low = "409:liveness_failed@0.31"
    await run(path, items([7]), Carrier(lambda _: refused(409, low, "Conflict")))
    with JournalView.open(path) as view:
        (item,) = view.items(State.LIVENESS_FAILED)
    assert (item.row, item.attempts, item.run) == (7, 1, 1)
    assert (item.status, item.code, item.reason) == (409, "Conflict", "liveness_failed")
    assert item.error == "LivenessFailedError"
    assert item.liveness == 0.31
    assert item.took is not None
    assert item.at > item.took >= 0


async def test_the_pace_counts_everybody_once_in_the_span_of_their_end(
    path: Path,
) -> None:
    """Spans in which nothing happened are left out."""
    await run(path, items(range(4)))
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.executemany(
            "UPDATE item SET at = ?, state = ? WHERE row = ?",
            [
                *((120.0, "enrolled", 0), (179.9, "enrolled", 1)),
                *((150.0, "rejected", 2), (300.0, "enrolled", 3)),
            ],
        )
    with JournalView.open(path) as view:
        by_minute = list(view.pace())
        (by_day, _) = view.pace(seconds=86_400)
    assert by_minute == [
        Pace(120, State.ENROLLED, 2),
        Pace(120, State.REJECTED, 1),
        Pace(300, State.ENROLLED, 1),
    ]
    assert by_day == Pace(0, State.ENROLLED, 3)
