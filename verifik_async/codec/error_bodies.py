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

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from verifik_async.wire import HttpResponse

_MESSAGE = re.compile(r"(?:\d{3}:\s*)?(?P<reason>[^@]*)(?:@(?P<detail>.*))?", re.DOTALL)
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]{2,63}")
_LONGEST_READ = 4000


@attrs.frozen(kw_only=True)
class ErrorBody:
    """What an error body says, whatever its form.

    Attributes:
        message: Its text.
        codes: `code` of the body and of what is nested in it.
        word: The message's reason if it is a single word, else empty.
        detail: What stands behind the reason's `@`.
        failure_reason: What newer builds name beside a failed liveness check.
        failure_kind: Likewise: `quality`, `score` or `unknown`.
        score: A liveness score between 0 and 1.
        person_id: Of the person who is enrolled already, as it stands.
        collections: Ids of that person's collections, as they stand.
    """

    message: str = ""
    codes: tuple[str, ...] = ()
    word: str = ""
    detail: str | None = None
    failure_reason: str | None = None
    failure_kind: str | None = None
    score: float | None = None
    person_id: str | None = None
    collections: tuple[str, ...] = ()


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
    message = _shortened(next(_messages(root, nested), "").strip())
    grammar = _MESSAGE.match(message)
    reason = (grammar["reason"] if grammar else "").strip()
    detail = grammar["detail"] if grammar else None
    return ErrorBody(
        message=message,
        codes=tuple(filter(None, (_text(x.get("code")) for x in (root, nested)))),
        word=reason if _WORD.fullmatch(reason) else "",
        detail=detail.strip() if detail else None,
        failure_reason=_either(root, nested, "failureReason"),
        failure_kind=_either(root, nested, "failureKind"),
        score=_score(root, nested, detail),
        person_id=identifier(nested.get("_id")) or identifier(nested.get("id")),
        collections=collection_ids(nested.get("collections")),
    )


def _shortened(text: str) -> str:
    """The start of a text, up to a space: a half word might be half a secret."""
    if len(text) <= _LONGEST_READ:
        return text
    return text[:_LONGEST_READ].rpartition(" ")[0]


def _text(value: object) -> str:
    return _shortened(text_or_none(value) or "")


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
            names = (str(step) for step in path if isinstance(step, str | int))
            lines.append(": ".join(filter(None, (".".join(names), what))))
    return "; ".join(lines)


def _either(
    root: Mapping[str, object], nested: Mapping[str, object], key: str
) -> str | None:
    return _text(root.get(key)) or _text(nested.get(key)) or None


def _score(
    root: Mapping[str, object], nested: Mapping[str, object], detail: str | None
) -> float | None:
    """A score as number or text; some clients meet it as a percentage."""
    fields = (body.get(key) for body in (root, nested) for key in _SCORE_KEYS)
    for value in (*fields, detail):
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            continue
        try:
            score = float(value)
        except (ValueError, OverflowError):
            continue
        if math.isfinite(score) and 0 <= score <= 100:  # noqa: PLR2004 - per cent
            return score / 100 if score > 1 else score
    return None


_SCORE_KEYS = ("livenessScore", "liveness_score")
