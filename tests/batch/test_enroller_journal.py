"""A batch with a journal: resumed as if it had never ended, and never paid twice."""

from __future__ import annotations

import asyncio
import functools
from collections import Counter
from pathlib import Path

import pytest
from batch_runs import (
    HANG,
    Answer,
    Carrier,
    Given,
    client_of,
    enrolled,
    outcomes_of,
    person,
    refused,
    tasks_left,
)
from journal_runs import asked, item, items, run, states, statuses

from verifik_async import (
    BatchEnroller,
    BatchItem,
    BatchOutcome,
    ConfigurationError,
    ConnectError,
    EnrollmentRequest,
    InvalidRequestError,
    OutcomeStatus,
    OutcomeUnknownError,
    ReadTimeoutError,
)
from verifik_async.batch.journal import Journal, JournalView, State

ANSWERS: dict[int, Answer] = {
    1: refused(409, "409:duplicated_person"),
    2: refused(409, "409:liveness_failed"),
    3: refused(412, "only_images_in_base64"),
    4: ReadTimeoutError("late"),
    5: ConnectError("refused"),
}
"""By the person; everybody else is enrolled."""

FIRST = [
    *("enrolled", "duplicate", "liveness_failed", "rejected", "unknown", "failed"),
    "enrolled",
]


def answer(number: int) -> Answer:
    """What comes of a person."""
    return ANSWERS.get(number, enrolled(number))


async def test_the_same_run_again_sends_only_who_is_not_settled(path: Path) -> None:
    """Settled ones are skipped, `unknown` told again, and never sent ones sent."""
    first = await run(path, items(range(7)), Carrier(answer))
    assert statuses(first["outcomes"]) == FIRST
    carrier = Carrier()
    second = await run(path, items(range(9)), carrier)
    assert carrier.sent == [5, 7, 8]
    assert statuses(second["outcomes"]) == [
        *["skipped"] * 4,
        *("unknown", "enrolled", "skipped", "enrolled", "enrolled"),
    ]
    assert isinstance(second["outcomes"][4].error, OutcomeUnknownError)


async def test_who_was_skipped_tells_the_earlier_verdict(path: Path) -> None:
    """Whoever reads only the last run's outcomes misses nothing."""
    await run(path, items(range(3)), Carrier(answer))
    ran = await run(path, items(range(3)))
    settled = [outcome.settled for outcome in ran["outcomes"]]
    assert [one.status.value for one in settled if one] == FIRST[:3]
    assert settled[0] is not None
    assert settled[0].person_id == "person-0"
    assert ran["report"].skipped == {
        OutcomeStatus.ENROLLED: 1,
        OutcomeStatus.DUPLICATE: 1,
        OutcomeStatus.LIVENESS_FAILED: 1,
    }
    assert ran["report"].rate == 0


async def test_a_refusal_is_tried_again_only_when_it_is_asked_for(path: Path) -> None:
    """And only the kind asked for; a success then is what counts."""
    await run(path, items(range(4)), Carrier(answer))
    carrier = Carrier()
    ran = await run(path, items(range(4)), carrier, retry={"liveness_failed"})
    assert carrier.sent == [2]
    assert statuses(ran["outcomes"]) == ["skipped", "skipped", "enrolled", "skipped"]
    assert states(path)[2] == "enrolled"
    (attempts,) = asked(path, "SELECT attempts FROM item WHERE row = 2")
    assert attempts == (2,)


async def test_who_is_unknown_is_sent_again_only_when_it_is_asked_for(
    path: Path,
) -> None:
    """A duplicate is presumed to be ours then; it is settled from then on."""
    await run(path, items([4]), Carrier(answer))
    carrier = Carrier(lambda _: ANSWERS[1])
    ran = await run(path, items([4]), carrier, on_unknown="resend")
    assert statuses(ran["outcomes"]) == ["presumed_enrolled"]
    assert carrier.sent == [4]
    again = await run(path, items([4]), carrier, on_unknown="resend")
    assert statuses(again["outcomes"]) == ["skipped"]


@pytest.mark.parametrize("number", [2, 3, 5])
async def test_a_refusal_says_nothing_about_an_earlier_attempt(
    path: Path, number: int
) -> None:
    """Who is sent again and refused stays `unknown`: the first may have got through."""
    await run(path, items([4]), Carrier(answer))
    ran = await run(
        path, items([4]), Carrier(lambda _: ANSWERS[number]), on_unknown="resend"
    )
    (outcome,) = ran["outcomes"]
    assert outcome.status is OutcomeStatus.UNKNOWN
    assert outcome.error is not None
    assert outcome.error.__cause__ is not None
    assert outcome.attempts == 1
    assert states(path) == {4: "unknown"}


