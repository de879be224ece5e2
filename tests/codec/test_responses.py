"""From an answer to an enrollment or to one error."""

import datetime as dt
import json

import pytest
from answers import NOW, PERSON_ID, answer, decoded, not_understood, refused

from verifik_async import (
    DuplicatePersonError,
    ExistingPerson,
    HttpResponse,
    Outcome,
    RateLimitedError,
    ServerError,
)
from verifik_async.codec.responses import retry_after

BODY = {"id": "JQ4RM", "data": {"_id": PERSON_ID}}


@pytest.mark.parametrize("status", [200, 201, 202, 207, 299])
def test_any_success(status: int) -> None:
    """The engine answers 201 where the reference shows 200; any 2xx will do."""
    enrollment = decoded(answer(status, BODY))
    assert enrollment.person.id == PERSON_ID
    assert enrollment.request_id == "JQ4RM"
    assert enrollment.attempts == 1


@pytest.mark.parametrize("request_id", [None, "", 7, ["x"]])
def test_no_request_id(request_id: object) -> None:
    """The envelope's id may be missing."""
    assert decoded(answer(200, {**BODY, "id": request_id})).request_id is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32-le"])
def test_encodings(encoding: str) -> None:
    """JSON is read in any encoding that JSON may have."""
    body = {"data": {"_id": PERSON_ID, "name": "José"}}
    data = json.dumps(body, ensure_ascii=False).encode(encoding)
    assert decoded(answer(200, data)).person.name == "José"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "no JSON, 0 bytes @ $"),
        (b"<html>", "no JSON, 6 bytes @ $"),
        (b'{"data": {"_id": "5', "no JSON, 19 bytes @ $"),
        (b"\xff\xff", "no JSON, 2 bytes @ $"),
        (b"[" * 99999, "no JSON, 99999 bytes @ $"),
        (b"null", "no object @ $"),
        (b"[]", "no object @ $"),
        (b'"ok"', "no object @ $"),
        (b"{}", "no person @ $.data"),
        ({"data": None}, "no person @ $.data"),
        ({"data": []}, "no person @ $.data"),
        ({"data": [{"_id": PERSON_ID}]}, "no person @ $.data"),
        ({"_id": PERSON_ID}, "no person @ $.data"),
        ({"message": "token_expired", "code": "FORBIDDEN"}, "no person @ $.data"),
    ],
)
def test_success_in_another_shape(body: object, problem: str) -> None:
    """A 2xx that can't be understood has an unknown outcome, and says what lacks."""
    error = not_understood(200, body)
    assert error.outcome is Outcome.UNKNOWN
    assert (error.status, error.problems) == (200, (problem,))
    assert error.__context__ is None


@pytest.mark.parametrize("status", [404, 499, 600])
def test_success_needs_its_status(status: int) -> None:
    """A person in an answer of another status is none."""
    assert refused(status, BODY).status == status


@pytest.mark.parametrize("status", [0, 100, 101, 199, 300, 302, 303, 304, 308])
def test_neither_success_nor_refusal(status: int) -> None:
    """An interim answer or a redirect says nothing of the person: UNKNOWN."""
    error = not_understood(status, BODY)
    assert error.outcome is Outcome.UNKNOWN
    assert error.status == status


def test_existing_person() -> None:
    """A duplicate tells who is enrolled already, by ids alone."""
    data = {
        "_id": {"$oid": PERSON_ID},
        "name": "Jane Doe",
        "collections": [{"_id": "c1", "name": "Staff"}, "c2", {"code": "u3"}],
        "thumbnails": [{"id": "t", "thumbnail": "A" * 100}],
    }
    error = refused(412, {"message": "person_already_set", "data": data})
    assert isinstance(error, DuplicatePersonError)
    assert error.existing_person == ExistingPerson(
        id=PERSON_ID, collections=("c1", "c2", "u3")
    )
    assert error.may_be_own_write is False


@pytest.mark.parametrize("data", [None, "x", [], {}, {"_id": 7}, {"collections": "x"}])
def test_unknown_existing_person(data: object) -> None:
    """Where the answer does not tell who it is, there is nobody."""
    error = refused(412, {"message": "person_already_set", "data": data})
    assert isinstance(error, DuplicatePersonError)
    assert error.existing_person is None


def wait(value: str, **more: str) -> float | None:
    """What an answer's Retry-After means."""
    headers = {"Retry-After": value, **more}
    return retry_after(HttpResponse(status=429, headers=headers), now=NOW)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("1.5", 1.5),
        ("999999999", 999999999.0),
        ("Thu, 01 Jan 2026 12:00:30 GMT", 30.0),
        ("Thursday, 01-Jan-26 12:00:30 GMT", 30.0),
        ("Thu Jan  1 12:00:30 2026", 30.0),
        ("Thu, 01 Jan 2026 14:00:30 +0200", 30.0),
        ("Wed, 31 Dec 2025 23:59:59 GMT", 0.0),
        ("", None),
        ("-5", None),
        ("nan", None),
        ("inf", None),
        ("-inf", None),
        ("1e999", None),
        ("soon", None),
        ("0x10", None),
        ("Thu, 01 Jan 2026", None),
        ("Thu, 01 Jan 99999 00:00:00 GMT", None),
        ("Thu, 01 Jan 2026 12:00:30 +99999999999999999999", None),
        ("9" * 5000, None),
    ],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    """Both forms are read; what is neither, or no wait, is as if it were missing."""
    assert wait(value) == seconds


def test_retry_after_by_the_servers_clock() -> None:
    """A date is read against the answer's own, so that clocks need not agree."""
    until = "Sun, 01 Mar 2020 10:01:00 GMT"
    assert wait(until, Date="Sun, 01 Mar 2020 10:00:00 GMT") == 60.0
    assert wait(until, Date="garbage") == 0.0


def test_too_many_requests() -> None:
    """429 is told by its status, with the wait if there is one."""
    for headers, seconds in (({"Retry-After": "3"}, 3.0), ({}, None)):
        error = refused(429, b"", headers=headers)
        assert isinstance(error, RateLimitedError)
        assert error.retry_after == seconds
        assert error.outcome is Outcome.REJECTED


@pytest.mark.parametrize("value", ["5", "Thu, 01 Jan 2026 12:00:05 GMT"])
def test_unavailable_for_a_while(value: str) -> None:
    """503 with Retry-After was not acted upon."""
    error = refused(503, b"", headers={"Retry-After": value})
    assert isinstance(error, RateLimitedError)
    assert error.retry_after == 5.0


@pytest.mark.parametrize("value", ["-5", "soon", "nan", ""])
def test_unavailable(value: str) -> None:
    """503 without a usable Retry-After may have been acted upon."""
    error = refused(503, b"", headers={"Retry-After": value})
    assert isinstance(error, ServerError)
    assert error.outcome is Outcome.UNKNOWN


def test_now_may_be_in_any_zone() -> None:
    """The caller's clock is compared as a moment, not as digits."""
    zone = dt.timezone(dt.timedelta(hours=-5))
    response = HttpResponse(
        status=429, headers={"Retry-After": "Thu, 01 Jan 2026 12:00:30 GMT"}
    )
    assert retry_after(response, now=NOW.astimezone(zone)) == 30.0
