"""The tally: counts of a run, at any time."""

from __future__ import annotations

import pytest

from verifik_async import BatchOutcome, BatchReport, OutcomeStatus
from verifik_async.batch.tally import Tally


def outcome(status: OutcomeStatus, *, attempts: int = 1) -> BatchOutcome:
    """Somebody's outcome."""
    return BatchOutcome(index=0, status=status, attempts=attempts)


def test_every_status_is_counted_from_the_start() -> None:
    """A report can be printed as a table before anything has happened."""
    report = Tally().report()
    nobody = dict.fromkeys(OutcomeStatus, 0)
    assert report == BatchReport(counts=nobody)
    assert report.rate == 0


def test_outcomes_are_counted_by_status() -> None:
    """The counts add up to the total, and requests are counted beside them."""
    tally = Tally()
    for status in (*OutcomeStatus, OutcomeStatus.ENROLLED):
        tally.add(outcome(status, attempts=2))
    report = tally.report()
    twice = {OutcomeStatus.ENROLLED: 2}
    assert report.counts == dict.fromkeys(OutcomeStatus, 1) | twice
    assert report.total == sum(report.counts.values()) == 11
    assert report.attempts == 22


def test_a_report_is_a_picture_of_its_moment() -> None:
    """Counts that go on do not change a report given out before."""
    tally = Tally()
    before = tally.report()
    tally.add(outcome(OutcomeStatus.ENROLLED))
    assert before.counts[OutcomeStatus.ENROLLED] == 0


def test_who_is_in_flight_is_counted_until_it_ends_in_whatever_way() -> None:
    """An error takes a person out of the air as well."""
    tally = Tally()
    with tally.flying(), pytest.raises(ValueError, match="by design"):
        _fail_in_flight(tally)
    assert tally.report().in_flight == 0


def _fail_in_flight(tally: Tally) -> None:
    with tally.flying():
        assert tally.report().in_flight == 2
        raise ValueError("by design")


def test_the_first_reason_to_stop_counts() -> None:
    """Later ones are its consequences."""
    tally = Tally()
    first = ValueError("first")
    tally.stop("no credits", first)
    tally.stop("no token", ValueError("second"))
    assert tally.stop_reason == tally.report().stop_reason == "no credits"
    assert tally.report().stop_error is first


def test_a_reason_without_an_error_keeps_later_errors_out() -> None:
    """The caller's own stop is no error, whatever fails after it."""
    tally = Tally()
    tally.stop("enough", None)
    tally.stop("no token", ValueError("second"))
    assert tally.report().stop_reason == "enough"
    assert tally.report().stop_error is None


def test_time_counts_from_the_beginning_to_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before, nothing; meanwhile, until now; after it, no more."""
    now = 50.0
    monkeypatch.setattr("verifik_async.batch.tally.time.monotonic", lambda: now)
    tally = Tally()
    assert tally.report().elapsed == 0
    tally.begin()
    now = 53.0
    assert tally.report().elapsed == 3
    tally.end()
    now = 60.0
    assert tally.report().elapsed == 3
