"""Every row of the reference, through the in-memory door."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from tests.sandbox.calls import (
    BORN,
    COLLECTION,
    HEADERS,
    NAME,
    ROUTE,
    ask,
    b64,
    encoded,
    jpeg,
    sample,
)
from verifik_async.sandbox import Settings, World
from verifik_async.sandbox.people import Namespace
from verifik_async.sandbox.rules import Call, Submission, decide, read

NOON = dt.datetime(2024, 1, 16, 15, 44, 59, 841_999, tzinfo=dt.UTC)


@pytest.fixture
def world() -> World:
    """A sandbox in production whose clock stands still."""
    return World(clock=lambda: NOON)


async def test_success_has_exactly_the_shape_of_the_reference(world: World) -> None:
    """The answer to the sample request holds the documented keys and no other."""
    heard = await ask(world, sample(images=[b64(jpeg()), b64(jpeg(number=1))]))
    assert heard.status == 200
    assert heard.headers["content-type"] == "application/json"
    assert heard.headers["x-sandbox-basis"] == "documented"
    assert re.fullmatch("[A-Z0-9]{5}", str(heard.json.pop("id")))
    assert re.fullmatch("[0-9a-f]{24}", str(heard.person["_id"]))
    person_id = heard.person["_id"]
    assert heard.json == {
        "data": {
            "_id": person_id,
            "name": NAME,
            "gender": "F",
            "date_of_birth": "1990-01-15T00:00:00.000Z",
            "collections": [COLLECTION],
            "deleted": False,
            "createdAt": "2024-01-16T15:44:59.841Z",
            "updatedAt": "2024-01-16T15:44:59.841Z",
        },
        "signature": {
            "message": "Certified by Verifik.co",
            "dateTime": "January 16, 2024 3:44 PM",
        },
    }


async def test_the_sample_request_verbatim_lacks_images(world: World) -> None:
    """The reference's own body, with `<base64>` for the images, is answered 412."""
    verbatim = b"""{
        "name": "Jane Doe",
        "gender": "F",
        "date_of_birth": "1990-01-15",
        "nationality": "CO",
        "collection_id": "65b9592267cc4f096dbe743d",
        "liveness_min_score": 0.65,
        "min_score": 0.8,
        "search_mode": "FAST",
        "images": ["<base64>", "<base64>"]
    }"""
    heard = await ask(world, verbatim)
    assert heard.refusal == (412, "only_images_in_base64", "ERROR")
    heard = await ask(world, verbatim.replace(b"<base64>", b64(jpeg()).encode()))
    assert heard.person["name"] == "Jane Doe"


@pytest.mark.parametrize(
    ("hour", "shown"), [(0, "12:05 AM"), (9, "9:05 AM"), (12, "12:05 PM")]
)
async def test_the_signature_is_dated_for_people(hour: int, shown: str) -> None:
    """`signature.dateTime` counts hours to twelve, from 12 AM at midnight."""
    world = World(clock=lambda: dt.datetime(2024, 12, 3, hour, 5, tzinfo=dt.UTC))
    heard = await ask(world, sample())
    assert heard.json["signature"] == {
        "message": "Certified by Verifik.co",
        "dateTime": f"December 3, 2024 {shown}",
    }


@pytest.mark.parametrize(
    "path",
    [
        "/v2/face-recognition/persons/liveness",
        "/v2/face-recognition/persons",
        f"{ROUTE}/",
        "/",
    ],
)
async def test_another_route_names_the_right_one(world: World, path: str) -> None:
    """Any path but the documented one is answered 404 with a hint, before auth."""
    heard = await ask(world, sample(), path=path, headers={})
    assert heard.refusal == (404, "route_not_found", "NotFound")
    assert heard.json["hint"] == f"The route is POST {ROUTE}"
    assert heard.headers["x-sandbox-basis"].startswith("inferred; ")


async def test_a_query_does_not_change_the_route(world: World) -> None:
    """`?includeCost=true`, as other pages show it, reaches the same route."""
    assert (await ask(world, sample(), path=f"{ROUTE}?includeCost=true")).person


async def test_only_post_is_allowed(world: World) -> None:
    """Another method on the right path is answered 405, before auth."""
    heard = await ask(world, b"", method="GET", headers={})
    assert heard.refusal == (405, "method_not_allowed", "MethodNotAllowed")
    assert heard.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "authorization",
    [None, "", "   ", "Bearer", "Bearer ", "token-1", "JWT token-1", "Bearer a b"],
)
async def test_a_bearer_token_is_required(
    world: World, authorization: str | None
) -> None:
    """No, blank or other authorization is 401, even with a broken body."""
    headers = {"Content-Type": "application/json"}
    if authorization is not None:
        headers["Authorization"] = authorization
    heard = await ask(world, b"{", headers=headers)
    assert heard.refusal == (401, "Authentication required", "UNAUTHORIZED")
    assert heard.headers["x-sandbox-basis"] == "documented"


