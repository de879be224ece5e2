"""What goes in and what comes out, as checked, frozen values.

Rules are those of the reference page of
`POST /v2/face-recognition/persons/search-live-face` unless a line says otherwise.
Writing is strict: a request that exists is valid. Reading is lenient (see `codec`).
"""

from __future__ import annotations

import datetime as dt
import enum
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar, cast

import attrs

from verifik_async.errors import FieldFault, InvalidRequestError
from verifik_async.images import FaceImage

MOST_IMAGES = 3
"""The reference sets no number; the endpoint's older page and the sibling pages
(create, update, search) say 1 to 3, and so does the engine behind them."""


class Gender(enum.StrEnum):
    """The two values that the API takes."""

    FEMALE = "F"
    MALE = "M"


class SearchMode(enum.StrEnum):
    """How the search for the same face trades time for precision."""

    FAST = "FAST"
    ACCURATE = "ACCURATE"


class _Refusal(Exception):  # noqa: N818 - carries a fault, never leaves this module
    def __init__(self, problem: str, hint: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.hint = hint


Value = TypeVar("Value")


class _Checks:
    """Converts fields and keeps what is wrong with them.

    attrs' own converters stop at the first that raises; a caller with a bad row
    wants all its faults at once.
    """

    def __init__(self) -> None:
        self.faults: list[FieldFault] = []

    def take(
        self, field: str, convert: Callable[[object], Value], value: object
    ) -> Value:
        """The converted value; the fault is kept where there is none."""
        try:
            return convert(value)
        except _Refusal as refusal:
            fault = FieldFault(field=field, problem=refusal.problem, hint=refusal.hint)
            self.faults.append(fault)
            return cast("Value", None)  # never seen: the constructor raises


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise _Refusal(f"must be a string, not {type(value).__name__}")
    if not value.strip():
        raise _Refusal("must not be empty", what)
    try:
        value.encode()
    except UnicodeEncodeError:
        # Wrongly decoded bytes; JSON could escape them, few servers would read that.
        raise _Refusal("holds half characters", "check the file's encoding") from None
    return value


def _to_name(value: object) -> str:
    name = _text(value, "give the full name")
    if not any(map(str.isalpha, name)):
        raise _Refusal(
            "must keep a letter once digits are stripped",
            "the API strips digits from names",
        )
    return name


Member = TypeVar("Member", bound=enum.StrEnum)


def _member(members: Mapping[str, Member], value: object) -> Member:
    if isinstance(value, str):
        member = members.get(value)
        if member is not None:
            return member
    allowed = " or ".join(members)
    if isinstance(value, str):
        raise _Refusal(f"must be {allowed}", "in capitals")
    raise _Refusal(f"must be {allowed}, not {type(value).__name__}")


_GENDERS: Mapping[str, Gender] = {member.value: member for member in Gender}
_SEARCH_MODES: Mapping[str, SearchMode] = {mode.value: mode for mode in SearchMode}


def _to_gender(value: object) -> Gender:
    return _member(_GENDERS, value)


def _to_search_mode(value: object) -> SearchMode:
    return _member(_SEARCH_MODES, value)


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _to_date(value: object) -> dt.date:
    if isinstance(value, dt.datetime):
        raise _Refusal("must be a date without a time", "pass .date()")
    if isinstance(value, dt.date):
        return value
    if not isinstance(value, str):
        raise _Refusal(f"must be a date or YYYY-MM-DD, not {type(value).__name__}")
    if not _DAY.fullmatch(value):
        raise _Refusal("must be written YYYY-MM-DD", "for example 1990-01-15")
    try:
        return dt.date.fromisoformat(value)
    except ValueError:
        raise _Refusal("is no day of the calendar") from None


def _to_score(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Refusal(f"must be a number, not {type(value).__name__}")
    if not 0.5 <= value <= 1:  # noqa: PLR2004 - the rule; false for NaN as well
        raise _Refusal("must be between 0.5 and 1")
    return float(value)


def _to_collection_id(value: object) -> str:
    # Opaque: sources show a 24-hex id, a UUID code, and a 23-digit sample.
    identifier = _text(value, "give the collection's _id")
    if identifier != identifier.strip():
        raise _Refusal("has white space around it", "strip it")
    return identifier


def _to_nationality(value: object) -> str | None:
    if value is None:
        return None
    return _text(value, "leave it out instead")


def _to_images(value: object) -> tuple[FaceImage, ...]:
    if isinstance(value, str | bytes | FaceImage) or not isinstance(value, Iterable):
        raise _Refusal("must be a list of FaceImage", "FaceImage.from_path(…)")
    given: Iterable[FaceImage] = value  # pyright: ignore[reportUnknownVariableType]
    images = tuple(given)
    for image in images:
        if not isinstance(image, FaceImage):  # pyright: ignore[reportUnnecessaryIsInstance] - not all callers check types
            raise _Refusal("must hold FaceImage only", "FaceImage.from_path(…)")
    if not 1 <= len(images) <= MOST_IMAGES:
        raise _Refusal(
            f"must hold 1 to {MOST_IMAGES} images, not {len(images)}",
            "all of the same person",
        )
    return images


@attrs.frozen(kw_only=True, init=False)
class EnrollmentRequest:
    """A person to enroll. A request that exists keeps all rules of the reference.

    Attributes:
        name: Full name. The API strips digits; a letter must remain.
        gender: `F` or `M`.
        date_of_birth: A date, or `YYYY-MM-DD`.
        collection_id: The `_id` of the collection to enroll into, in which
            duplicates are looked for. Opaque.
        liveness_min_score: Least liveness score, 0.5 to 1.
        min_score: Least similarity for the search of the same face, 0.5 to 1.
        search_mode: `FAST` or `ACCURATE`.
        images: 1 to 3 photographs of this person.
        nationality: Optional; the reference's sample is `CO`.

    Raises:
        InvalidRequestError: With **all** faults, by field, without the values.
    """

    name: str = attrs.field(repr=False)
    gender: Gender = attrs.field(repr=False)
    date_of_birth: dt.date = attrs.field(repr=False)
    nationality: str | None = attrs.field(repr=False)
    collection_id: str
    liveness_min_score: float
    min_score: float
    search_mode: SearchMode = attrs.field(repr=str)
    images: tuple[FaceImage, ...]

    def __init__(  # noqa: PLR0913 - one parameter a field of the reference
        self,
        *,
        name: str,
        gender: Gender | str,
        date_of_birth: dt.date | str,
        collection_id: str,
        liveness_min_score: float,
        min_score: float,
        search_mode: SearchMode | str,
        images: Iterable[FaceImage],
        nationality: str | None = None,
    ) -> None:
        checks = _Checks()
        take = checks.take
        # pyright does not know the initialiser that attrs generates; mypy checks it
        self.__attrs_init__(  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
            name=take("name", _to_name, name),
            gender=take("gender", _to_gender, gender),
            date_of_birth=take("date_of_birth", _to_date, date_of_birth),
            nationality=take("nationality", _to_nationality, nationality),
            collection_id=take("collection_id", _to_collection_id, collection_id),
            liveness_min_score=take(
                "liveness_min_score", _to_score, liveness_min_score
            ),
            min_score=take("min_score", _to_score, min_score),
            search_mode=take("search_mode", _to_search_mode, search_mode),
            images=take("images", _to_images, images),
        )
        if checks.faults:
            raise InvalidRequestError(checks.faults)


@attrs.frozen(kw_only=True)
class Person:
    """A person as the API tells it. Personal data is hidden in repr.

    The API may update an older record instead of creating one, so these fields can
    differ from what was sent. Fields that the answer lacks are None.

    Attributes:
        id: The person's id: `data._id`.
        collections: Ids (or codes) of the collections which hold the person.
        name: As stored, without digits.
        gender: `F` or `M`.
        date_of_birth: Without the time that the API adds.
        nationality: As stored.
        deleted: Whether the record is marked as deleted.
        created_at: When the record was made.
        updated_at: When it was changed last; later than `created_at` hints that an
            older record was updated.
        extra: Everything else that the answer held, by its name on the wire, also
            fields above whose value could not be read.
    """

    id: str
    collections: tuple[str, ...] = ()
    name: str | None = attrs.field(default=None, repr=False)
    gender: Gender | None = attrs.field(default=None, repr=False)
    date_of_birth: dt.date | None = attrs.field(default=None, repr=False)
    nationality: str | None = attrs.field(default=None, repr=False)
    deleted: bool | None = None
    created_at: dt.datetime | None = None
    updated_at: dt.datetime | None = None
    extra: Mapping[str, object] = attrs.field(
        factory=dict[str, object], repr=False, hash=False
    )


@attrs.frozen(kw_only=True)
class Signature:
    """The vendor's mark on an answer.

    Attributes:
        message: `Certified by Verifik.co`.
        date_time: Text for display, such as `January 16, 2024 3:44 PM`; no ISO date.
    """

    message: str | None = None
    date_time: str | None = None


@attrs.frozen(kw_only=True)
class Enrollment:
    """The person is enrolled.

    Attributes:
        person: The record that was created or updated.
        signature: None where the answer has none.
        request_id: The answer's short id, for questions to the vendor.
        attempts: Requests that it took.
    """

    person: Person
    signature: Signature | None = None
    request_id: str | None = None
    attempts: int = 1
