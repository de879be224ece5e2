"""Every answer of the sandbox in its wording, and what that wording rests on.

| basis | meaning |
|---|---|
| documented | the reference page shows this status and this body |
| inferred; why | the page is silent: taken from a sibling page, or our guess |
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from verifik_async.sandbox.rules.values import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from verifik_async.sandbox.rules.values import PersonRecord

ROUTE = "/v2/face-recognition/persons/search-live-face"

_DOCUMENTED = "documented"
_WORDING = "inferred; the status is documented, the wording is not"
_SIBLING = "inferred; from a sibling page"
_SILENT = "inferred; the reference is silent"
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def _refusal(
    status: int,
    message: str,
    code: str,
    *,
    basis: str,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    return Reply(
        status=status,
        json={"message": message, "code": code},
        headers={"X-Sandbox-Basis": basis, **(headers or {})},
    )


def not_found() -> Reply:
    """Another path than the one documented: the answer names the right one."""
    return Reply(
        status=404,
        json={
            "message": "route_not_found",
            "code": "NotFound",
            "hint": f"The route is POST {ROUTE}",
        },
        headers={"X-Sandbox-Basis": _SILENT},
    )


def method_not_allowed() -> Reply:
    """The right path, asked with another method than POST."""
    return _refusal(
        405,
        "method_not_allowed",
        "MethodNotAllowed",
        basis=_SILENT,
        headers={"Allow": "POST"},
    )


def authentication_required() -> Reply:
    """No bearer token."""
    return _refusal(401, "Authentication required", "UNAUTHORIZED", basis=_DOCUMENTED)


def token_expired() -> Reply:
    """The token was good once."""
    return _refusal(403, "token_expired", "FORBIDDEN", basis=_DOCUMENTED)


def insufficient_credits() -> Reply:
    """The account is empty: shown for another product on the same host."""
    return _refusal(403, "insufficient_credits", "Forbidden", basis=_SIBLING)


def body_too_large(limit: int) -> Reply:
    """More bytes than the sandbox reads."""
    message = f"the body is larger than {limit} bytes"
    return _refusal(413, message, "PayloadTooLarge", basis=_SILENT)


def bad_request(message: str) -> Reply:
    """A body that is no JSON, or isn't called JSON."""
    return _refusal(400, message, "BadRequest", basis=_SILENT)


def parameter_refused(message: str) -> Reply:
    """A field is missing, mistyped or out of range, in the words of sibling pages."""
    return _refusal(409, message, "MissingParameter", basis=_WORDING)


def validation_failed(message: str) -> Reply:
    """The fields are right one by one, and wrong together or in meaning."""
    return _refusal(409, message, "ERROR", basis=_WORDING)


def only_images_in_base64(*, documented: bool = True) -> Reply:
    """An image is no raw base64, or is undersized; or (our guess) is no image."""
    basis = _DOCUMENTED if documented else "inferred; base64 of something else"
    return _refusal(412, "only_images_in_base64", "ERROR", basis=basis)


def liveness_failed(score: float, *, equal: bool) -> Reply:
    """The score is too low; after the `@` it surfaces as on a sibling page."""
    basis = "inferred; the sibling page wants more, not as much" if equal else None
    message = f"409:liveness_failed@{score:g}"
    return _refusal(409, message, "ERROR", basis=basis or _DOCUMENTED)


def invalid_collection() -> Reply:
    """No collection has this id."""
    return _refusal(404, "invalid_collection", "ERROR", basis=_SIBLING)


def duplicated_person() -> Reply:
    """The collection holds this face already."""
    return _refusal(409, "409:duplicated_person", "ERROR", basis=_DOCUMENTED)


def enrolled(
    person: PersonRecord, *, request_id: str, now: dt.datetime, created: bool
) -> Reply:
    """The person was created or updated."""
    basis = _DOCUMENTED if created else "inferred; an update, shown as a creation"
    return Reply(
        status=200,
        json={
            "id": request_id,
            "data": {
                "_id": person.id,
                "name": person.name,
                "gender": person.gender,
                "date_of_birth": f"{person.date_of_birth}T00:00:00.000Z",
                "collections": list(person.collections),
                "deleted": False,
                "createdAt": _iso(person.created_at),
                "updatedAt": _iso(person.updated_at),
            },
            "signature": {
                "message": "Certified by Verifik.co",
                "dateTime": _for_people(now),
            },
        },
        headers={"X-Sandbox-Basis": basis},
    )


def _iso(moment: dt.datetime) -> str:
    text = moment.astimezone(dt.UTC).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z"


def _for_people(moment: dt.datetime) -> str:
    """`January 16, 2024 3:44 PM`, in English whatever the locale."""
    utc = moment.astimezone(dt.UTC)
    half = "PM" if utc.hour >= 12 else "AM"  # noqa: PLR2004 - noon
    return (
        f"{_MONTHS[utc.month - 1]} {utc.day}, {utc.year} "
        f"{utc.hour % 12 or 12}:{utc.minute:02} {half}"
    )