@pytest.mark.parametrize(
    ("token", "message", "code", "basis"),
    [
        ("expired", "token_expired", "FORBIDDEN", "documented"),
        ("expired-7", "token_expired", "FORBIDDEN", "documented"),
        ("no-credits", "insufficient_credits", "Forbidden", "inferred"),
        ("no-credits-7", "insufficient_credits", "Forbidden", "inferred"),
    ],
)
async def test_tokens_may_be_refused(
    world: World, token: str, message: str, code: str, basis: str
) -> None:
    """A token's first letters decide on 403, even with a broken body."""
    headers = {**HEADERS, "Authorization": f"Bearer {token}"}
    heard = await ask(world, b"{", headers=headers)
    assert heard.refusal == (403, message, code)
    assert heard.headers["x-sandbox-basis"].partition(";")[0] == basis


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/jsonp"])
async def test_the_body_must_be_called_json(world: World, content_type: str) -> None:
    """Another Content-Type is 400, although the body is JSON."""
    heard = await ask(
        world, sample(), headers={**HEADERS, "Content-Type": content_type}
    )
    assert heard.refusal[0] == 400


async def test_a_charset_may_be_named(world: World) -> None:
    """`application/json; charset=utf-8` is JSON too, in any case."""
    headers = {**HEADERS, "content-TYPE": "Application/JSON; charset=utf-8"}
    del headers["Content-Type"]
    assert (await ask(world, sample(), headers=headers)).status == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe{\x00}\x00",
        b"\xef\xbb\xbf{}",
        encoded(sample()) + b"}",
        encoded(sample()).replace(b"0.65", b"NaN"),
        encoded(sample()).replace(b"0.65", b"Infinity"),
        encoded(sample()).replace(b'"gender"', b'"name": "x", "gender"'),
        encoded(sample()).replace(b'"CO"', b'{"a": 1, "a": 1}'),
        b"[" * 100_000,
        b"1" * 5_000,
    ],
)
async def test_what_is_no_json_is_refused(world: World, body: bytes) -> None:
    """Broken, doubled, endless or otherwise encoded JSON is 400."""
    heard = await ask(world, body)
    assert heard.refusal == (400, "the body is no valid JSON", "BadRequest")


async def test_the_first_broken_rule_answers(world: World) -> None:
    """Fields come before images, images before liveness, liveness before duplicates."""
    marked = jpeg("face=a;liveness=0.9")
    await ask(world, sample(images=[b64(marked)]))
    body = sample(images=["data:x", b64(marked)], gender="X", liveness_min_score=0.95)
    assert (await ask(world, body)).status == 409
    body["gender"] = "F"
    assert (await ask(world, body)).status == 412
    body["images"] = [b64(marked)]
    assert (await ask(world, body)).json["message"] == "409:liveness_failed@0.9"
    body["liveness_min_score"] = 0.5
    assert (await ask(world, body)).json["message"] == "409:duplicated_person"


async def test_named_collections_are_the_only_ones() -> None:
    """With `collections` set, another collection's id is 404."""
    world = World(Settings(collections=[COLLECTION]))
    assert (await ask(world, sample())).status == 200
    heard = await ask(world, sample(collection_id="65b9592267cc4f096dbe7001"))
    assert heard.refusal == (404, "invalid_collection", "ERROR")


def test_one_collection_may_be_given_as_a_text() -> None:
    """A single id is one collection, not the set of its letters."""
    assert Settings(collections="abc").collections == frozenset({"abc"})


async def test_a_body_above_the_limit_is_refused_as_json() -> None:
    """One byte above `largest_body` is 413; the limit itself is read."""
    size = len(encoded(sample()))
    heard = await ask(World(Settings(largest_body=size)), sample())
    assert heard.status == 200
    heard = await ask(World(Settings(largest_body=size - 1)), sample())
    message = f"the body is larger than {size - 1} bytes"
    assert heard.refusal == (413, message, "PayloadTooLarge")


def test_deciding_stores_nothing() -> None:
    """`decide` gives the change and leaves storing it to the caller."""
    people = Namespace("n", seed=0)
    call = Call(method="POST", path=ROUTE, headers=HEADERS, body=encoded(sample()))
    first, second = (
        decide(call, people=people, settings=Settings(), now=NOON) for _ in range(2)
    )
    assert first == second
    assert first.reply.status == 200
    assert first.change is not None
    people.put(first.change)
    third = decide(call, people=people, settings=Settings(), now=NOON)
    assert (third.reply.status, third.change) == (409, None)


@pytest.mark.parametrize(
    "call",
    [
        Call(method="POST", path="/", headers={}),
        Call(method="POST", path=ROUTE, headers=HEADERS),
    ],
)
def test_deciding_passes_refusals_on(call: Call) -> None:
    """A refusal of an early step is the decision, without a change."""
    people = Namespace("n", seed=0)
    decision = decide(call, people=people, settings=Settings(), now=NOON)
    assert decision.reply.status in (400, 404)
    assert decision.change is None


def test_personal_data_stays_out_of_repr() -> None:
    """Neither calls nor what is read from them show a name, birth date or token."""
    call = Call(method="POST", path=ROUTE, headers=HEADERS, body=encoded(sample()))
    submission = read(call, settings=Settings())
    assert isinstance(submission, Submission)
    people = Namespace("n", seed=0)
    decision = decide(call, people=people, settings=Settings(), now=NOON)
    shown = f"{call} {submission} {decision}"
    for secret in (NAME, BORN, "token-1", b64(jpeg())):
        assert secret not in shown
