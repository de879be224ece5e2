"""From a checked request to the bytes of the wire.

Source: the reference page of `POST /v2/face-recognition/persons/search-live-face`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from verifik_async.bodies import Body, base64_json_array
from verifik_async.codec.converter import wire_fields
from verifik_async.wire import HttpRequest, Timeout

if TYPE_CHECKING:
    from verifik_async.models import EnrollmentRequest
    from verifik_async.tokens import Token

_compact = json.JSONEncoder(separators=(",", ":")).encode

ENROLL_PATH = "/v2/face-recognition/persons/search-live-face"
"""Under `persons`; the reference warns of `persons/liveness`, which is wrong."""


def encode_enrollment(
    request: EnrollmentRequest,
    *,
    base_url: str,
    user_agent: str,
    timeout: Timeout,
    token: Token | None = None,
) -> HttpRequest:
    """The request as HTTP; without `token` it has no `Authorization` header.

    The small fields are encoded as JSON once; images are spliced in as base64 while
    the body is sent, and never held whole.
    """
    fields = _compact(wire_fields(request)).encode()
    images = base64_json_array(
        [(f"images[{index}]", image) for index, image in enumerate(request.images)]
    )
    return HttpRequest(
        method="POST",
        url=base_url + ENROLL_PATH,
        headers=_headers(user_agent, token),
        body=Body((fields[:-1] + b',"images":', *images, b"}")),
        timeout=timeout,
    )


def _headers(user_agent: str, token: Token | None) -> dict[str, str]:
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "User-Agent": user_agent,
    }
    if token is not None:
        headers["Authorization"] = f"Bearer {token.value}"
    return headers
