"""Failed liveness checks in all their forms: reason, score, worth a new photograph.

Sources: api-facts.md §1.4, "Liveness" and "human texts that leak".
"""

import pytest
from answers import refused

from verifik_async import LivenessFailedError
from verifik_async.codec.error_bodies import read_error_body
from verifik_async.codec.refusals import TEXTS
from verifik_async.wire import HttpResponse

CANONICAL = [
    "no_face_detected",
    "multiple_faces_detected",
    "face_occluded",
    "face_close_to_border",
    "face_not_centered",
    "face_too_far",
    "face_too_close",
    "face_rotation_too_large",
    "poor_lighting",
]

PROVIDER = [
    ("ERR_NO_FACE_DETECTED", "no_face_detected"),
    ("ERR_MULTIPLE_FACES_DETECTED", "multiple_faces_detected"),
    ("ERR_LIVENESS_FACE_CLOSE_TO_BORDER", "face_close_to_border"),
    ("ERR_LIVENESS_FACE_TOO_SMALL", "face_too_far"),
    ("ERR_LIVENESS_FACE_ANGLE_TOO_LARGE", "face_rotation_too_large"),
]

HUMAN = [
    ("image is invalid for checking liveness", "liveness_quality"),
    ("the image has more than one face", "multiple_faces_detected"),
    ("The face is not in the center", "face_not_centered"),
    ("The face rotation angle is too large", "face_rotation_too_large"),
    ("The face is occluded", "face_occluded"),
    ("Face is close to the border", "face_close_to_border"),
]

CAPTURE = [
    *((word, word) for word in (*CANONICAL, "liveness_error", "liveness_quality")),
    *PROVIDER,
    *HUMAN,
]

VERDICTS = ["liveness_failed", "ERR_LIVENESS_FAILED", "LIVENESS_CHECK_FAILED"]


def failed(**body: object) -> LivenessFailedError:
    """The failed check that a body tells."""
    error = refused(409, {"code": "ERROR", **body})
    assert isinstance(error, LivenessFailedError)
    return error


@pytest.mark.parametrize(("said", "reason"), CAPTURE)
def test_captures(said: str, reason: str) -> None:
    """Where the capture is at fault, its reason is told in one canonical word."""
    for message in (said, f"409:{said}", f"409: {said}"):
        error = failed(message=message)
        assert (error.reason, error.retakeable) == (reason, True)


@pytest.mark.parametrize("said", VERDICTS)
def test_verdicts(said: str) -> None:
    """Where the face itself failed, another photograph is not promised to help."""
    for message in (said, f"409:{said}"):
        error = failed(message=message)
        assert (error.reason, error.retakeable) == ("liveness_failed", False)


@pytest.mark.parametrize("said", [word for word, _ in (*CAPTURE[:11], *PROVIDER)])
def test_reason_as_code(said: str) -> None:
    """The reason may stand in the code, beside a text that tells nothing."""
    error = failed(message="409:something_else", code=said)
    assert error.retakeable


@pytest.mark.parametrize(("said", "reason"), CAPTURE)
@pytest.mark.parametrize("word", ["liveness_quality", "liveness_failed"])
def test_cause_behind_the_word(word: str, said: str, reason: str) -> None:
    """`liveness_quality@…` names its cause by the provider's code or text."""
    error = failed(message=f"409:{word}@{said}")
    assert (error.reason, error.retakeable) == (reason, True)
    assert error.detail == said


@pytest.mark.parametrize("reason", CANONICAL)
def test_failure_reason(reason: str) -> None:
    """Newer builds name the cause in a field, at the root or nested."""
    for body in ({"failureReason": reason}, {"data": {"failureReason": reason}}):
        error = failed(
            message="409:liveness_failed@0.45", failureKind="quality", **body
        )
        assert (error.reason, error.retakeable) == (reason, True)
        assert error.score == 0.45


def test_unknown_failure_reason() -> None:
    """A cause that nobody knows changes nothing."""
    error = failed(message="liveness_failed", failureReason="moon_phase")
    assert (error.reason, error.retakeable) == ("liveness_failed", False)


@pytest.mark.parametrize(
    ("body", "score"),
    [
        ({"message": "409:liveness_failed@0.45"}, 0.45),
        ({"message": "409:liveness_failed@ 0.45 "}, 0.45),
        ({"message": "liveness_failed@45"}, 0.45),
        ({"message": "liveness_failed@1"}, 1.0),
        ({"message": "liveness_failed@0"}, 0.0),
        ({"message": "liveness_failed", "livenessScore": 0.3}, 0.3),
        ({"message": "liveness_failed", "livenessScore": "0.3"}, 0.3),
        ({"message": "liveness_failed", "data": {"liveness_score": 30}}, 0.3),
        ({"message": "liveness_failed@0.9", "livenessScore": 0.3}, 0.3),
        ({"message": "liveness_failed@low", "livenessScore": None}, None),
        ({"message": "liveness_failed@nan"}, None),
        ({"message": "liveness_failed@-1"}, None),
        ({"message": "liveness_failed@100.5"}, None),
        ({"message": "liveness_failed", "livenessScore": True}, None),
        ({"message": "liveness_failed", "livenessScore": 10**400}, None),
        ({"message": "liveness_failed", "livenessScore": [0.3]}, None),
        ({"message": "liveness_failed"}, None),
    ],
)
def test_scores(body: dict[str, object], score: float | None) -> None:
    """The score is a share of one, wherever and however it is told."""
    assert failed(**body).score == score


def test_failed_checks_keep_their_text() -> None:
    """Code, message and detail are there as the server gave them."""
    error = failed(message="409:liveness_failed@0.45", code="liveness_failed")
    assert (error.code, error.detail) == ("liveness_failed", "0.45")
    assert error.message == "409:liveness_failed@0.45"
    assert str(error) == "HTTP 409 liveness_failed: 409:liveness_failed@0.45"


def test_every_text_is_shown() -> None:
    """Each pattern about faces stands for a text in the rows above."""
    shown = [*(word for word, _ in CAPTURE), *VERDICTS]
    for pattern, meaning in TEXTS:
        if meaning.error is LivenessFailedError:
            assert any(map(pattern.search, shown)), pattern


def test_no_score_elsewhere() -> None:
    """Bodies without a score, or without an object, have none."""
    for data in (b"", b"[]", b'"liveness_failed"', b"{}"):
        body = read_error_body(HttpResponse(status=409, body=data))
        assert (body.score, body.failure_reason) == (None, None)


def test_a_failure_of_quality_is_worth_a_new_photograph() -> None:
    """Newer builds name the kind of a failure, also where they name no cause."""
    error = failed(message="409:liveness_failed@0.45", failureKind="quality")
    assert error.retakeable
    assert error.reason == "liveness_quality"
    assert not failed(message="liveness_failed", failureKind="score").retakeable
