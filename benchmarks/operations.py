"""What a person costs apart from being carried: to build, encode, decode, classify."""

from __future__ import annotations

import base64
import collections
import datetime as dt
import functools
import json
from typing import TYPE_CHECKING

from benchmarks.loads import FIELDS, IMAGES_EACH, TOKEN
from verifik_async import (
    EnrollmentRequest,
    FaceImage,
    HttpRequest,
    HttpResponse,
    Timeout,
    VerifikError,
)
from verifik_async.codec import decode_enrollment, encode_enrollment
from verifik_async.testing.documented import DOCUMENTED
from verifik_async.tokens import Token

if TYPE_CHECKING:
    from collections.abc import Callable

_SMALL, _LARGE = 2_000, 200_000
_TIMEOUT = Timeout()
_NOW = dt.datetime(2024, 1, 30, tzinfo=dt.UTC)


def _photograph(size: int) -> bytes:
    return b"\xff\xd8\xff" + bytes(size - 3)


def _build(photograph: bytes) -> EnrollmentRequest:
    return EnrollmentRequest(
        name="Jane Doe",
        gender="F",
        date_of_birth="1990-01-15",
        nationality="CO",
        collection_id="65b9592267cc4f096dbe743d",
        liveness_min_score=0.65,
        min_score=0.8,
        search_mode="FAST",
        images=[FaceImage.from_bytes(photograph) for _ in range(IMAGES_EACH)],
    )


def _encode(request: EnrollmentRequest) -> HttpRequest:
    return encode_enrollment(
        request,
        base_url="http://127.0.0.1",
        user_agent="benchmarks",
        timeout=_TIMEOUT,
    )


def _stream(request: HttpRequest) -> None:
    collections.deque(request.body, maxlen=0)


def _dump(photograph: bytes) -> bytes:
    """The body as people make it by hand, for comparison."""
    images = [base64.b64encode(photograph).decode() for _ in range(IMAGES_EACH)]
    return json.dumps({**FIELDS, "images": images}).encode()


_PERSON = _build(_photograph(_SMALL))


def _decode(response: HttpResponse) -> object:
    try:
        return decode_enrollment(
            response, request=_PERSON, token=Token(TOKEN), now=_NOW
        )
    except VerifikError as error:
        return error


def _refusal(status: int, message: str) -> HttpResponse:
    return HttpResponse.of_json(status, {"message": message, "code": "ERROR"})


_large = _photograph(_LARGE)
OPERATIONS: dict[str, Callable[[], object]] = {
    "build a request": functools.partial(_build, _photograph(_SMALL)),
    "encode it, but for its images": functools.partial(_encode, _PERSON),
    "stream its body, 2 x 2 kB": functools.partial(_stream, _encode(_PERSON)),
    "stream its body, 2 x 200 kB": functools.partial(_stream, _encode(_build(_large))),
    "json.dumps instead, 2 x 200 kB": functools.partial(_dump, _large),
    "decode a person": functools.partial(_decode, DOCUMENTED),
    "classify a duplicate": functools.partial(
        _decode, _refusal(409, "409:duplicated_person")
    ),
    "classify failed liveness": functools.partial(
        _decode, _refusal(409, "liveness_failed (score 0.31)")
    ),
    "classify a server's failure": functools.partial(
        _decode, _refusal(500, "internal_error")
    ),
}
