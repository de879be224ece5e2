"""The canary: the first persons refused alike stop a run, with the likely reason."""

from __future__ import annotations

import math
import weakref
from collections import Counter

import pytest
from batch_runs import Answer, Carrier, client_of, error_of, person, refused
from hypothesis import given
from hypothesis import strategies as st

from verifik_async import (
    BatchOutcome,
    ConnectError,
    DuplicatePersonError,
    FaceImage,
    FieldFault,
    HttpResponse,
    InvalidRequestError,
    LivenessFailedError,
    NotFoundError,
    OutcomeStatus,
    ParameterError,
    ServerError,
    UnexpectedResponseError,
    VerifikError,
)
from verifik_async.batch.outcomes import status_of
from verifik_async.batch.stops import Lookout, Stop, StopRules
from verifik_async.batch.stops.canary import Canary

ENROLLED = BatchOutcome(index=0, status=OutcomeStatus.ENROLLED)


def of(error: VerifikError) -> BatchOutcome:
    """The outcome of somebody who met this error."""
    return BatchOutcome(index=0, status=status_of(error), error=error)


async def answered(answer: Answer) -> BatchOutcome:
    """The outcome of somebody whom the server answered so."""
    client = client_of(Carrier(lambda _: answer))
    with pytest.raises(VerifikError) as caught:
        await client.enroll(person(1))
    return of(caught.value)


def first_stop(lookout: Lookout, outcomes: list[BatchOutcome]) -> tuple[int, Stop]:
    """When the run is stopped, and why."""
    for count, outcome in enumerate(outcomes, 1):
        if stop := lookout.see(outcome):
            return count, stop
    raise AssertionError("nothing stopped it")


LIKELY = [
    (refused(404, "invalid_collection"), "collection id is wrong"),
    (refused(404, "", "ERR_ENTITY_NOT_FOUND"), "collection id is wrong"),
    (refused(404, "no such route"), "collection id or the base URL"),
    (refused(412, "only_images_in_base64"), "data: URLs"),
    (refused(412, "could_not_compress_image"), "can't read such pictures"),
    (refused(409, '"min_score" is required'), "parameter min_score"),
    (refused(409, '"images[0]" must be a string'), "parameter images)"),
    (refused(409, "missing countryCode\n. missing phone\n"), "parameter countryCode"),
    (refused(409, "collection_not_set"), "collection_not_set"),
    (
        HttpResponse.of_json(
            422, {"data": {"detail": [{"loc": ["body", "min_score"], "msg": "ge"}]}}
        ),
        "parameter min_score",
    ),
    (refused(409, "409:duplicated_person"), "earlier run"),
    (refused(412, "person_already_set"), "earlier run"),
    (refused(409, "409:liveness_failed@0.45"), "scores 0.45 to 0.45"),
    (refused(409, "liveness_quality"), "liveness_min_score"),
    (refused(418, "teapot"), "ApiError teapot"),
    (HttpResponse(status=200, headers={}, body=b"<html>"), "something else answers"),
]


@pytest.mark.parametrize(("answer", "said"), LIKELY)
async def test_the_first_refused_alike_stop_the_run(
    answer: HttpResponse, said: str
) -> None:
    """As soon as it is certain, and with what is likely wrong and what to do."""
    outcome = await answered(answer)
    count, stop = first_stop(Lookout(StopRules()), [outcome] * 20)
    assert count == 18
    assert stop.rule == "canary"
    assert stop.error is outcome.error
    assert stop.reason.startswith("18 of the first 18 persons were refused alike (")
    assert said in stop.reason
    assert ". To do: " in stop.reason
    assert stop.reason.endswith(".")


async def test_nothing_of_a_person_is_in_the_reason() -> None:
    """Servers may echo what was sent; the reason holds none of their texts."""
    text = '"Jane Doe" of 1990-01-15 <b>is no name</b>'
    outcome = await answered(refused(409, text))
    _, stop = first_stop(Lookout(StopRules()), [outcome] * 20)
    assert "Jane" not in stop.reason
    assert "1990" not in stop.reason
    assert "<b>" not in stop.reason


def test_two_of_twenty_may_be_otherwise() -> None:
    """Nearly all is enough; a third that went well ends the watch."""
    bad = of(error_of(NotFoundError))
    mixed = [ENROLLED, bad, *[bad] * 10, ENROLLED, *[bad] * 7]
    count, stop = first_stop(Lookout(StopRules()), mixed)
    assert count == 20
    assert "18 of the first 20" in stop.reason
    lookout = Lookout(StopRules())
    seen = [lookout.see(each) for each in [*mixed[:-1], ENROLLED, *[bad] * 100]]
    assert not any(seen)
    assert lookout.width is None


def test_other_parameters_are_not_alike() -> None:
    """Bad rows differ; a bad setting does not."""
    errors = [
        ParameterError(status=409, message=f'"{name}" is required')
        for name in ("gender", "name")
    ]
    lookout = Lookout(StopRules())
    assert not any(lookout.see(of(errors[i % 2])) for i in range(40))


