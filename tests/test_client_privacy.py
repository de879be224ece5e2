"""Errors carry their frames, and tools print the variables of frames."""

import traceback

import pytest

from verifik_async import (
    AiohttpTransport,
    EnrollmentRequest,
    FaceImage,
    HttpRequest,
    HttpResponse,
    RetryPolicy,
    Transport,
    VerifikClient,
)

TOKEN = "a-token-to-be-kept"
SECRETS = (TOKEN, "Zebedee", "1991-02", "1991, 2", "ZZZZ", "WlpaW")
"""The token, the name, the day in text and as a date, the image raw and in base64."""


class Broken:
    """A transport with a bug."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Fail as a bug does, with the whole body in reach."""
        raise ZeroDivisionError(f"after {request.body.size} bytes")

    async def aclose(self) -> None:
        """Free nothing."""


@pytest.mark.parametrize("make", [Broken, AiohttpTransport])
async def test_no_variable_on_the_way_shows_a_secret(
    make: type[Broken | AiohttpTransport],
) -> None:
    """Printed with all variables from `enroll` inwards, an error tells nothing."""
    transport: Transport = make()
    request = EnrollmentRequest(
        name="Zebedee Quux",
        gender="F",
        date_of_birth="1991-02-03",
        collection_id="c1",
        liveness_min_score=0.6,
        min_score=0.6,
        search_mode="FAST",
        images=[FaceImage.from_bytes(b"\xff\xd8\xff" + b"Z" * 300)],
    )
    client = VerifikClient(
        TOKEN,
        transport,
        base_url="http://127.0.0.1:1",
        retry=RetryPolicy(max_attempts=1),
    )
    with pytest.raises((ZeroDivisionError, ConnectionError)) as caught:
        async with client:
            await client.enroll(request)
    whole = traceback.TracebackException.from_exception(
        caught.value, capture_locals=True
    )
    text = "".join(whole.format())
    _, inwards = text.split(", in enroll", 1)
    assert "request = " in inwards
    assert [secret for secret in SECRETS if secret in inwards] == []
