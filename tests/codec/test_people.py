"""Persons as the API's pages, old answers and clients show them (api-facts §1.3)."""

import datetime as dt

import pytest
from answers import PERSON_ID, answer, decoded, enrolled, not_understood

from verifik_async import Gender, Person, Signature

UTC = dt.UTC
SAMPLE = {
    "_id": PERSON_ID,
    "name": "Jane Doe",
    "gender": "F",
    "date_of_birth": "1990-01-15T00:00:00.000Z",
    "collections": ["65b9592267cc4f096dbe743d"],
    "deleted": False,
    "createdAt": "2024-01-30T20:16:34.841Z",
    "updatedAt": "2024-01-30T20:16:34.841Z",
}
BORN = dt.date(1990, 1, 15)


def person_of(data: object) -> Person:
    """The person in an answer with this `data`."""
    return decoded(answer(200, {"data": data})).person


def test_sample() -> None:
    """The reference's answer, field by field."""
    moment = dt.datetime(2024, 1, 30, 20, 16, 34, 841000, tzinfo=UTC)
    assert person_of(SAMPLE) == Person(
        id=PERSON_ID,
        name="Jane Doe",
        gender=Gender.FEMALE,
        date_of_birth=BORN,
        collections=("65b9592267cc4f096dbe743d",),
        deleted=False,
        created_at=moment,
        updated_at=moment,
    )


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (["65b9592267cc4f096dbe743d"], ("65b9592267cc4f096dbe743d",)),  # reference
        (["6dbb0c8e-29b5-44b8-a6a5-3d6a3c1e9f3b"],) * 2,  # docs-old: codes
        ([{"_id": "c1", "code": "u1", "name": "Staff"}], ("c1",)),  # P/lookup
        ([{"_id": "c1", "name": "Staff", "description": "d"}], ("c1",)),  # P/list
        ([{"id": "c1", "name": "Staff", "count": 3}], ("c1",)),  # demo-app
        ([{"code": "u1"}], ("u1",)),
        ([{"_id": {"$oid": "c1"}}, "c2", {"$oid": "c3"}], ("c1", "c2", "c3")),
        ([], ()),
        (None, ()),
    ],
)
def test_collections(value: list[object], found: tuple[str, ...]) -> None:
    """Collections are ids, codes, or objects that hold one."""
    assert enrolled(collections=value).person.collections == tuple(found)


@pytest.mark.parametrize(
    "value",
    [
        "1990-01-15T00:00:00.000Z",  # reference
        "1990-01-15T00:00:00Z",
        "1990-01-15T00:00:00+00:00",
        "1990-01-15",  # P/create, P/lookup
        {"year": 1990, "month": 1, "day": 15},  # P/the-person-object, list, retrieve
    ],
)
def test_birth_dates(value: object) -> None:
    """A birth date is found in each of the forms that pages show."""
    person = enrolled(date_of_birth=value).person
    assert person.date_of_birth == BORN
    assert person.extra == {}


@pytest.mark.parametrize("field", ["date_of_birth", "nationality", "name", "gender"])
def test_nulls(field: str) -> None:
    """What is null, or missing, is None and leaves nothing behind."""
    for person in (enrolled(**{field: None}).person, enrolled().person):
        assert getattr(person, field) is None
        assert person.extra == {}


@pytest.mark.parametrize(
    ("field", "value", "attribute"),
    [
        ("date_of_birth", "15/01/1990", "date_of_birth"),
        ("date_of_birth", "", "date_of_birth"),
        ("date_of_birth", {"year": 1990, "month": 13, "day": 1}, "date_of_birth"),
        ("date_of_birth", {"year": 10**30, "month": 1, "day": 1}, "date_of_birth"),
        ("date_of_birth", {"year": True, "month": 1, "day": 1}, "date_of_birth"),
        ("date_of_birth", {"year": 1990}, "date_of_birth"),
        ("date_of_birth", 632361600000, "date_of_birth"),
        ("gender", "female", "gender"),
        ("gender", 1, "gender"),
        ("name", ["Jane"], "name"),
        ("nationality", 57, "nationality"),
        ("deleted", "no", "deleted"),
        ("createdAt", "yesterday", "created_at"),
        ("createdAt", 1706645794841, "created_at"),
        ("updatedAt", {"$date": 1}, "updated_at"),
    ],
)
def test_unreadable_fields(field: str, value: object, attribute: str) -> None:
    """An odd field never loses the person: it is None, and kept as it came."""
    person = enrolled(**{field: value}).person
    assert person.id == PERSON_ID
    assert getattr(person, attribute) is None
    assert person.extra == {field: value}


@pytest.mark.parametrize("value", ["c1", {"_id": "c1"}, 7, [7], ["c1", None]])
def test_unreadable_collections(value: object) -> None:
    """Collections that could not all be read are kept as they came, too."""
    person = enrolled(collections=value).person
    assert person.extra == {"collections": value}


@pytest.mark.parametrize(
    "data",
    [
        {"_id": PERSON_ID},
        {"id": PERSON_ID},  # as the engine's results
        {"_id": {"$oid": PERSON_ID}},  # demo-app
        {"_id": None, "id": PERSON_ID},
        {"_id": " ", "id": PERSON_ID},
    ],
)
def test_ids(data: dict[str, object]) -> None:
    """The id stands in `_id`, plain or wrapped, or in `id`."""
    person = person_of(data)
    assert person.id == PERSON_ID
    assert "id" not in person.extra


def test_id_beside_another() -> None:
    """`_id` is the person's; an `id` beside it is kept."""
    person = person_of({"_id": PERSON_ID, "id": "other"})
    assert (person.id, person.extra) == (PERSON_ID, {"id": "other"})


@pytest.mark.parametrize(
    "data", [{}, {"_id": None}, {"_id": ""}, {"_id": 7}, {"_id": {"$oid": None}}]
)
def test_no_id(data: dict[str, object]) -> None:
    """A person without an id is no person; the error tells no value."""
    error = not_understood(200, {"data": {**data, "name": "Zebedee"}})
    (problem,) = error.problems
    assert "$.data" in problem
    assert "Zebedee" not in str(error)


def test_extra() -> None:
    """Whatever else a real record holds is kept under its name on the wire."""
    more = {
        "thumbnails": [{"id": "t", "thumbnail": "/9j/"}],
        "notes": None,
        "documentValidations": [],
        "emails": ["x@example.com"],
        "livenessScore": 0.98,
        "isDemoPerson": True,
        "create_date": "2024-01-30",
        "created_at": "2024",
        "extra": {"extra": 1},
        "__v": 1,
    }
    person = enrolled(**more).person
    assert person.extra == more
    assert person.created_at is None


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        (
            {"message": "Certified by Verifik.co", "dateTime": "January 16, 2024"},
            Signature(message="Certified by Verifik.co", date_time="January 16, 2024"),
        ),
        ({"message": "m"}, Signature(message="m")),
        ({"message": 1, "dateTime": []}, Signature()),
        ("Certified", Signature(message="Certified")),  # a Spanish page
        (None, None),
        ({}, None),
        ([], None),
        (7, None),
    ],
)
def test_signatures(body: object, signature: Signature | None) -> None:
    """A signature is an object, a text or nothing."""
    root = {"data": {"_id": PERSON_ID}}
    assert decoded(answer(200, {**root, "signature": body})).signature == signature
    assert decoded(answer(200, root)).signature is None