async def test_a_fatal_answer_leaves_everybody_where_they_stood(path: Path) -> None:
    """Nobody is settled by it; who was `unknown` before still is."""
    await run(path, items([4]), Carrier(answer))
    denied = Carrier(lambda _: refused(401, "Authentication required", "UNAUTHORIZED"))
    ran = await run(path, items(range(40)), denied, on_unknown="resend", concurrency=2)
    assert Counter(statuses(ran["outcomes"]))["not_attempted"] >= 39
    assert len(denied.sent) <= 2
    assert states(path) == {4: "unknown"}
    carrier = Carrier()
    await run(path, items(range(40)), carrier, on_unknown="resend")
    assert sorted(carrier.sent) == list(range(40))


async def test_who_is_not_sent_again_after_all_stays_unknown(path: Path) -> None:
    """A run that stops before their turn does not make them pending, to anybody."""
    await run(path, items(range(9)), Carrier(lambda _: ANSWERS[4]), concurrency=1)
    before = asked(path, "SELECT * FROM item ORDER BY row")
    enroller = BatchEnroller(
        client_of(Carrier()), concurrency=1, journal=path, on_unknown="resend"
    )
    outcomes: list[BatchOutcome] = []
    async with asyncio.timeout(HANG), enroller:
        async for outcome in enroller.enroll(items(range(9))):
            outcomes.append(outcome)
            enroller.stop("enough")
    count = Counter(statuses(outcomes))
    assert set(count) == {"enrolled", "unknown"}
    assert all(
        isinstance(outcome.error, OutcomeUnknownError)
        for outcome in outcomes
        if outcome.status is OutcomeStatus.UNKNOWN
    )
    after = asked(path, "SELECT * FROM item ORDER BY row")
    assert after[count["enrolled"] :] == before[count["enrolled"] :]


async def test_people_are_known_by_their_key_and_not_by_their_place(path: Path) -> None:
    """The manifest may be sorted anew, grow and shrink in between."""
    await run(path, items([3, 1, 2]))
    carrier = Carrier()
    ran = await run(path, items([4, 2, 3, 0]), carrier)
    assert statuses(ran["outcomes"]) == ["enrolled", "skipped", "skipped", "enrolled"]
    assert carrier.sent == [4, 0]


async def test_people_without_keys_are_known_by_their_content(path: Path) -> None:
    """The same person in the same words with the same pictures is the same row."""
    await run(path, [person(1), person(2)])
    carrier = Carrier()
    again: list[Given] = [
        person(2),
        BatchItem(request=functools.partial(person, 3)),
        person(1),
    ]
    ran = await run(path, again, carrier)
    assert statuses(ran["outcomes"]) == ["skipped", "enrolled", "skipped"]
    assert carrier.sent == [3]


@pytest.mark.parametrize("keyed", [True, False])
async def test_the_second_with_the_same_key_in_one_run_is_refused(
    path: Path, *, keyed: bool
) -> None:
    """Nobody pays twice for a row that was copied; also where the first is settled."""
    people: list[Given] = (
        [item(0), item(1), item(0)] if keyed else [person(0), person(1), person(0)]
    )
    for first in ("enrolled", "skipped"):
        carrier = Carrier()
        ran = await run(path, people, carrier)
        assert statuses(ran["outcomes"]) == [first, first, "invalid"]
        assert isinstance(ran["outcomes"][2].error, InvalidRequestError)
        assert sorted(carrier.sent) == ([0, 1] if first == "enrolled" else [])
        with JournalView.open(path) as view:
            (fault,) = view.faults()
        assert fault.error == "InvalidRequestError"


async def test_what_can_not_be_made_is_checked_again_by_the_next_run(
    path: Path,
) -> None:
    """An invalid row costs nothing, and is sent when it has been mended."""

    def broken() -> EnrollmentRequest:
        raise InvalidRequestError([])

    people: list[Given] = [BatchItem(key="a", request=broken), item(1)]
    ran = await run(path, people)
    assert statuses(ran["outcomes"]) == ["invalid", "enrolled"]
    assert states(path)[0] == "invalid"
    mended: list[Given] = [BatchItem(key="a", request=person(0)), item(1)]
    ran = await run(path, mended)
    assert statuses(ran["outcomes"]) == ["enrolled", "skipped"]


