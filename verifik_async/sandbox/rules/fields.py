"""The JSON body and its fields, checked row by row against the reference's table.

Messages are worded like those on sibling pages (Joi's). They name the field and the
rule, and never the value that was sent.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import NoReturn, cast

import attrs

from verifik_async.sandbox.rules import replies
from verifik_async.sandbox.rules.values import Refused

MOST_IMAGES = 3
LEAST_SCORE = 0.5
MOST_SCORE = 1

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_PLAIN_KEY = re.compile(r"[A-Za-z_]\w{0,39}", re.ASCII)


@attrs.frozen(kw_only=True)
class Fields:
    """The body, each field of the right type and in its range; images not decoded."""

    name: str = attrs.field(repr=False)
    images: tuple[str, ...] = attrs.field(repr=False)
    gender: str = attrs.field(repr=False)
    date_of_birth: str = attrs.field(repr=False)
    collection_id: str
    liveness_min_score: float
    min_score: float


def parse(content_type: str, body: bytes) -> object:
    """The JSON value of a body.

    Raises:
        Refused: 400: it is not called JSON, or is no JSON in UTF-8, or an object in
            it has the same key twice (parsers differ about which one wins).
    """
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise Refused(replies.bad_request("Content-Type must be application/json"))
    try:
        value: object = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_without_twins,
            parse_constant=_no_constant,
        )
    except (ValueError, RecursionError):
        # not chained: the parser's errors carry the body
        raise Refused(replies.bad_request("the body is no valid JSON")) from None
    return value


def _without_twins(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("the same key twice")
    return members


def _no_constant(_name: str) -> NoReturn:
    raise ValueError("NaN and Infinity are no JSON")


def check(value: object) -> Fields:
    """The fields of a body.

    Raises:
        Refused: 409, for the first rule that is broken.
    """
    if not isinstance(value, dict):
        _refuse('"value" must be of type object')
    body = cast("dict[str, object]", value)
    fields = Fields(
        name=_name(body),
        images=_images(body),
        gender=_one_of(body, "gender", ("M", "F")),
        date_of_birth=_day(body, "date_of_birth"),
        collection_id=_collection_id(body),
        liveness_min_score=_score(body, "liveness_min_score"),
        min_score=_score(body, "min_score"),
    )
    _one_of(body, "search_mode", ("FAST", "ACCURATE"))
    if "nationality" in body:
        _text(body, "nationality")
    _nothing_else(body)
    return fields


def _refuse(message: str) -> NoReturn:
    raise Refused(replies.parameter_refused(message))


def _required(body: dict[str, object], field: str) -> object:
    if field not in body:
        _refuse(f'"{field}" is required')
    return body[field]


def _text(body: dict[str, object], field: str) -> str:
    value = _required(body, field)
    if not isinstance(value, str):
        _refuse(f'"{field}" must be a string')
    if not value.strip():
        _refuse(f'"{field}" is not allowed to be empty')
    return value


def _name(body: dict[str, object]) -> str:
    """The name as it is stored: digits stripped, white space tidied."""
    sent = _text(body, "name")
    kept = "".join(character for character in sent if not character.isdecimal())
    if not any(character.isalpha() for character in kept):
        problem = '"name" must keep a letter once digits are stripped'
        raise Refused(replies.validation_failed(problem))
    return " ".join(kept.split())


def _images(body: dict[str, object]) -> tuple[str, ...]:
    value = _required(body, "images")
    if not isinstance(value, list):
        _refuse('"images" must be an array')
    texts: list[str] = []
    for index, text in enumerate(cast("list[object]", value)):
        if not isinstance(text, str):
            _refuse(f'"images[{index}]" must be a string')
        texts.append(text)
    if not texts:
        _refuse('"images" must contain at least 1 items')
    if len(texts) > MOST_IMAGES:
        _refuse(f'"images" must contain less than or equal to {MOST_IMAGES} items')
    return tuple(texts)


def _one_of(body: dict[str, object], field: str, allowed: tuple[str, ...]) -> str:
    value = _required(body, field)
    if not isinstance(value, str) or value not in allowed:
        _refuse(f'"{field}" must be one of [{", ".join(allowed)}]')
    return value


def _day(body: dict[str, object], field: str) -> str:
    value = _text(body, field)
    if not _DAY.fullmatch(value) or not _in_calendar(value):
        _refuse(f'"{field}" must be a day in YYYY-MM-DD format')
    return value


def _in_calendar(day: str) -> bool:
    try:
        dt.date.fromisoformat(day)
    except ValueError:
        return False
    return True


def _collection_id(body: dict[str, object]) -> str:
    if "collections" in body:
        _refuse('"collections" is not allowed: send one "collection_id"')
    return _text(body, "collection_id")


def _score(body: dict[str, object], field: str) -> float:
    value = _required(body, field)
    if isinstance(value, bool) or not isinstance(value, int | float):
        _refuse(f'"{field}" must be a number')
    if value < LEAST_SCORE:
        _refuse(f'"{field}" must be greater than or equal to {LEAST_SCORE}')
    if value > MOST_SCORE:
        _refuse(f'"{field}" must be less than or equal to {MOST_SCORE}')
    return float(value)


_KNOWN = frozenset(
    {
        "name",
        "images",
        "gender",
        "date_of_birth",
        "nationality",
        "collection_id",
        "liveness_min_score",
        "min_score",
        "search_mode",
    }
)


def _nothing_else(body: dict[str, object]) -> None:
    for key in body:
        if key not in _KNOWN:
            # only a key that reads like a field's name is told back: others may
            # hold anything
            shown = f'"{key}"' if _PLAIN_KEY.fullmatch(key) else "an unknown field"
            _refuse(f"{shown} is not allowed")
