"""Reads the many forms of an error body into one.

    {message, code}   {error}   {error, message}   {validationError}
    {data: {message, code}}   {detail: [{loc, msg}]}   {data: {detail: […]}}   no JSON

A message has a grammar of its own: `NNN:` (optional), reason, `@detail` (optional),
such as `409:liveness_failed@0.45`.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, cast

import attrs

from verifik_async.codec.converter import (
    collection_ids,
    identifier,
    json_object,
    text_or_none,
)
from verifik_async.errors import ExistingPerson

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from verifik_async.wire import HttpResponse

_MESSAGE = re.compile(r"(?:\d{3}:\s*)?(?P<reason>[^@]*)(?:@(?P<detail>.*))?", re.DOTALL)
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]{2,63}")
_MOST_COLLECTIONS = 20
_LONGEST_ID = 64


@attrs.frozen(kw_only=True)
class ErrorBody:
    """What an error body says, whatever its form.

    Attributes:
        message: Its text.
        codes: `code` of the body and of what is nested in it.
        word: The message's reason if it is a single word, else empty.
        detail: What stands behind the reason's `@`.
        failure_reason: What newer builds name beside a failed liveness check.
        score: A liveness score between 0 and 1.
        person: Who is enrolled already.
    """

    message: str = ""
    codes: tuple[str, ...] = ()
    word: str = ""
    detail: str | None = None
    failure_reason: str | None = None
    score: float | None = None
    person: ExistingPerson | None = None


def read_error_body(response: HttpResponse) -> ErrorBody:
    """The body of a refusal; one that is no JSON object says nothing."""
    try:
        root = json_object(json.loads(response.body))
    except (ValueError, RecursionError):
        root = None
    if root is None:
        kind = response.headers.get("content-type", "").partition(";")[0][:60]
        what = kind or "no content type"
        return ErrorBody(message=f"no JSON ({what}, {len(response.body)} bytes)")
    nested = json_object(root.get("data")) or {}
    message = next(_messages(root, nested), "")
    grammar = _MESSAGE.match(message)
    reason = (grammar["reason"] if grammar else "").strip()
    detail = grammar["detail"] if grammar else None
    return ErrorBody(
        message=message,
        codes=tuple(
            filter(None, (text_or_none(x.get("code")) for x in (root, nested)))
        ),
        word=reason if _WORD.fullmatch(reason) else "",
        detail=detail.strip() if detail else None,
        failure_reason=_either(root, nested, "failureReason"),
        score=_score(root, nested, detail),
        person=_person(nested),
    )


def _messages(
    root: Mapping[str, object], nested: Mapping[str, object]
) -> Iterator[str]:
    """Texts of a body, the one that tells most first."""
    for source in (root, nested):
        for key in ("message", "validationError", "error"):
            yield from filter(None, [_details(source.get(key))])
    for source in (root, nested):
        yield from filter(None, [_details(source.get("detail"))])


def _details(value: object) -> str:
    """A text, or the engine's validation errors: where and what, never the input."""
    if isinstance(value, str):
        return text_or_none(value) or ""
    items = cast("list[object]", value) if isinstance(value, list) else [value]
    lines: list[str] = []
    for item in filter(None, map(json_object, items)):
        where = item.get("loc")
        path = cast("list[object]", where) if isinstance(where, list) else []
        what = text_or_none(item.get("msg")) or text_or_none(item.get("message"))
        if what:
            lines.append(": ".join(filter(None, (".".join(map(str, path)), what))))
    return "; ".join(lines)


def _either(
    root: Mapping[str, object], nested: Mapping[str, object], key: str
) -> str | None:
    return text_or_none(root.get(key)) or text_or_none(nested.get(key))


def _score(
    root: Mapping[str, object], nested: Mapping[str, object], detail: str | None
) -> float | None:
    """A score as number or text; some clients meet it as a percentage."""
    fields = (body.get(key) for body in (root, nested) for key in _SCORE_KEYS)
    for value in (*fields, detail):
        try:
            score = float(cast("str", value))
        except (TypeError, ValueError):
            continue
        if math.isfinite(score) and 0 <= score <= 100:  # noqa: PLR2004 - per cent
            return score / 100 if score > 1 else score
    return None


_SCORE_KEYS = ("livenessScore", "liveness_score")


def _person(nested: Mapping[str, object]) -> ExistingPerson | None:
    """The person in `person_already_set`'s `data`, without personal data."""
    found = identifier(nested.get("_id")) or identifier(nested.get("id"))
    collections = collection_ids(nested.get("collections"))[:_MOST_COLLECTIONS]
    if found is None and not collections:
        return None
    return ExistingPerson(
        id=found[:_LONGEST_ID] if found else None,
        collections=tuple(c[:_LONGEST_ID] for c in collections),
    )
