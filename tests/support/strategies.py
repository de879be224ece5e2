"""Valid values to start from, and hypothesis strategies for them."""

import datetime as dt
from collections.abc import Callable, Iterable
from typing import TypedDict, Unpack

import pytest
from hypothesis import strategies as st

from verifik_async import (
    EnrollmentRequest,
    FaceImage,
    Gender,
    InvalidRequestError,
    SearchMode,
)

COLLECTION = "65b9592267cc4f096dbe743d"  # the reference's sample


class RequestFields(TypedDict, total=False):
    """The fields of an `EnrollmentRequest`, all of them optional."""

    name: str
    gender: Gender | str
    date_of_birth: dt.date | str
    nationality: str | None
    collection_id: str
    liveness_min_score: float
    min_score: float
    search_mode: SearchMode | str
    images: Iterable[FaceImage]


def jpeg(number: int = 0, *, size: int = 150) -> bytes:
    """`size` bytes that start like a JPEG file, others for each number."""
    return (b"\xff\xd8\xff\xe0" + number.to_bytes(8, "big")).ljust(size, b"\x5a")


def request_of(**fields: Unpack[RequestFields]) -> EnrollmentRequest:
    """The reference's sample request, with these fields instead."""
    sample: RequestFields = {
        "name": "Jane Doe",
        "gender": "F",
        "date_of_birth": "1990-01-15",
        "nationality": "CO",
        "collection_id": COLLECTION,
        "liveness_min_score": 0.65,
        "min_score": 0.8,
        "search_mode": "FAST",
        "images": [FaceImage.from_bytes(jpeg(1)), FaceImage.from_bytes(jpeg(2))],
    }
    given: RequestFields = {**sample, **fields}
    return EnrollmentRequest(**given)


def image_problem(make: Callable[[], object]) -> str:
    """Why an image was refused."""
    with pytest.raises(InvalidRequestError) as caught:
        make()
    (fault,) = caught.value.faults
    assert fault.field == "images"
    assert fault.hint
    return fault.problem


JPEGS = st.builds(jpeg, st.integers(0, 2**64 - 1), size=st.integers(75, 400))
IMAGES = st.lists(JPEGS.map(FaceImage.from_bytes), min_size=1, max_size=3)
SCORES = st.floats(0.5, 1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
NAMES = TEXTS.map(lambda text: f"x{text}x")
IDS = st.text(st.characters(exclude_categories=["Cs", "Z", "Cc"]), min_size=1)

REQUESTS = st.builds(
    EnrollmentRequest,
    name=NAMES,
    gender=st.sampled_from(Gender),
    date_of_birth=st.dates(),
    nationality=st.none() | TEXTS.filter(str.strip),
    collection_id=IDS,
    liveness_min_score=SCORES,
    min_score=SCORES,
    search_mode=st.sampled_from(SearchMode),
    images=IMAGES,
)
"""Any request that keeps the rules of the reference."""
