"""Every refusal that a source shows, and the one error that it means.

Sources, as in api-facts.md §1.4: [R] the reference page; [D] sibling pages of the
documentation; [C] what the vendor's own clients cope with; [U] the engine behind.
"""

import pytest
from answers import PERSON_ID, answer, refused

from verifik_async import (
    ApiError,
    AuthenticationError,
    DuplicatePersonError,
    InsufficientCreditsError,
    InvalidImageError,
    LivenessFailedError,
    NotFoundError,
    ParameterError,
    PermissionDeniedError,
    RateLimitedError,
    ServerError,
    TokenExpiredError,
)
from verifik_async.codec.error_bodies import read_error_body
from verifik_async.codec.refusals import STATUSES, TEXTS, WORDS

JOI_SCORE = '"liveness_min_score" must be greater than or equal to 0.52'
NOT_THERE = "Collection or person id was not found"
PROTECTED = "Protected resource, use Authorization header to get access"


def m(message: str, code: str = "ERROR") -> dict[str, str]:
    """The usual body."""
    return {"message": message, "code": code}


Row = tuple[int, object, type[ApiError], str | None]

REFERENCE: list[Row] = [
    (401, m("Authentication required", "UNAUTHORIZED"), AuthenticationError, None),
    (403, m("Authentication required", "UNAUTHORIZED"), AuthenticationError, None),
    (401, m("token_expired", "FORBIDDEN"), TokenExpiredError, "token_expired"),
    (403, m("token_expired", "FORBIDDEN"), TokenExpiredError, "token_expired"),
    (409, m("409:duplicated_person"), DuplicatePersonError, "duplicated_person"),
    (409, m("liveness_failed"), LivenessFailedError, "liveness_failed"),
    (
        409,
        m("liveness_failed (or other validation message)"),
        LivenessFailedError,
        "liveness_failed",
    ),
    (409, m("409:liveness_failed, 0.3, 0.4"), LivenessFailedError, "liveness_failed"),
    (409, m("some other validation message"), ParameterError, None),
    (412, m("only_images_in_base64"), InvalidImageError, "only_images_in_base64"),
    (500, m("internal_error"), ServerError, "internal_error"),
]

DUPLICATES: list[Row] = [
    # [R] and the client SA: message contains it, or the code is it
    (409, m("the 409:duplicated_person"), DuplicatePersonError, "duplicated_person"),
    (
        409,
        m("Conflict", "duplicated_person"),
        DuplicatePersonError,
        "duplicated_person",
    ),
    # [D] POST /persons; the demo UIs look for it on this endpoint whatever the status
    (
        412,
        {**m("person_already_set", "PreconditionFailed"), "data": {"_id": PERSON_ID}},
        DuplicatePersonError,
        "person_already_set",
    ),
    (409, m("person_already_set"), DuplicatePersonError, "person_already_set"),
    (400, m("person_already_set"), DuplicatePersonError, "person_already_set"),
    # [D] biometric validations
    (
        409,
        m("409:person_already_set", "person_already_set"),
        DuplicatePersonError,
        "person_already_set",
    ),
]

PARAMETERS: list[Row] = [
    (409, m('"min_score" is required', "MissingParameter"), ParameterError, None),
    (409, m(JOI_SCORE, "MissingParameter"), ParameterError, None),
    (409, m(JOI_SCORE), ParameterError, None),
    (412, m('"images[0]" is not allowed to be empty'), ParameterError, None),
    (409, m("missing countryCode\n. missing phone\n"), ParameterError, None),
    (409, m("missing Authorization header", "MissingParameter"), ParameterError, None),
    (409, m("collection_not_set"), ParameterError, "collection_not_set"),
    (409, m("name_too_short"), ParameterError, "name_too_short"),
    (409, m("name is required", "INVALID_PARAMETERS"), ParameterError, None),
    (400, m("NAME_REQUIRED"), ParameterError, "name_required"),
    (400, {"error": "Invalid request"}, ParameterError, None),
    (409, {"validationError": '"gender" must be one of [M, F]'}, ParameterError, None),
    # [U] FastAPI, leaked
    (
        422,
        {"data": {"detail": [{"loc": ["body", "min_score"], "msg": "too low"}]}},
        ParameterError,
        None,
    ),
    (422, {"detail": [{"loc": ["body"], "msg": "odd"}]}, ParameterError, None),
]

IMAGES: list[Row] = [
    (
        412,
        m("412:only_images_in_base64"),
        InvalidImageError,
        "only_images_in_base64",
    ),
    (
        412,
        m("could_not_compress_image"),
        InvalidImageError,
        "could_not_compress_image",
    ),
    (409, m("image_is_required"), InvalidImageError, "image_is_required"),
    (409, m("insecure_image_url"), InvalidImageError, "insecure_image_url"),
    (400, m("INVALID_IMAGE_FORMAT"), InvalidImageError, "invalid_image_format"),
    (413, b"<html>Too large</html>", InvalidImageError, None),
]

