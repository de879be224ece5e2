"""Many persons: what a report keeps of them does not grow with their number."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest
from batch_runs import Carrier, refused
from journal_runs import item, run
from report_runs import LOW, edit

from verifik_async.batch.journal import JournalView
from verifik_async.batch.report.failures import failures_of
from verifik_async.batch.report.overview import overview_of
from verifik_async.batch.report.timeline import timeline_of

_MANY = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
INSERT INTO item SELECT
    randomblob(16), CASE i % 3 WHEN 0 THEN 'liveness_failed' ELSE 'enrolled' END, i,
    run, terms, 1, 1e9 + i / 20.0, (i % 900) / 1000.0, status, error, code, reason,
    'detail ' || i, person_id, request_id, (i % 64) / 100.0, label
FROM item, n WHERE row = 0
"""


def peak(journal: Path) -> int:
    """Most bytes of Python's that reading a whole report takes."""
    tracemalloc.start()
    with JournalView.open(journal) as view, view.at_one_moment():
        overview_of(view)
        failures_of(view)
        timeline_of(view)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


@pytest.mark.parametrize("persons", [5_000, 20_000])
async def test_memory_stays_flat(journal: Path, persons: int) -> None:
    """A third of them failed, each with a text of its own."""
    await run(journal, [item(0)], Carrier(lambda _: refused(409, LOW)))
    edit(journal, _MANY, persons)
    assert peak(journal) < 1_500_000
