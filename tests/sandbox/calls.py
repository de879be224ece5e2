"""Requests to the sandbox, made with the standard library and not with our encoder."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import Mapping
from typing import cast

import attrs

from verifik_async.bodies import text_body
from verifik_async.sandbox import SandboxTransport, World
from verifik_async.wire import HttpRequest

ROUTE = "/v2/face-recognition/persons/search-live-face"
COLLECTION = "65b9592267cc4f096dbe743d"
OTHER_COLLECTION = "65b9592267cc4f096dbe7000"
HEADERS = {"Content-Type": "application/json", "Authorization": "Bearer token-1"}

NAME = "Jane Doe"
BORN = "1990-01-15"


def jpeg(marker: str = "", *, number: int = 0, size: int = 200) -> bytes:
    """Bytes that read as a JPEG file: a header, a comment, a scan."""
    comment = b"\xff\xfe" + struct.pack(">H", len(marker) + 2) + marker.encode()
    scan = b"\xff\xda\x00\x02" + number.to_bytes(4) + bytes(size)
    return b"\xff\xd8\xff\xe0\x00\x04ab" + (comment if marker else b"") + scan


def png(marker: str = "", *, keyword: str = "Comment") -> bytes:
    """Bytes that read as a PNG file with a text."""
    text = keyword.encode() + b"\0" + marker.encode()
    chunks = [(b"IHDR", bytes(13)), (b"tEXt", text), (b"IDAT", bytes(99))]
    joined = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(data))
        for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + joined


def webp() -> bytes:
    """Bytes that read as a WebP file."""
    return b"RIFF\x64\0\0\0WEBPVP8 " + bytes(90)


def b64(image: bytes) -> str:
    """What stands in the body for an image."""
    return base64.b64encode(image).decode("ascii")


def sample(**fields: object) -> dict[str, object]:
    """The reference's sample body with a picture in it, and with other fields."""
    return {
        "name": NAME,
        "gender": "F",
        "date_of_birth": BORN,
        "nationality": "CO",
        "collection_id": COLLECTION,
        "liveness_min_score": 0.65,
        "min_score": 0.8,
        "search_mode": "FAST",
        "images": [b64(jpeg())],
        **fields,
    }


def of_faces(*markers: str, **fields: object) -> dict[str, object]:
    """The sample with one JPEG for each marker."""
    return sample(images=[b64(jpeg(marker)) for marker in markers], **fields)


def without(field: str) -> dict[str, object]:
    """The sample less one field."""
    return {key: value for key, value in sample().items() if key != field}


def encoded(body: object) -> bytes:
    """A body as it is sent; bytes are sent as they are."""
    return body if isinstance(body, bytes) else json.dumps(body).encode()


@attrs.frozen(kw_only=True)
class Heard:
    """An answer, decoded."""

    status: int
    json: dict[str, object]
    headers: Mapping[str, str]

    @property
    def refusal(self) -> tuple[int, object, object]:
        """Status, message and code."""
        return self.status, self.json.get("message"), self.json.get("code")

    @property
    def person(self) -> dict[str, object]:
        """The person of a 200."""
        assert self.status == 200
        return cast("dict[str, object]", self.json["data"])


def request(
    body: object,
    *,
    method: str = "POST",
    path: str = ROUTE,
    headers: Mapping[str, str] | None = None,
) -> HttpRequest:
    """A request for the in-memory door."""
    return HttpRequest(
        method=method,
        url=f"https://api.verifik.co{path}",
        headers=HEADERS if headers is None else headers,
        body=text_body(encoded(body)),
    )


async def ask(
    world: World,
    body: object,
    *,
    method: str = "POST",
    path: str = ROUTE,
    headers: Mapping[str, str] | None = None,
) -> Heard:
    """Send through the in-memory door."""
    transport = SandboxTransport(world)
    response = await transport.send(
        request(body, method=method, path=path, headers=headers)
    )
    return Heard(
        status=response.status,
        json=json.loads(response.body),
        headers=response.headers,
    )