async def test_a_request_without_key_that_can_not_be_made_is_a_fault(
    path: Path,
) -> None:
    """It has no content to be known by; the latest run's are told."""

    def broken() -> EnrollmentRequest:
        raise InvalidRequestError([])

    for _ in range(2):
        ran = await run(path, [BatchItem(request=broken), person(1)])
        assert ran["outcomes"][0].status is OutcomeStatus.INVALID
    with JournalView.open(path) as view:
        assert [fault.row for fault in view.faults()] == [0]


async def test_the_request_of_somebody_skipped_is_not_made(path: Path) -> None:
    """A callable of somebody settled is never called: its pictures may be gone."""
    await run(path, items(range(3)))

    def gone() -> EnrollmentRequest:
        raise AssertionError("called")

    people = [BatchItem(key=f"key-of-{number}", request=gone) for number in range(3)]
    ran = await run(path, people)
    assert statuses(ran["outcomes"]) == ["skipped"] * 3


async def test_an_item_of_another_type_stops_the_run(path: Path) -> None:
    """Nothing that has no content can be known again, so it is not sent either."""
    carrier = Carrier()
    people: list[Given] = [{"name": "Jane Doe"}]  # type: ignore[list-item]
    ran = await run(path, people, carrier)
    assert statuses(ran["outcomes"]) == ["not_attempted"]
    assert isinstance(ran["report"].stop_error, ConfigurationError)
    assert carrier.sent == []


async def test_notes_stops_and_the_ends_of_runs_are_events(path: Path) -> None:
    """In their order, with the run that they belong to."""
    enroller = BatchEnroller(client_of(Carrier()), journal=path)
    async with enroller:
        enroller.note("paused", {"seconds": 12.5})
        enroller.stop("lunch")
        assert await outcomes_of_open(enroller) == ["not_attempted"] * 3
    with JournalView.open(path) as view:
        events = list(view.events())
    kinds = [event.kind for event in events]
    assert kinds == ["run_started", "paused", "run_ended"]
    assert {event.run for event in events} == {1}
    assert events[1].facts == {"seconds": 12.5}
    assert events[2].facts == {"not_attempted": 3, "stop_reason": "lunch"}


async def outcomes_of_open(enroller: BatchEnroller) -> list[str]:
    """Outcomes of an enroller that is open already."""
    return [str(one.status) async for one in enroller.enroll(items(range(3)))]


async def test_without_a_run_a_journal_is_opened_and_closed(path: Path) -> None:
    """`async with` alone begins and ends a run of nobody."""
    async with BatchEnroller(client_of(Carrier()), journal=path):
        assert tasks_left() == []
    with JournalView.open(path) as view:
        assert view.counts() == {}
        assert [event.kind for event in view.events()] == ["run_started", "run_ended"]


async def test_keys_are_not_written_down_unless_it_is_asked_for(
    tmp_path: Path,
) -> None:
    """A key may be a national id; a row's number says which row it was."""
    kept, bare = tmp_path / "kept", tmp_path / "bare"
    await run(Journal(kept, keep_keys=True), items([7]))
    await run(bare, items([7]))
    with JournalView.open(kept) as view:
        assert [(one.row, one.label) for one in view.items()] == [(7, "key-of-7")]
    with JournalView.open(bare) as view:
        assert [(one.row, one.label) for one in view.items()] == [(7, None)]
    assert b"key-of-7" not in bare.read_bytes()


async def test_a_run_may_be_stopped_and_resumed(path: Path) -> None:
    """Who was pulled and not sent stands where they stood, and comes the next time."""
    carrier = Carrier()
    enroller = BatchEnroller(client_of(carrier), concurrency=2, journal=path)
    async with asyncio.timeout(HANG), enroller:
        async for outcome in enroller.enroll(items(range(50))):
            if outcome.index == 5:
                enroller.stop("lunch")
    assert set(states(path).values()) == {"enrolled"}
    sent = set(carrier.sent)
    again = Carrier()
    ran = await run(path, items(range(50)), again)
    assert sent.isdisjoint(again.sent)
    assert sent | set(again.sent) == set(range(50))
    assert ran["report"].counts[OutcomeStatus.SKIPPED] == len(sent)


async def test_outcomes_go_to_the_journal_of_their_run_only(tmp_path: Path) -> None:
    """Two batches of one client have a journal each."""
    client = client_of(Carrier())
    both = await asyncio.gather(
        *(
            outcomes_of(
                BatchEnroller(client, journal=tmp_path / name), items(range(count))
            )
            for name, count in (("a", 5), ("b", 8))
        )
    )
    assert [len(outcomes) for outcomes in both] == [5, 8]
    with JournalView.open(tmp_path / "a") as view:
        assert view.counts() == {State.ENROLLED: 5}
