"""How a job stands: counts, runs, rates, and what to do next."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from batch_runs import Carrier, client_of, refused, take
from journal_runs import item, items, run
from report_runs import edit, mixed_run

from verifik_async import BatchEnroller, BatchItem
from verifik_async.batch.journal import JournalView, State
from verifik_async.batch.report import Overview, next_steps, overview_of
from verifik_async.batch.report.runs import Ending


def read(journal: Path) -> Overview:
    """How the job stands now."""
    with JournalView.open(journal) as view:
        return overview_of(view)


async def test_everybody_counts_once(journal: Path) -> None:
    """By state; what the run was told to do is known by its terms."""
    await mixed_run(journal)
    overview = read(journal)
    assert overview.counts == {
        State.ENROLLED: 4,
        State.DUPLICATE: 1,
        State.LIVENESS_FAILED: 2,
        State.REJECTED: 1,
        State.UNKNOWN: 1,
        State.FAILED: 1,
    }
    assert (overview.settled, overview.enrolled, overview.not_enrolled) == (10, 4, 6)
    assert overview.terms is not None
    assert overview.terms.collection_id


async def test_rows_without_a_place_in_the_journal_count_too(journal: Path) -> None:
    """A person who is there twice is a faulty row."""
    await run(journal, [item(1), item(1)])
    assert read(journal).counts == {State.ENROLLED: 1, State.INVALID: 1}


async def test_whom_a_killed_run_left_in_flight_is_unknown(journal: Path) -> None:
    """Also somebody who stood elsewhere before; nobody counts twice."""
    await mixed_run(journal)
    edit(
        journal,
        "INSERT INTO intent SELECT key, row, 1, 5.0, NULL FROM item "
        "WHERE state = 'failed'",
    )
    edit(journal, "INSERT INTO intent VALUES (x'01', 99, NULL, 5.0, NULL)")
    edit(journal, "DELETE FROM event WHERE kind = 'run_ended'")
    overview = read(journal)
    assert (overview.unknown, overview.counts.get(State.FAILED)) == (3, None)
    assert (overview.settled, overview.in_flight) == (11, 0)
    assert overview.latest is not None
    assert overview.latest.ending is Ending.CUT_OFF
    assert any("without a word" in step for step in next_steps(overview))


async def test_a_run_that_goes_on_is_told_as_such(journal: Path) -> None:
    """Its holder is known, and those in flight are not unknown."""
    enroller = BatchEnroller(client_of(Carrier()), concurrency=2, journal=journal)
    async with enroller:
        outcomes = enroller.enroll(items(range(9)))
        await take(outcomes, 1)
        overview = read(journal)
        assert overview.holder is not None
        assert not overview.unknown
        assert overview.latest is not None
        assert overview.latest.ending is Ending.GOES_ON
        assert "a run goes on" in next_steps(overview)[0]


async def test_each_run_is_told_with_its_end(journal: Path) -> None:
    """Finished or stopped, and why; persons count in the run that had them last."""
    no_credits = Carrier(lambda _: refused(402, "insufficient_credits"))
    await run(journal, items(range(3)), no_credits, concurrency=1)
    await run(journal, items(range(3)))
    stopped, finished = read(journal).runs
    assert (stopped.ending, finished.ending) == (Ending.STOPPED, Ending.FINISHED)
    assert stopped.reason == "HTTP 402 insufficient_credits"
    assert (stopped.persons, finished.persons) == (0, 3)
    assert finished.reason is None


async def test_persons_left_are_known_if_a_run_said_how_many_there_are(
    journal: Path,
) -> None:
    """The largest number counts: what failed is fed back as a job of fewer."""
    for planned in (7, 2):
        async with BatchEnroller(client_of(Carrier()), journal=journal) as enroller:
            enroller.note("planned", {"persons": planned})
            await take(enroller.enroll(items([1, 2])), 2)
    overview = read(journal)
    assert (overview.planned, overview.pending) == (7, 5)
    assert "Left: 5 persons." in next_steps(overview)[0]


async def test_more_persons_than_were_planned_count_all_the_same(journal: Path) -> None:
    """A journal may serve several manifests of one job."""
    async with BatchEnroller(client_of(Carrier()), journal=journal) as enroller:
        enroller.note("planned", {"persons": 1})
        await take(enroller.enroll(items([1, 2])), 2)
    overview = read(journal)
    assert (overview.total, overview.pending) == (2, 0)


async def test_without_such_a_number_nobody_is_called_pending(journal: Path) -> None:
    """What is not known is not guessed."""
    await run(journal, items([1]))
    assert read(journal).pending is None
    assert next_steps(read(journal)) == ("Nothing: everybody is enrolled.",)


async def test_the_rate_is_over_the_time_that_runs_worked(journal: Path) -> None:
    """Not over the nights between them."""
    await run(journal, items(range(6)))
    edit(journal, "UPDATE event SET at = 1000 + 10 * id, run = 1")
    edit(journal, "UPDATE item SET at = 1015 + row")
    assert read(journal).rate == 6 / (1020 - 1010)


async def test_a_run_that_goes_on_has_the_rate_of_lately(journal: Path) -> None:
    """Persons of a while ago say nothing about now."""
    async with BatchEnroller(client_of(Carrier()), journal=journal) as enroller:
        await take(enroller.enroll(items(range(8))), 8)
        now = time.time()
        edit(journal, "UPDATE event SET at = ?", now - 3000)
        edit(journal, "UPDATE item SET at = ? - 100 * row", now)
        rate = read(journal).rate
        assert rate is not None
        assert rate == pytest.approx(3 / 300)


@pytest.mark.parametrize("kind", ["surprise", "planned"])
async def test_events_that_say_nothing_are_passed_over(
    journal: Path, kind: str
) -> None:
    """Kinds that a later version writes, and facts of another type."""
    async with BatchEnroller(client_of(Carrier()), journal=journal) as enroller:
        enroller.note(kind, {"persons": "many"})
    overview = read(journal)
    assert overview.planned is None
    assert next_steps(overview) == (
        "Nobody was sent yet: run the job with this journal.",
    )


async def test_persons_without_keys_are_told(journal: Path) -> None:
    """To the journal they are another person once their row is mended."""
    await run(journal, [BatchItem(request=item(1).request)])
    assert read(journal).known_by_content


async def test_steps_name_what_is_to_be_tried_again(journal: Path) -> None:
    """The most urgent first, with the option that has refusals sent again."""
    await mixed_run(journal)
    unknown, again, mend = next_steps(read(journal))
    assert "--resend-unknown" in unknown
    assert "are tried again: 1 person." in again
    assert "(4 persons)" in mend
    assert "`--retry duplicate,liveness_failed,rejected`" in mend
