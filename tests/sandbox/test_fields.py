"""The table of fields, row by row, through the in-memory door."""

from __future__ import annotations

import itertools
import json

import pytest

from tests.sandbox.calls import COLLECTION, ask, b64, jpeg, sample, without
from verifik_async.sandbox import World


@pytest.fixture
def world() -> World:
    """A sandbox in production."""
    return World()


REQUIRED = [field for field in sample() if field != "nationality"]


@pytest.mark.parametrize("field", REQUIRED)
async def test_a_missing_field_is_named(world: World, field: str) -> None:
    """Each required field that is missing is a 409 in the vendor's words."""
    heard = await ask(world, without(field))
    assert heard.refusal == (409, f'"{field}" is required', "MissingParameter")
    assert heard.headers["x-sandbox-basis"].startswith("inferred; the status")


async def test_nationality_may_be_left_out(world: World) -> None:
    """The only optional field is nationality."""
    assert (await ask(world, without("nationality"))).status == 200


NO_DAY = "must be a day in YYYY-MM-DD format"
OUT_OF_RANGE: list[tuple[str, object, str]] = [
    ("name", 7, "must be a string"),
    ("name", " ", "is not allowed to be empty"),
    ("images", b64(jpeg()), "must be an array"),
    ("images", [], "must contain at least 1 items"),
    ("images", [b64(jpeg())] * 4, "must contain less than or equal to 3 items"),
    ("gender", "f", "must be one of [M, F]"),
    ("gender", None, "must be one of [M, F]"),
    ("gender", True, "must be one of [M, F]"),
    ("date_of_birth", 19900115, "must be a string"),
    ("date_of_birth", "1990-02-30", NO_DAY),
    ("date_of_birth", "15.01.1990", NO_DAY),
    ("date_of_birth", "19900115", NO_DAY),
    ("date_of_birth", "1990-01-15T00:00:00Z", NO_DAY),
    (
        "date_of_birth",
        "\u0661\u0669\u0669\u0660-\u0660\u0661-\u0661\u0665",
        "must be a day in YYYY-MM-DD format",
    ),
    ("nationality", None, "must be a string"),
    ("nationality", "", "is not allowed to be empty"),
    ("collection_id", 65, "must be a string"),
    ("collection_id", "", "is not allowed to be empty"),
    ("liveness_min_score", "0.65", "must be a number"),
    ("liveness_min_score", True, "must be a number"),
    ("liveness_min_score", 0.49, "must be greater than or equal to 0.5"),
    ("liveness_min_score", 1.01, "must be less than or equal to 1"),
    ("min_score", None, "must be a number"),
    ("min_score", 0, "must be greater than or equal to 0.5"),
    ("min_score", 10**400, "must be less than or equal to 1"),
    ("search_mode", "fast", "must be one of [FAST, ACCURATE]"),
    ("search_mode", ["FAST"], "must be one of [FAST, ACCURATE]"),
]


@pytest.mark.parametrize(("field", "value", "rule"), OUT_OF_RANGE)
async def test_a_wrong_field_is_named_with_its_rule(
    world: World, field: str, value: object, rule: str
) -> None:
    """A mistyped or out-of-range field is a 409 that names field and rule."""
    heard = await ask(world, sample(**{field: value}))
    assert heard.refusal == (409, f'"{field}" {rule}', "MissingParameter")


async def test_each_image_must_be_a_string(world: World) -> None:
    """An image that is no string is named with its place."""
    heard = await ask(world, sample(images=[b64(jpeg()), 7]))
    assert heard.json["message"] == '"images[1]" must be a string'


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("notes", '"notes" is not allowed'),
        ("Jane Doe, 1990", "an unknown field is not allowed"),
        ("x" * 41, "an unknown field is not allowed"),
        (
            "collections",
            '"collections" is not allowed: send one "collection_id"',
        ),
    ],
)
async def test_unknown_fields_are_refused(world: World, key: str, told: str) -> None:
    """A field that the reference lacks is a 409; odd keys are not told back."""
    heard = await ask(world, sample(**{key: [COLLECTION]}))
    assert heard.refusal == (409, told, "MissingParameter")


@pytest.mark.parametrize("body", [[], "text", 7, None, True])
async def test_the_body_must_be_an_object(world: World, body: object) -> None:
    """JSON that is no object is a 409."""
    heard = await ask(world, body)
    assert heard.refusal[:2] == (409, '"value" must be of type object')


@pytest.mark.parametrize("name", ["12345", "1 - 2", "٣٤", "...", "²"])
async def test_a_name_needs_a_letter(world: World, name: str) -> None:
    """Nothing but digits and signs is no name."""
    heard = await ask(world, sample(name=name))
    problem = '"name" must keep a letter once digits are stripped'
    assert heard.refusal == (409, problem, "ERROR")


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("Jane 3 Doe", "Jane Doe"),
        (" Jane\t \n Doe9 ", "Jane Doe"),
        ("4J4ne", "Jne"),
        ("李小龍2", "李小龍"),
        ("A٣B", "AB"),
    ],
)
async def test_names_lose_digits_and_spare_white_space(
    world: World, sent: str, stored: str
) -> None:
    """The stored name is the one sent, less digits, with single spaces."""
    assert (await ask(world, sample(name=sent))).person["name"] == stored


@pytest.mark.parametrize("score", [0.5, 0.75, 0.98])
async def test_scores_may_lie_at_the_edge(world: World, score: float) -> None:
    """0.5 belongs to the range, and so does an integer 1 for the search."""
    heard = await ask(world, sample(liveness_min_score=score, min_score=1))
    assert heard.status == 200


async def test_refusals_never_repeat_what_was_sent(world: World) -> None:
    """No wrong value comes back in an answer."""
    wrong: list[object] = ["Secret-4711", ["Secret-4711"], {"Secret-4711": 1}]
    for field, value in itertools.product(sample(), wrong):
        heard = await ask(world, sample(**{field: value}))
        assert heard.status == 200 or "Secret" not in json.dumps(heard.json), field