def test_liveness_and_duplicates_are_alike_whatever_the_reason() -> None:
    """Their common causes are the same; the reasons and scores are told."""
    failed = [
        LivenessFailedError(status=409, reason="liveness_failed", score=0.31),
        LivenessFailedError(status=409, reason="face_occluded"),
        LivenessFailedError(status=409, reason="liveness_failed", score=0.52),
    ]
    _, stop = first_stop(Lookout(StopRules()), [of(failed[i % 3]) for i in range(20)])
    assert "LivenessFailedError liveness_failed 12" in stop.reason
    assert "LivenessFailedError face_occluded 6" in stop.reason
    assert "scores 0.31 to 0.52" in stop.reason
    found = [
        DuplicatePersonError(status=409, reason=reason)
        for reason in ("duplicated_person", "person_already_set")
    ]
    _, stop = first_stop(Lookout(StopRules()), [of(found[i % 2]) for i in range(20)])
    assert "check collection_id" in stop.reason


def test_persons_presumed_enrolled_are_no_refusals() -> None:
    """A resumed run that meets its own persons goes on."""
    error = DuplicatePersonError(status=409)
    error.may_be_own_write = True
    assert of(error).status is OutcomeStatus.PRESUMED_ENROLLED
    lookout = Lookout(StopRules())
    assert not any(lookout.see(of(error)) for _ in range(40))


@pytest.mark.parametrize("kind", [ConnectError, ServerError])
def test_an_outage_at_the_start_is_no_canary(kind: type[VerifikError]) -> None:
    """It tells nothing of the job, and does not hide what comes after it."""
    lookout = Lookout(StopRules())
    assert not any(lookout.see(of(error_of(kind))) for _ in range(40))
    assert lookout.width == 4
    count, _ = first_stop(lookout, [of(error_of(NotFoundError))] * 20)
    assert count == 18


def fault(field: str) -> InvalidRequestError:
    """A row that is refused here."""
    return InvalidRequestError([FieldFault(field=field, problem="can't be read")])


def test_the_first_refused_here_alike_stop_the_run() -> None:
    """A wrong folder need not make a million rows invalid."""
    with pytest.raises(InvalidRequestError) as caught:
        FaceImage.from_path("no such picture.jpg")
    outcomes = [of(caught.value)] * 10 + [of(fault(f"images[{i}]")) for i in range(10)]
    _, stop = first_stop(Lookout(StopRules()), outcomes)
    assert "refused alike before anything was sent (images[" in stop.reason
    assert "no such picture" not in stop.reason
    assert "nothing was sent" in stop.reason


def test_an_invalid_row_without_faults_is_told_by_its_class() -> None:
    """An opener of the caller's may raise it empty."""
    _, stop = first_stop(Lookout(StopRules()), [of(InvalidRequestError([]))] * 20)
    assert "(InvalidRequestError 18)" in stop.reason


def test_bad_rows_do_not_hide_that_the_server_refuses_all_others() -> None:
    """What was sent and what was refused here are counted apart."""
    wrong, bad = of(error_of(NotFoundError)), of(fault("gender"))
    count, stop = first_stop(Lookout(StopRules()), [bad, wrong] * 20)
    assert count == 36
    assert isinstance(stop.error, NotFoundError)


def test_bad_rows_among_good_ones_do_not_stop_a_run() -> None:
    """They are so many failures in the file, and no wrong setting."""
    lookout = Lookout(StopRules())
    rows = [*[of(fault("gender"))] * 10, ENROLLED, ENROLLED, ENROLLED]
    assert not any(lookout.see(row) for row in [*rows, *[of(fault("gender"))] * 90])


def test_the_run_is_narrow_until_the_canary_is_sure() -> None:
    """Three who went well are enough to know that it can't stop any more."""
    lookout = Lookout(StopRules(canary_width=6))
    widths: list[int | None] = []
    for _ in range(4):
        widths.append(lookout.width)
        lookout.see(ENROLLED)
    assert widths == [6, 6, 6, None]


def test_without_a_canary_nothing_is_narrow_and_nobody_is_watched() -> None:
    """The rule is off as a whole."""
    lookout = Lookout(StopRules(canary=None))
    assert lookout.width is None
    assert not any(lookout.see(of(error_of(NotFoundError))) for _ in range(40))
    assert not any(lookout.see(of(fault("gender"))) for _ in range(40))


LETTERS = st.sampled_from(["", "a", "b"])


@given(st.lists(LETTERS, max_size=40), st.integers(1, 25), st.floats(0.51, 1))
def test_the_canary_is_sure_and_no_sooner(
    letters: list[str], rows: int, share: float
) -> None:
    """It stops where enough of the first are alike, and is over where none can be."""
    canary = Canary(rows, share=share)
    needed = math.ceil(rows * share)
    found = [
        canary.see(ParameterError(status=409, reason=letter) if letter else None)
        is not None
        for letter in letters
    ]
    expected = [False] * len(letters)
    for end in range(1, min(rows, len(letters)) + 1):
        most = max(Counter(filter(None, letters[:end])).values(), default=0)
        if most >= needed:
            expected[end - 1] = True
            break
    assert found == expected
    if not any(expected) and letters[:rows]:
        most = max(Counter(filter(None, letters[:rows])).values(), default=0)
        assert canary.over == (most + rows - len(letters[:rows]) < needed)


def test_a_canary_that_is_over_keeps_nothing() -> None:
    """The errors of the first persons are let go."""
    canary = Canary(3, share=0.9)
    error = error_of(UnexpectedResponseError)
    kept = weakref.ref(error)
    canary.see(error)
    del error
    assert kept() is not None
    canary.see(None)
    assert canary.over
    assert kept() is None