ACCESS: list[Row] = [
    (401, m("Invalid or expired token.", "Unauthorized"), TokenExpiredError, None),
    (403, m("expired_token", "Forbidden"), TokenExpiredError, "token_expired"),
    (401, m("invalid_token"), TokenExpiredError, "token_expired"),
    (401, m("jwt expired"), TokenExpiredError, "token_expired"),
    (401, m("the session has expired"), TokenExpiredError, "token_expired"),
    (401, m("odd"), AuthenticationError, "odd"),
    (401, b"", AuthenticationError, None),
    (401, m(PROTECTED), AuthenticationError, None),
    (403, m(PROTECTED), AuthenticationError, None),
    (403, m("Access forbidden", "Forbidden"), PermissionDeniedError, None),
    (403, b"<html>no</html>", PermissionDeniedError, None),
    # 403 is not always a matter of permission
    (
        403,
        m("insufficient_credits", "Forbidden"),
        InsufficientCreditsError,
        "insufficient_credits",
    ),
    (403, m("You have not enought", "FORBIDDEN"), InsufficientCreditsError, None),
    (403, m("No more credits", "FORBIDDEN"), InsufficientCreditsError, None),
    (402, m("Pay", "PaymentRequired"), InsufficientCreditsError, None),
    (402, {"wallet": "w", "amount": 1, "price": 2}, InsufficientCreditsError, None),
]

OTHERS: list[Row] = [
    (404, m("invalid_collection"), NotFoundError, "invalid_collection"),
    (409, m("409:invalid_collection"), NotFoundError, "invalid_collection"),
    (
        404,
        {"error": "Person not found", "message": "PERSON_NOT_FOUND"},
        NotFoundError,
        "person_not_found",
    ),
    (
        409,
        {**m("odd"), "data": {"code": "ERR_ENTITY_NOT_FOUND"}},
        NotFoundError,
        "err_entity_not_found",
    ),
    (409, {"data": {"message": NOT_THERE}}, NotFoundError, None),
    (404, b"nothing here", NotFoundError, None),
    (423, m("locked", "Locked"), ApiError, "locked"),
    (429, m("slow down", "TooManyRequests"), RateLimitedError, None),
    (429, m("409:duplicated_person"), RateLimitedError, "duplicated_person"),
    (503, b"", ServerError, None),
    (504, m("Timeout", "Timeout"), ServerError, "timeout"),
    (500, m("409:duplicated_person"), ServerError, "duplicated_person"),
]


ROWS = [*REFERENCE, *DUPLICATES, *PARAMETERS, *IMAGES, *ACCESS, *OTHERS]


@pytest.mark.parametrize(("status", "body", "kind", "reason"), ROWS)
def test_classes(
    status: int, body: object, kind: type[ApiError], reason: str | None
) -> None:
    """Each refusal that a source shows becomes its class, with the reason's word."""
    error = refused(status, body)
    assert type(error) is kind
    assert error.status == status
    assert reason is None or error.reason == reason


@pytest.mark.parametrize("status", [409, 412, 400, 422])
@pytest.mark.parametrize("word", [w for w, x in WORDS.items() if not x.statuses])
def test_words_at_any_status(word: str, status: int) -> None:
    """A known word means the same at any status, in any case, also as the code."""
    meaning = WORDS[word]
    for body in (m(word), m(f"{status}:{word.upper()}"), m("odd text", word)):
        error = refused(status, body)
        assert type(error) is meaning.error
        assert error.reason == (meaning.reason or word)


@pytest.mark.parametrize("word", [w for w, x in WORDS.items() if x.statuses])
def test_words_of_some_statuses(word: str) -> None:
    """A word about access is believed only beside a status about access."""
    for status in WORDS[word].statuses:
        assert type(refused(status, m(word))) is WORDS[word].error
    assert type(refused(409, m(word))) is ParameterError


def test_statuses_alone() -> None:
    """With nothing readable in the body, the status decides."""
    for status, kind in STATUSES.items():
        assert type(refused(status, b"")) is kind
    assert type(refused(418, b"")) is ApiError


def test_every_text_is_shown() -> None:
    """Each pattern of the table stands for a text in the rows above."""
    shown = [read_error_body(answer(status, body)).message for status, body, *_ in ROWS]
    for pattern, meaning in TEXTS:
        about_faces = meaning.error is LivenessFailedError  # see test_liveness
        assert about_faces or any(map(pattern.search, shown)), pattern


def test_texts_that_say_nothing() -> None:
    """No pattern of the table matches just any text."""
    assert type(refused(418, m("All is well; nothing to see here."))) is ApiError
