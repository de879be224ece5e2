"""Requests: strict in what they take, silent in what they show."""

import copy
import datetime as dt
import pickle
import traceback

import attrs
import pytest
from hypothesis import given
from strategies import COLLECTION, REQUESTS, jpeg, request_of

from verifik_async import (
    Enrollment,
    EnrollmentRequest,
    FaceImage,
    Gender,
    InvalidRequestError,
    Person,
    SearchMode,
    Signature,
)

IMAGE = FaceImage.from_bytes(jpeg(1))
SECRET = "Zebedee"


def test_sample() -> None:
    """The reference's sample is a request, its texts converted to types."""
    request = request_of()
    assert request.name == "Jane Doe"
    assert request.gender is Gender.FEMALE
    assert request.date_of_birth == dt.date(1990, 1, 15)
    assert request.nationality == "CO"
    assert request.collection_id == COLLECTION
    assert (request.liveness_min_score, request.min_score) == (0.65, 0.8)
    assert request.search_mode is SearchMode.FAST
    assert len(request.images) == 2


def test_typed_values() -> None:
    """Values of the right types are taken as they are."""
    images = (IMAGE,)
    request = request_of(
        gender=Gender.MALE,
        date_of_birth=dt.date(1, 1, 1),
        search_mode=SearchMode.ACCURATE,
        images=images,
    )
    assert (request.gender, request.search_mode) == (Gender.MALE, SearchMode.ACCURATE)
    assert request.date_of_birth == dt.date(1, 1, 1)
    assert request.images == images


def test_values_are_never_told() -> None:
    """No fault, text or traceback shows the value that was refused."""
    with pytest.raises(InvalidRequestError) as caught:
        request_of(
            name=f"{SECRET}\ud800",
            gender=SECRET,
            date_of_birth=SECRET,
            nationality=f"{SECRET}\ud800",
            collection_id=f" {SECRET}",
            liveness_min_score=0.123456,
            min_score=SECRET,  # type: ignore[arg-type]
            search_mode=SECRET,
            images=[SECRET],  # type: ignore[list-item]
        )
    error = caught.value
    assert len(error.faults) == 9
    shown = "".join(traceback.format_exception(error)) + repr(error.faults)
    # The traceback quotes this test's own source, where the constant has a name.
    assert SECRET not in shown
    assert "0.123456" not in repr(error) + str(error)
    assert error.__cause__ is None
    assert error.__context__ is None


def test_nationality_may_be_left_out() -> None:
    """Nationality is the one optional field."""
    assert request_of(nationality=None).nationality is None


def test_images_may_come_from_an_iterator() -> None:
    """Images are taken once, in order, from anything that can be iterated."""
    images = [FaceImage.from_bytes(jpeg(n)) for n in range(3)]
    assert request_of(images=iter(images)).images == tuple(images)


@given(REQUESTS)
def test_requests_are_values(request: EnrollmentRequest) -> None:
    """Requests can be compared, hashed, copied, pickled, and never changed."""
    found: object = pickle.loads(pickle.dumps(request))  # noqa: S301 - our own
    assert found == request
    assert hash(found) == hash(request)
    assert copy.deepcopy(request) == request
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        request.name = "x"  # type: ignore[misc]


def test_evolving_checks_again() -> None:
    """A changed copy keeps the rules, too."""
    request = request_of()
    assert attrs.evolve(request, name="Joe Doe").name == "Joe Doe"
    with pytest.raises(InvalidRequestError, match="min_score"):
        attrs.evolve(request, min_score=2)


def test_requests_show_no_person() -> None:
    """A request's repr tells the job, not the person."""
    shown = repr(request_of(name="Zebedee", nationality="ZZ", images=[IMAGE]))
    assert shown == (
        "EnrollmentRequest(collection_id='65b9592267cc4f096dbe743d', "
        "liveness_min_score=0.65, min_score=0.8, search_mode=FAST, "
        "images=(FaceImage(kind=jpeg, size=150),))"
    )


def test_answers_show_no_person() -> None:
    """What came back is shown by id, without the personal data in it."""
    person = Person(
        id="p1",
        collections=("c1",),
        name="Zebedee",
        gender=Gender.FEMALE,
        date_of_birth=dt.date(1990, 1, 15),
        nationality="ZZ",
        extra={"email": "zebedee@example.com"},
    )
    enrollment = Enrollment(person=person, signature=Signature(message="Certified"))
    shown = repr(enrollment).lower()
    assert "p1" in shown
    for secret in ("zebedee", "1990", "zz", "female", "'f'", "email"):
        assert secret not in shown


def test_answers_are_values() -> None:
    """Answers can be compared, hashed and pickled, whatever else they hold."""
    enrollment = Enrollment(person=Person(id="p1", extra={"__v": [1]}))
    found: object = pickle.loads(pickle.dumps(enrollment))  # noqa: S301 - our own
    assert found == enrollment
    assert len({found, enrollment}) == 1
    assert enrollment != Enrollment(person=Person(id="p1"))
