"""The bytes of a request, parsed by nothing of ours."""

import base64
import json

import attrs
import pytest
from hypothesis import given
from strategies import COLLECTION, REQUESTS, jpeg, request_of

from verifik_async import EnrollmentRequest, FaceImage, Gender, HttpRequest, Timeout
from verifik_async.codec import ENROLL_PATH, encode_enrollment

TIMEOUT = Timeout(read=5)


def encoded(request: EnrollmentRequest) -> HttpRequest:
    """The request as HTTP."""
    return encode_enrollment(
        request,
        base_url="https://api.verifik.co",
        user_agent="verifik-async/0",
        timeout=TIMEOUT,
    )


def test_sample() -> None:
    """The reference's sample becomes the reference's body, field by field."""
    found = json.loads(encoded(request_of()).body.read())
    assert found == {
        "name": "Jane Doe",
        "gender": "F",
        "date_of_birth": "1990-01-15",
        "nationality": "CO",
        "collection_id": COLLECTION,
        "liveness_min_score": 0.65,
        "min_score": 0.8,
        "search_mode": "FAST",
        "images": [base64.b64encode(jpeg(n)).decode() for n in (1, 2)],
    }


def test_address_and_headers() -> None:
    """Method, address and headers are the reference's; the token is not yet there."""
    request = encoded(request_of())
    assert request.method == "POST"
    assert request.url == (
        "https://api.verifik.co/v2/face-recognition/persons/search-live-face"
    )
    assert request.url.endswith(ENROLL_PATH)
    assert request.headers == {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "User-Agent": "verifik-async/0",
    }
    assert request.timeout is TIMEOUT


@given(REQUESTS)
def test_what_goes_in_comes_out(request: EnrollmentRequest) -> None:
    """Every request is valid JSON in UTF-8 which holds exactly what was asked."""
    http = encoded(request)
    data = http.body.read()
    assert http.body.size == len(data)
    found = json.loads(data.decode("utf-8", "strict"))
    images = [base64.b64decode(text, validate=True) for text in found.pop("images")]
    held: list[bytes] = []
    for image in request.images:
        with image.open() as stream:
            held.append(stream.read())
    assert images == held
    expected = attrs.asdict(request)
    del expected["images"]
    if request.nationality is None:
        del expected["nationality"]
    expected["date_of_birth"] = request.date_of_birth.isoformat()
    assert found == expected


def test_types() -> None:
    """Scores are JSON numbers, images a list of texts, everything else text."""
    body = encoded(request_of(min_score=1)).body.read()
    found: dict[str, object] = json.loads(body)
    kinds = {name: type(value) for name, value in found.items()}
    assert kinds.pop("min_score") is kinds.pop("liveness_min_score") is float
    assert kinds.pop("images") is list
    assert set(kinds.values()) == {str}


def test_left_out_fields_are_not_sent() -> None:
    """There is no null, and no `collections` array, in a body."""
    found = json.loads(encoded(request_of(nationality=None)).body.read())
    assert "nationality" not in found
    assert "collections" not in found


@pytest.mark.parametrize(
    "name", ['"},{"x":"', "\\", "\0\x1f\x7f", "\u2028é😀", "</script>", "José\u0301"]
)
def test_odd_names(name: str) -> None:
    """Quotes, control characters and any script arrive as they were."""
    body = encoded(request_of(name=f"Jane{name}")).body.read()
    assert json.loads(body)["name"] == f"Jane{name}"


def test_dates_before_1000() -> None:
    """Years have four digits, also early ones."""
    body = encoded(request_of(date_of_birth="0099-01-02")).body.read()
    assert json.loads(body)["date_of_birth"] == "0099-01-02"


def test_replay() -> None:
    """A body can be sent again, with the same bytes."""
    body = encoded(request_of()).body
    assert b"".join(body) == b"".join(body) == body.read()


def test_images_are_labelled() -> None:
    """Parts of a body carry the field that an error would name."""
    images = [FaceImage.from_bytes(jpeg(n)) for n in range(3)]
    parts = encoded(request_of(images=images)).body.parts
    labels = [part.label for part in parts if not isinstance(part, bytes)]
    assert labels == ["images[0]", "images[1]", "images[2]"]


def test_requests_show_no_person() -> None:
    """A request on its way shows address and size, no person."""
    shown = repr(encoded(request_of(name="Zebedee", gender=Gender.MALE)))
    assert "Body(size=" in shown
    for secret in ("Zebedee", "1990", "/9j/", "CO'"):
        assert secret not in shown
