"""The journal's contents: looked up, intended, settled; all of a group or nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from pathlib import Path

import pytest
from journal_runs import asked, states

from verifik_async.batch.journal import JobTerms, Journal, JournalWriteError
from verifik_async.batch.journal.opening import OpenJournal, open_journal
from verifik_async.batch.journal.records import (
    Asked,
    Intent,
    KeyKind,
    Known,
    State,
    Verdict,
)
from verifik_async.batch.journal.schema import explained
from verifik_async.batch.journal.store import Store

TERMS = JobTerms(
    collection_id="c1", liveness_min_score=0.65, min_score=0.8, search_mode="FAST"
)


def key(number: int) -> bytes:
    """Somebody's."""
    return number.to_bytes(16, "big")


def intent(number: int, *, row: int | None = None) -> Intent:
    """Somebody about to be sent."""
    return Intent(key(number), number if row is None else row, TERMS, None)


def verdict(state: State, **facts: str) -> Verdict:
    """What came of somebody."""
    return Verdict(
        state=state, attempts=1, at=5.0, took=0.5, person_id=facts.get("person_id")
    )


def look(store: Store, *numbers: int, kind: KeyKind = "given") -> list[Known]:
    """Look people up, each in a row of their number."""
    with store.group():
        return store.look([Asked(key(number), kind, number) for number in numbers])


def settle(store: Store, number: int, state: State, **facts: str) -> None:
    """Send somebody, and have this come of it."""
    with store.group():
        store.intend([intent(number)])
    with store.group():
        store.settle(intent(number), verdict(state, **facts), terms=TERMS)


def opened(path: Path) -> OpenJournal:
    """The journal, for another run."""
    return open_journal(Journal(path), base_url="https://a.example")


@pytest.fixture
def store(path: Path) -> Generator[Store]:
    """A journal's contents."""
    journal = opened(path)
    yield journal.store
    journal.close([], {})


def test_nobody_is_known_at_first(store: Store) -> None:
    """New people are pending."""
    assert look(store, *range(100)) == [Known()] * 100


def test_somebody_settled_is_known_again(path: Path) -> None:
    """With what was asked for, and whom the server told."""
    journal = opened(path)
    settle(journal.store, 1, State.ENROLLED, person_id="p1")
    settle(journal.store, 2, State.LIVENESS_FAILED)
    journal.close([], {})
    journal = opened(path)
    assert look(journal.store, 2, 3, 1) == [
        Known(state=State.LIVENESS_FAILED, terms=TERMS),
        Known(),
        Known(state=State.ENROLLED, terms=TERMS, person_id="p1"),
    ]
    journal.close([], {})


@pytest.mark.parametrize("numbers", [(1, 2, 1), (1, *range(100, 200), 1)])
def test_somebody_who_came_before_in_this_run(
    store: Store, numbers: tuple[int, ...]
) -> None:
    """In the same look-up, or in an earlier one."""
    *first, last = look(store, *numbers)
    assert last == Known(again=True)
    assert first == [Known()] * len(first)
    assert look(store, 2)[0].again == (2 in numbers)


def test_a_group_is_kept_whole_or_not_at_all(store: Store, path: Path) -> None:
    """Also the terms that were new in it."""

    def fail_in_the_end() -> None:
        with store.group():
            store.intend([intent(1)])
            store.settle(intent(2), verdict(State.ENROLLED), terms=TERMS)
            store.note("lost", {})
            raise LookupError

    with pytest.raises(LookupError):
        fail_in_the_end()
    assert states(path) == {}
    assert asked(path, "SELECT * FROM terms") == []
    settle(store, 2, State.ENROLLED)
    ((terms,),) = asked(path, "SELECT terms.min_score FROM item JOIN terms")
    assert terms == 0.8


def test_many_at_once(store: Store, path: Path) -> None:
    """However many there are, each is written once."""
    with store.group():
        store.intend([intent(number) for number in range(100)])
    assert set(states(path).values()) == {"intent"}
    with store.group():
        for number in range(77):
            store.settle(intent(number), verdict(State.ENROLLED), terms=None)
        for number in range(77, 100):
            store.take_back(intent(number))
    assert states(path) == dict.fromkeys(range(77), "enrolled")


def test_a_success_beats_whatever_comes_later(store: Store, path: Path) -> None:
    """As a late answer to an attempt of before."""
    settle(store, 1, State.PRESUMED_ENROLLED)
    settle(store, 1, State.LIVENESS_FAILED)
    assert states(path) == {1: "presumed_enrolled"}


def test_attempts_add_up(store: Store, path: Path) -> None:
    """Over all runs: each may have been charged."""
    settle(store, 1, State.UNKNOWN)
    settle(store, 1, State.LIVENESS_FAILED)
    settle(store, 1, State.ENROLLED)
    assert asked(path, "SELECT attempts FROM item") == [(3,)]


@pytest.mark.parametrize(
    ("state", "row"),
    [(State.DUPLICATE, 1), (State.UNKNOWN, 1), (State.ENROLLED, 8)],
)
def test_a_row_that_has_moved_is_named_by_its_new_number(
    path: Path, state: State, row: int
) -> None:
    """Where a report would name it: nobody looks for those who are enrolled."""
    journal = opened(path)
    with journal.store.group():
        moved = intent(1, row=8)
        journal.store.settle(moved, verdict(state, person_id="p"), terms=None)
    look(journal.store, 1)
    journal.close([], {})
    assert list(states(path)) == [row]


def test_terms_of_a_number_that_nobody_wrote(path: Path) -> None:
    """Somebody has edited the file: nothing can be compared then."""
    journal = opened(path)
    settle(journal.store, 1, State.ENROLLED)
    with journal.store.group():
        journal.store.database.execute("DELETE FROM terms")
    journal.close([], {})
    journal = opened(path)
    assert look(journal.store, 1) == [Known(state=State.ENROLLED)]
    journal.close([], {})


def test_a_full_disk_keeps_nothing_of_the_group(store: Store, path: Path) -> None:
    """SQLite's own limit, which says what a full disk does."""
    ((pages,),) = asked(path, "PRAGMA page_count")
    store.database.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(sqlite3.OperationalError) as caught, store.group():
        store.intend([intent(number) for number in range(1000)])
    assert states(path) == {}
    error = explained(caught.value)
    assert isinstance(error, JournalWriteError)
    assert "the disk is full" in str(error)


def test_an_error_of_sqlite_that_has_no_words_here_is_named() -> None:
    """And its text, which may quote what was to be stored, is not."""
    error = explained(sqlite3.IntegrityError("Jane Doe"))
    assert "IntegrityError" in str(error)
    assert "Jane" not in str(error)
