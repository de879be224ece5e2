"""Answers as a server gives them, and what the codec makes of them."""

import datetime as dt
import json
from collections.abc import Mapping

import pytest
from strategies import request_of

from verifik_async import (
    ApiError,
    Enrollment,
    EnrollmentRequest,
    HttpResponse,
    UnexpectedResponseError,
)
from verifik_async.codec import decode_enrollment
from verifik_async.tokens import Token

NOW = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
TOKEN = "made-up.token-7f3a"
PERSON_ID = "65175da13e81e4fabc12345"


def answer(
    status: int, body: object, *, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """An answer with these bytes, or this value as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpResponse(status=status, headers=headers or {}, body=data)


def decoded(
    response: HttpResponse, request: EnrollmentRequest | None = None
) -> Enrollment:
    """The enrollment that an answer is, or its error raised."""
    asked = request or request_of()
    return decode_enrollment(response, request=asked, token=Token(TOKEN), now=NOW)


def refused(
    status: int,
    body: object,
    *,
    headers: Mapping[str, str] | None = None,
    request: EnrollmentRequest | None = None,
) -> ApiError:
    """The refusal that an answer is."""
    with pytest.raises(ApiError) as caught:
        decoded(answer(status, body, headers=headers), request)
    return caught.value


def not_understood(status: int, body: object) -> UnexpectedResponseError:
    """The error for an answer of success that is none."""
    with pytest.raises(UnexpectedResponseError) as caught:
        decoded(answer(status, body))
    return caught.value


def enrolled(**data: object) -> Enrollment:
    """What comes of a success whose person has these fields beside an id."""
    return decoded(answer(200, {"id": "JQ4RM", "data": {"_id": PERSON_ID, **data}}))
