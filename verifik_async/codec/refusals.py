"""The table of refusals: which answer means which error, beside its source.

An answer is classified by the reason in its text first and by its status second,
for 409 means three things (duplicate, liveness, validation) and 412 two (no base64
image, person already set). Only 429 and 5xx are told by the status alone.

Sources: [R] the reference page; [D] sibling pages of the documentation; [C] what the
vendor's own clients cope with; [U] the engine behind the API, whose errors leak.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs

from verifik_async.errors import (
    ApiError,
    AuthenticationError,
    DuplicatePersonError,
    InsufficientCreditsError,
    InvalidImageError,
    LivenessFailedError,
    NotFoundError,
    ParameterError,
    PermissionDeniedError,
    TokenExpiredError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@attrs.frozen(kw_only=True)
class Meaning:
    """What a reason means.

    Attributes:
        error: The class to raise.
        reason: The reason in its one canonical form; None keeps the server's word.
        retakeable: For liveness: a better photograph may pass.
        statuses: Where the reason has this meaning; empty for everywhere.
    """

    error: type[ApiError]
    reason: str | None = None
    retakeable: bool = False
    statuses: tuple[int, ...] = ()


def _liveness(reason: str, *, retakeable: bool = True) -> Meaning:
    return Meaning(error=LivenessFailedError, reason=reason, retakeable=retakeable)


_DUPLICATE = Meaning(error=DuplicatePersonError)
_EXPIRED = Meaning(error=TokenExpiredError, reason="token_expired", statuses=(401, 403))
_UNAUTHENTICATED = Meaning(error=AuthenticationError, statuses=(401, 403))
_NO_CREDITS = Meaning(
    error=InsufficientCreditsError,
    reason="insufficient_credits",
    statuses=(402, 403),
)
_BAD_IMAGE = Meaning(error=InvalidImageError)
_BAD_PARAMETER = Meaning(error=ParameterError)
_NOT_FOUND = Meaning(error=NotFoundError)

WORDS: Mapping[str, Meaning] = {
    # already enrolled, in three shapes
    "duplicated_person": _DUPLICATE,  # [R] 409
    "person_already_set": _DUPLICATE,  # [D] 412 with the person; [D] 409 as code
    # liveness: a verdict on the face
    "liveness_failed": _liveness("liveness_failed", retakeable=False),  # [R]
    "liveness_check_failed": _liveness("liveness_failed", retakeable=False),  # [C]
    "err_liveness_failed": _liveness("liveness_failed", retakeable=False),  # [C]
    # liveness: the capture, or the check itself
    "liveness_quality": _liveness("liveness_quality"),  # [C]
    "liveness_error": _liveness("liveness_error"),  # [D] not the capture's fault
    "no_face_detected": _liveness("no_face_detected"),  # [D] this and the next eight
    "multiple_faces_detected": _liveness("multiple_faces_detected"),
    "face_occluded": _liveness("face_occluded"),
    "face_close_to_border": _liveness("face_close_to_border"),
    "face_not_centered": _liveness("face_not_centered"),
    "face_too_far": _liveness("face_too_far"),
    "face_too_close": _liveness("face_too_close"),
    "face_rotation_too_large": _liveness("face_rotation_too_large"),
    "poor_lighting": _liveness("poor_lighting"),
    "err_no_face_detected": _liveness("no_face_detected"),  # [C] provider's codes
    "err_multiple_faces_detected": _liveness("multiple_faces_detected"),
    "err_liveness_face_close_to_border": _liveness("face_close_to_border"),
    "err_liveness_face_too_small": _liveness("face_too_far"),
    "err_liveness_face_angle_too_large": _liveness("face_rotation_too_large"),
    # who asks
    "token_expired": _EXPIRED,  # [R]
    "expired_token": _EXPIRED,  # [C]
    "invalid_token": _EXPIRED,  # [C]
    "unauthorized": _UNAUTHENTICATED,  # [R] the code beside "Authentication required"
    "insufficient_credits": _NO_CREDITS,  # [C] 403
    "paymentrequired": _NO_CREDITS,  # [C] 402, as code
    # images
    "only_images_in_base64": _BAD_IMAGE,  # [R] 412
    "could_not_compress_image": _BAD_IMAGE,  # [D] 412
    "image_is_required": _BAD_IMAGE,  # [D]
    "insecure_image_url": _BAD_IMAGE,  # [D] 409
    "invalid_image_format": _BAD_IMAGE,  # [D] older 400
    # parameters
    "missingparameter": _BAD_PARAMETER,  # [D] 409, as code beside Joi's text
    "invalid_parameters": _BAD_PARAMETER,  # [D] 409
    "collection_not_set": _BAD_PARAMETER,  # [D] 409
    "name_too_short": _BAD_PARAMETER,  # [D] 409
    "name_required": _BAD_PARAMETER,  # [D] older 400
    # not there
    "invalid_collection": _NOT_FOUND,  # [D] 404
    "person_not_found": _NOT_FOUND,  # [D] 404
    "err_entity_not_found": _NOT_FOUND,  # [U] in data.code
}
"""By the reason's word, in lower case, from the message first, then from the code."""

