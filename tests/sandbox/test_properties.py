"""What holds for every body, found by hypothesis."""

from __future__ import annotations

import base64
import datetime as dt
import json

from hypothesis import given
from hypothesis import strategies as st

from tests.sandbox.calls import HEADERS, ROUTE, encoded, jpeg, png, sample
from verifik_async.sandbox import Settings
from verifik_async.sandbox.people import Namespace
from verifik_async.sandbox.rules import Call, Decision, decide

NOW = dt.datetime(2024, 1, 16, tzinfo=dt.UTC)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(
    lambda text: any(c.isalpha() for c in text if not c.isdecimal())
)
images = st.binary(min_size=72, max_size=400).map(lambda rest: b"\xff\xd8\xff" + rest)
scores = st.floats(0.5, 0.98)
bodies = st.fixed_dictionaries(
    {
        "name": names,
        "gender": st.sampled_from("FM"),
        "date_of_birth": st.dates().map(dt.date.isoformat),
        "collection_id": st.text(min_size=1).filter(str.strip),
        "liveness_min_score": scores,
        "min_score": scores | st.just(1),
        "search_mode": st.sampled_from(["FAST", "ACCURATE"]),
        "images": st.lists(
            images.filter(lambda image: b"face=" not in image).map(
                lambda image: base64.b64encode(image).decode()
            ),
            min_size=1,
            max_size=3,
        ),
    },
    optional={"nationality": st.text(min_size=1).filter(str.strip)},
)


def _decided(body: bytes) -> Decision:
    call = Call(method="POST", path=ROUTE, headers=HEADERS, body=body)
    people = Namespace("n", seed=0)
    return decide(call, people=people, settings=Settings(), now=NOW)


@given(st.binary() | json_values.map(json.dumps).map(str.encode))
def test_any_bytes_get_an_answer(body: bytes) -> None:
    """No body makes the rules fail, and none of these is a person."""
    reply = _decided(body).reply
    assert reply.status in (400, 409)
    json.dumps(reply.json)


@given(st.sampled_from(sorted(sample())), json_values)
def test_any_value_in_any_field_gets_an_answer(field: str, value: object) -> None:
    """One field replaced by anything is accepted or refused, and never a failure."""
    body = json.dumps(sample(**{field: value})).encode()
    assert _decided(body).reply.status in (200, 400, 409, 412)


@given(bodies)
def test_valid_bodies_are_accepted(body: dict[str, object]) -> None:
    """Whatever keeps the table's rules is enrolled as sent."""
    decision = _decided(encoded(body))
    assert decision.reply.status == 200, decision.reply.json
    person = decision.change
    assert person is not None
    assert person.gender == body["gender"]
    assert person.date_of_birth == body["date_of_birth"]
    assert person.collections == (body["collection_id"],)
    assert not any(character.isdecimal() for character in person.name)
    assert person.name == " ".join(person.name.split())


@given(st.floats(-1, 2) | st.integers(-2, 2), st.sampled_from([0, 1]))
def test_scores_are_accepted_within_their_range_only(score: float, which: int) -> None:
    """A score passes if and only if it lies between 0.5 and 1."""
    field = ("min_score", "liveness_min_score")[which]
    message = _decided(encoded(sample(**{field: score}))).reply.json.get("message")
    refused = str(message).startswith(f'"{field}" must be')
    assert refused == (not 0.5 <= score <= 1)


@given(st.text("0123456789 -/", max_size=12) | st.dates().map(str))
def test_days_are_accepted_if_the_calendar_has_them(text: str) -> None:
    """A date passes if and only if it is how that day is written."""
    try:
        right = dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        right = False
    status = _decided(encoded(sample(date_of_birth=text))).reply.status
    assert (status == 200) == right


@given(st.binary(max_size=300), st.sampled_from([jpeg()[:3], png()[:8], png()[:40]]))
def test_any_picture_gets_an_answer(rest: bytes, head: bytes) -> None:
    """Bytes that only begin like a picture never make the rules fail."""
    text = base64.b64encode(head + rest + bytes(72)).decode()
    assert _decided(encoded(sample(images=[text]))).reply.status in (200, 409)


@given(st.text("ABCabc+/=-_ \n\u00fc", max_size=8), st.integers(0, 3))
def test_base64_is_accepted_if_it_is_exact(noise: str, cut: int) -> None:
    """A text passes if and only if encoding what it decodes to gives the same text."""
    whole = base64.b64encode(jpeg()).decode()
    text = whole[: len(whole) - cut] + noise
    try:
        right = base64.b64encode(base64.b64decode(text)).decode() == text
    except ValueError:
        right = False
    status = _decided(encoded(sample(images=[text]))).reply.status
    assert (status == 200) == right
