"""Requests that the checks send: a made-up person, whose data must show nowhere."""

from __future__ import annotations

import datetime as dt
import io
import json
import random
from typing import TYPE_CHECKING

from verifik_async.codec import encode_enrollment
from verifik_async.images import FaceImage
from verifik_async.models import EnrollmentRequest
from verifik_async.testing.documented import documented_answer
from verifik_async.wire import HttpRequest, HttpResponse, Timeout

if TYPE_CHECKING:
    from verifik_async.testing.exchanges import Exchange

BASE_URL = "https://api.verifik.co"
"""For transports that reach no server."""

TOKEN = "contract-token.that-must-not-be.seen-anywhere"  # noqa: S105 - made up
NAME = "Zsazsa Unsichtbar"
_FIRST_BIRTH = dt.date(1930, 1, 1)

SMALL = 150
LARGE = 15_000_000
"""Bytes of an image whose request has 20 MB: more than any socket buffers."""


def birth_of(number: int) -> dt.date:
    """The birth date of person `number`, which nobody else has."""
    return _FIRST_BIRTH + dt.timedelta(days=number)


def photo(number: int = 0, *, size: int = SMALL) -> FaceImage:
    """Bytes that start like a JPEG and are nobody else's."""
    noise = random.Random(number).randbytes(size - 3)  # noqa: S311 - only to differ
    return FaceImage.from_bytes(b"\xff\xd8\xff" + noise)


def shrunk_photo(size: int) -> FaceImage:
    """An image that has lost a third of its bytes since it was checked."""
    content = b"\xff\xd8\xff" + bytes(size * 2 // 3)
    return FaceImage.from_opener(lambda: io.BytesIO(content), size)


def sample_request(
    base_url: str = BASE_URL,
    number: int = 0,
    *,
    image: FaceImage | None = None,
    timeout: Timeout | None = None,
) -> HttpRequest:
    """The request that the client would send for person `number`."""
    person = EnrollmentRequest(
        name=NAME,
        gender="F",
        date_of_birth=birth_of(number),
        nationality="CO",
        collection_id="65b9592267cc4f096dbe743d",
        liveness_min_score=0.65,
        min_score=0.8,
        search_mode="FAST",
        images=[image or photo(number)],
    )
    request = encode_enrollment(
        person,
        base_url=base_url,
        user_agent="verifik-async/contract",
        timeout=timeout or Timeout(),
    )
    return request.with_header("Authorization", f"Bearer {TOKEN}")


def secrets_of(request: HttpRequest) -> tuple[str, ...]:
    """Texts that must show nowhere: the token, and what tells of the person."""
    text = request.body.read().decode()
    birth = json.loads(text)["date_of_birth"]
    image = text.partition('"images":["')[2]
    return (TOKEN, NAME, str(birth), image[8:48], image[-48:-8])


def person_in(response: HttpResponse) -> str:
    """The birth date in an answer of success, which tells whose it is."""
    text = response.body.decode()
    return str(json.loads(text)["data"]["date_of_birth"])[:10]


async def enroll(exchange: Exchange) -> None:
    """A server's step: the documented answer, with the birth date that was sent."""
    body = await exchange.read_body()
    try:
        birth = json.loads(body)["date_of_birth"]
    except (ValueError, KeyError):
        await exchange.answer(HttpResponse.of_json(400, {"message": "no_request"}))
    else:
        await exchange.answer(documented_answer(date_of_birth=birth))
