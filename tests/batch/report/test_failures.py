"""Who is not enrolled and why: in groups, with the hint of the error that was met."""

from __future__ import annotations

from pathlib import Path

from batch_runs import Carrier, refused
from journal_runs import item, items, run
from report_runs import LOW, edit, mixed_run

from verifik_async import LivenessFailedError, OutcomeUnknownError, errors
from verifik_async.batch.journal import JournalView, State
from verifik_async.batch.report.failures import LISTED, Failures, failures_of, ranges
from verifik_async.batch.report.reasons import hint_of


def read(journal: Path) -> Failures:
    """Everybody who is not enrolled."""
    with JournalView.open(journal) as view:
        return failures_of(view)


async def test_groups_come_by_urgency(journal: Path) -> None:
    """Who may have been charged first, who is enrolled anyway last."""
    await mixed_run(journal, 20)
    groups = read(journal).groups
    assert [(group.state, group.count) for group in groups] == [
        (State.UNKNOWN, 2),
        (State.FAILED, 2),
        (State.LIVENESS_FAILED, 2),
        (State.LIVENESS_FAILED, 2),
        (State.REJECTED, 2),
        (State.DUPLICATE, 2),
    ]
    assert groups[0].hint == OutcomeUnknownError.hint
    assert groups[2].hint == LivenessFailedError.hint
    assert {group.title for group in groups} >= {
        "Poor lighting",
        "Name too short",
        "Duplicated person",
    }
    assert groups[-1].rows == (1, 11)


async def test_what_only_repeats_the_reason_is_left_out(journal: Path) -> None:
    """The status before it, and a mere score, which stands elsewhere."""
    await run(journal, items([1]), Carrier(lambda _: refused(409, LOW)))
    (one,) = read(journal).listed
    assert (one.why.what, one.why.detail) == ("liveness_failed", "")
    assert one.score == "score 0.31, 0.65 needed"


async def test_rare_details_stand_beside_the_reason(journal: Path) -> None:
    """The most frequent of them, with how often they came."""
    await run(journal, items(range(9)), Carrier(lambda _: refused(409, LOW)))
    edit(journal, "UPDATE item SET detail = CASE WHEN row < 5 THEN 'a' ELSE row END")
    (group,) = read(journal).groups
    assert group.details == (("a", 5),)
    edit(journal, "UPDATE item SET detail = 'b' || row WHERE row > 4")
    (group,) = read(journal).groups
    assert group.details[0] == ("a", 5)
    assert len(group.details) == 3


async def test_many_reasons_become_one_group(journal: Path) -> None:
    """So that the report stays readable, and bounded."""
    await run(journal, items(range(300)))
    edit(journal, "UPDATE item SET state = 'rejected', reason = 'r' || row")
    failures = read(journal)
    assert sum(group.count for group in failures.groups) == 300
    assert len(failures.groups) == 201
    assert failures.groups[0].title == "further reasons"
    assert [one.row for one in failures.listed] == list(range(LISTED))


async def test_rows_without_a_place_are_listed_with_their_fault(journal: Path) -> None:
    """Between the others, by row."""
    await run(journal, [item(3), item(3)])
    edit(journal, "UPDATE fault SET row = 2")
    listed = read(journal).listed
    assert [(one.row, one.state, one.key) for one in listed] == [
        (2, State.INVALID, None)
    ]
    assert "is that of an earlier person" in listed[0].why.what


async def test_scores_are_told_beside_what_was_asked_for(journal: Path) -> None:
    """Near misses apart; answers without a score are counted as such."""
    await run(journal, items(range(5)), Carrier(lambda _: refused(409, LOW)))
    for row, score in enumerate((0.0, 0.6, 0.62, 1.0, None)):
        edit(journal, "UPDATE item SET liveness = ? WHERE row = ?", score, row)
    liveness = read(journal).liveness
    assert (liveness.scored, liveness.without, liveness.near) == (4, 1, 2)
    assert [place for place, count in enumerate(liveness.bins) if count] == [0, 12, 19]
    assert liveness.thresholds == ((0.65, 4),)


def test_rows_are_told_as_people_write_them() -> None:
    """Neighbours as a range, in order, once each."""
    assert ranges([9, 2, 3, 4, 3, 7]) == "2\N{EN DASH}4, 7, 9"
    assert ranges([]) == ""


def test_each_error_s_hint_is_its_own() -> None:
    """There is no second copy; what is none of our errors is a bug."""
    assert hint_of("ConnectError") == errors.ConnectError.hint
    assert "report it" in hint_of("KeyError")
    assert "report it" in hint_of("FieldFault")