TEXTS: tuple[tuple[re.Pattern[str], Meaning], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), meaning)
    for pattern, meaning in (
        # [R] "a message containing liveness_failed"; sub-scores may follow it
        (r"duplicated_person|person_already_set", _DUPLICATE),
        (r"liveness_failed", WORDS["liveness_failed"]),
        (r"liveness_quality", WORDS["liveness_quality"]),
        # [C] texts of the provider that leak with the code ERROR
        (r"more than one face", WORDS["multiple_faces_detected"]),
        (r"face is not in the cent", WORDS["face_not_centered"]),
        (r"rotation angle is too large", WORDS["face_rotation_too_large"]),
        (r"face is occluded", WORDS["face_occluded"]),
        (r"close to the border", WORDS["face_close_to_border"]),
        (r"invalid for checking liveness", WORDS["liveness_quality"]),
        # [C] 401 texts; [D] the page on renewing tokens
        (r"(token|jwt|session)\b.*expired|expired.*token|invalid_token", _EXPIRED),
        (r"authentication required|use authorization header", _UNAUTHENTICATED),
        # [C] 403 which is no matter of permission
        (r"credit|not enough", _NO_CREDITS),
        # [U] collection or person id
        (r"person id was not found", _NOT_FOUND),
        # [D] Joi, and the older hand-made checks
        (r'^"[\w.\[\]]+" |^missing \w+', _BAD_PARAMETER),
    )
)
"""By the whole message, where it is no single word."""

STATUSES: Mapping[int, type[ApiError]] = {
    400: ParameterError,
    401: AuthenticationError,  # [R]
    402: InsufficientCreditsError,  # [C]
    403: PermissionDeniedError,  # [R] lumps it with 401
    404: NotFoundError,
    409: ParameterError,  # [R] "or other validation message"
    412: InvalidImageError,  # [R]
    413: InvalidImageError,  # nothing documented; a smaller image is the remedy
    422: ParameterError,  # [U]
}
"""By the status, where the text says nothing known."""


def meaning_of(*, status: int, word: str, text: str, codes: tuple[str, ...]) -> Meaning:
    """What a refusal means: by its word, its text, its codes, its status.

    Args:
        status: The HTTP status.
        word: The message without prefix and detail.
        text: The whole message.
        codes: `code` of the body and of what is nested in it.

    Returns:
        The meaning, with the word that told it as its reason.
    """
    word = word.lower()
    for reason, meaning in _candidates(word, text, codes):
        if not meaning.statuses or status in meaning.statuses:
            return attrs.evolve(meaning, reason=meaning.reason or reason or None)
    return Meaning(error=STATUSES.get(status, ApiError), reason=word or None)


def _candidates(
    word: str, text: str, codes: tuple[str, ...]
) -> Iterator[tuple[str, Meaning]]:
    """Known meanings, each with the word that tells it; empty if the text does."""
    if word in WORDS:
        yield word, WORDS[word]
    for pattern, meaning in TEXTS:
        if found := pattern.search(text):
            known = found[0].lower()
            yield known if known in WORDS else "", meaning
    for code in map(str.lower, codes):
        if code in WORDS:
            yield code, WORDS[code]


def liveness_meaning(text: str) -> Meaning | None:
    """What a reason given beside `liveness_failed` or `liveness_quality` adds."""
    by_text = (meaning for pattern, meaning in TEXTS if pattern.search(text))
    for meaning in (WORDS.get(text.lower()), *by_text):
        if meaning and meaning.error is LivenessFailedError:
            return meaning
    return None
