"""The one cattrs converter: field names of the wire, and lenient reading.

What varies between the API's pages, old answers and clients is listed in the
project's notes on the API (§1.3); each hook below accepts all variants seen, and
gives None for what it can't read, so that one odd field never loses a person.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import attrs
import cattrs
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from verifik_async.models import EnrollmentRequest, Gender, Person, Signature

JsonObject = Mapping[str, object]


def json_object(value: object) -> JsonObject | None:
    """`value` if it is a JSON object."""
    return value if isinstance(value, dict) else None  # pyright: ignore[reportUnknownVariableType]


def text_or_none(value: object, _: object = None) -> str | None:
    """`value` if it is text that says something."""
    return value if isinstance(value, str) and value.strip() else None


def identifier(value: object) -> str | None:
    """An id as text: plain, or in MongoDB's `{"$oid": …}`."""
    if isinstance(value, str):
        return value if value.strip() else None
    wrapped = json_object(value)
    return text_or_none(wrapped.get("$oid")) if wrapped else None


def person_id(value: object, _: object = None) -> str:
    """An id that must be there."""
    found = identifier(value)
    if found is None:
        raise ValueError("no id")
    return found


def collection_ids(value: object, _: object = None) -> tuple[str, ...]:
    """Ids of collections, given as texts or as objects `{_id, code, name}`."""
    found: list[str] = []
    items: list[object] = value if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType]
    for item in items:
        whole = None if isinstance(item, str) else json_object(item)
        keys = ("_id", "id", "code") if whole else ()
        candidates = [identifier(whole.get(key)) for key in keys] if whole else []
        known = next(filter(None, candidates), None) or identifier(item)
        if known:
            found.append(known)
    return tuple(found)


def moment(value: object, _: object = None) -> dt.datetime | None:
    """An ISO date and time."""
    try:
        return dt.datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def day(value: object, _: object = None) -> dt.date | None:
    """A birth date: ISO date, ISO date and time, or `{year, month, day}`."""
    found = moment(value)
    if found is not None:
        return found.date()
    parts = json_object(value) or {}
    numbers = [parts.get(key) for key in ("year", "month", "day")]
    whole = [n for n in numbers if isinstance(n, int) and not isinstance(n, bool)]
    try:
        return dt.date(*whole) if len(whole) == len(numbers) else None
    except (ValueError, OverflowError):
        return None


def gender_or_none(value: object, _: object = None) -> Gender | None:
    """One of the two genders."""
    return _GENDERS.get(value) if isinstance(value, str) else None


def flag(value: object, _: object = None) -> bool | None:
    """A truth value."""
    return value if isinstance(value, bool) else None


_GENDERS: Mapping[str, Gender] = {gender.value: gender for gender in Gender}

_converter = cattrs.Converter()
_converter.register_unstructure_hook(dt.date, dt.date.isoformat)

_write_request = make_dict_unstructure_fn(
    EnrollmentRequest, _converter, images=override(omit=True)
)

_PERSON_KEYS = {
    "_id": "id",
    "collections": "collections",
    "name": "name",
    "gender": "gender",
    "date_of_birth": "date_of_birth",
    "nationality": "nationality",
    "deleted": "deleted",
    "createdAt": "created_at",
    "updatedAt": "updated_at",
}

_read_person = make_dict_structure_fn(
    Person,
    _converter,
    id=override(rename="_id", struct_hook=person_id),
    collections=override(struct_hook=collection_ids),
    name=override(struct_hook=text_or_none),
    gender=override(struct_hook=gender_or_none),
    date_of_birth=override(struct_hook=day),
    nationality=override(struct_hook=text_or_none),
    deleted=override(struct_hook=flag),
    created_at=override(rename="createdAt", struct_hook=moment),
    updated_at=override(rename="updatedAt", struct_hook=moment),
    extra=override(omit=True),
)

_read_signature = make_dict_structure_fn(
    Signature,
    _converter,
    message=override(struct_hook=text_or_none),
    date_time=override(rename="dateTime", struct_hook=text_or_none),
)


def wire_fields(request: EnrollmentRequest) -> JsonObject:
    """The request's fields but for the images, as on the wire."""
    fields = _write_request(request)
    if request.nationality is None:
        del fields["nationality"]
    return fields


def read_person(data: JsonObject) -> Person:
    """A person from the answer's `data`.

    Raises:
        Exception: There is no id; `cattrs.transform_error` tells where.
    """
    known = "_id" if identifier(data.get("_id")) else "id"
    fields = data if known == "_id" else {**data, "_id": data.get(known)}
    person = _read_person(fields, Person)
    unread: dict[str, object] = {}
    for key, value in data.items():
        field = _PERSON_KEYS.get(key)
        if field is None:
            if key != known:
                unread[key] = value
        elif value is not None:
            read: object = getattr(person, field)
            if read is None or (
                read is person.collections and value != list(person.collections)
            ):
                unread[key] = value
    return attrs.evolve(person, extra=unread) if unread else person


def read_signature(value: object) -> Signature | None:
    """The signature: an object, a text (one translated page), or nothing."""
    if isinstance(value, str):
        return Signature(message=value)
    fields = json_object(value)
    return _read_signature(fields, Signature) if fields else None
