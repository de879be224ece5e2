"""From an answer to an `Enrollment`, or to one error."""

from __future__ import annotations

import datetime as dt
import json
import math
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import cattrs

from verifik_async.codec.converter import (
    json_object,
    read_person,
    read_signature,
    text_or_none,
)
from verifik_async.codec.error_bodies import ErrorBody, read_error_body
from verifik_async.codec.privacy import Scrubber
from verifik_async.codec.refusals import Meaning, liveness_meaning, meaning_of
from verifik_async.errors import (
    ApiError,
    DuplicatePersonError,
    ExistingPerson,
    LivenessFailedError,
    RateLimitedError,
    RefusalFields,
    ServerError,
    UnexpectedResponseError,
)
from verifik_async.models import Enrollment

if TYPE_CHECKING:
    from verifik_async.models import EnrollmentRequest
    from verifik_async.tokens import Token
    from verifik_async.wire import HttpResponse

_OK, _NOT_OK, _REFUSED = 200, 300, 400
_MOST_COLLECTIONS = 20
_TOO_MANY, _SERVER_FAILED, _UNAVAILABLE = 429, 500, 503


def decode_enrollment(
    response: HttpResponse,
    *,
    request: EnrollmentRequest,
    token: Token,
    now: dt.datetime,
) -> Enrollment:
    """What the answer says: a person, or the one error that it means.

    Args:
        response: The answer.
        request: What was asked, so that the server's echo of it can be taken out of
            errors; nothing else of it is used.
        token: Likewise.
        now: For a Retry-After that is a date, where the answer has no date itself.

    Raises:
        UnexpectedResponseError: A 2xx that can't be understood: outcome `UNKNOWN`.
        ApiError: The server answered no; the table in `refusals` tells which.
    """
    if response.status < _REFUSED:
        found = _enrollment(response)
        if isinstance(found, Enrollment):
            return found
        # Raised here, where no variable holds the answer.
        raise UnexpectedResponseError(status=response.status, problems=found)
    raise _refusal(response, request=request, token=token, now=now)


def _enrollment(response: HttpResponse) -> Enrollment | list[str]:
    """The person, or what can't be understood about the answer."""
    if not _OK <= response.status < _NOT_OK:
        return ["neither a success nor a refusal @ status"]
    try:
        root = json_object(json.loads(response.body))
    except (ValueError, RecursionError):
        return [f"no JSON, {len(response.body)} bytes @ $"]
    data = json_object(root.get("data")) if root else None
    if root is None or data is None:
        return ["no object @ $" if root is None else "no person @ $.data"]
    try:
        person = read_person(data)
    except Exception as error:  # noqa: BLE001 - cattrs raises groups of any kind
        return cattrs.transform_error(error, "$.data")
    return Enrollment(
        person=person,
        signature=read_signature(root.get("signature")),
        request_id=text_or_none(root.get("id")),
    )


def _refusal(
    response: HttpResponse,
    *,
    request: EnrollmentRequest,
    token: Token,
    now: dt.datetime,
) -> ApiError:
    scrub = Scrubber(
        name=request.name, date_of_birth=request.date_of_birth, token=token.value
    )
    body = read_error_body(response)
    meaning = _refined(
        meaning_of(
            status=response.status,
            word=body.word,
            text=body.message,
            codes=body.codes,
        ),
        body,
    )
    code = next(iter(body.codes), None)
    status = response.status
    said = RefusalFields(
        status=status,
        code=scrub.clean(code)[:64] if code else None,
        message=scrub.clean(body.message),
        reason=scrub.clean(meaning.reason) if meaning.reason else None,
        detail=scrub.clean(body.detail) if body.detail else None,
    )
    wait = retry_after(response, now=now)
    if status == _TOO_MANY or (status == _UNAVAILABLE and wait is not None):
        return RateLimitedError(retry_after=wait, **said)
    if status >= _SERVER_FAILED:
        return ServerError(**said)
    if meaning.error is LivenessFailedError:
        return LivenessFailedError(
            score=body.score, retakeable=meaning.retakeable, **said
        )
    if meaning.error is DuplicatePersonError:
        return DuplicatePersonError(existing_person=_existing(body, scrub), **said)
    return meaning.error(**said)


def _existing(body: ErrorBody, scrub: Scrubber) -> ExistingPerson | None:
    """Who is enrolled already; ids that might tell more than an id are left out."""
    found = scrub.identifier(body.person_id) if body.person_id else None
    collections = tuple(filter(None, map(scrub.identifier, body.collections)))
    if found is None and not collections:
        return None
    return ExistingPerson(id=found, collections=collections[:_MOST_COLLECTIONS])


def _refined(meaning: Meaning, body: ErrorBody) -> Meaning:
    """A failed liveness check may name its cause beside itself."""
    if meaning.error is not LivenessFailedError:
        return meaning
    kind = "liveness_quality" if body.failure_kind == "quality" else None
    named = filter(None, (body.failure_reason, body.detail, kind))
    return next(filter(None, map(liveness_meaning, named)), meaning)


def retry_after(response: HttpResponse, *, now: dt.datetime) -> float | None:
    """Seconds of the Retry-After header, in either of its forms (RFC 9110 10.2.3).

    A date is read against the answer's own Date, so that clocks need not agree.
    """
    value = response.headers.get("retry-after", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        until = _http_date(value)
        if until is None:
            return None
        base = _http_date(response.headers.get("date", "")) or now
        return max(0.0, (until - base).total_seconds())
    return seconds if 0 <= seconds < math.inf else None


def _http_date(value: str) -> dt.datetime | None:
    try:
        found = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
