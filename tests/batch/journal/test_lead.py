"""How far intents are ahead: as few as keep the workers busy."""

from __future__ import annotations

import pytest

from verifik_async.batch.journal.lead import Lead, most_ahead


def test_it_begins_with_one() -> None:
    """A crash right at the start leaves few to be looked up."""
    assert Lead(64).size == 1


@pytest.mark.parametrize(("workers", "most"), [(1, 1), (2, 1), (3, 1), (64, 32)])
def test_it_grows_while_workers_wait_up_to_half_of_them(
    workers: int, most: int
) -> None:
    """A slow disk is made up for, within a bound."""
    lead = Lead(workers)
    for _ in range(10):
        lead.late()
    assert lead.size == most == most_ahead(workers)


def test_it_shrinks_while_nobody_waits() -> None:
    """Down to one, and not at once: one quick answer says little."""
    lead = Lead(64)
    for _ in range(10):
        lead.late()
    lead.in_time()
    assert lead.size == 32
    for _ in range(64 * 32):
        lead.in_time()
    assert lead.size == 1


def test_a_wait_begins_the_count_anew() -> None:
    """It shrinks only after a while in which nobody waited at all."""
    lead = Lead(64)
    lead.late()
    for _ in range(1000):
        lead.in_time()
        lead.in_time()
        lead.late()
    assert lead.size == 32
