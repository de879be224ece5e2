"""Calls with photographs, and servers that take them or do not."""

from __future__ import annotations

import asyncio
import io
import threading
from pathlib import Path

from raw_server import Exchange

from verifik_async import (
    Body,
    FaceImage,
    HttpRequest,
    Timeout,
)
from verifik_async.bodies import Base64Part

LARGE = 1_500_000
"""Bytes of a photograph whose blocks are made in a thread."""

OK = b"HTTP/1.1 200 OK\r\n"


def to(url: str, *images: FaceImage, **headers: str) -> HttpRequest:
    """A request for `url`, with these images."""
    parts = [Base64Part(label="images[]", source=image) for image in images]
    return HttpRequest(
        method="POST",
        url=f"{url}/a/path",
        headers={"Authorization": "Bearer token", **headers},
        body=Body((b"[", *parts, b"]")),
        timeout=Timeout(write=5, read=5),
    )


def photo(size: int = LARGE) -> FaceImage:
    """A photograph in memory."""
    return FaceImage.from_bytes(b"\xff\xd8\xff" + b"p" * size)


def photo_on_disk(folder: Path, size: int = 24_000_000) -> FaceImage:
    """A photograph larger than all buffers between client and server."""
    path = folder / "photo.jpg"
    with path.open("wb") as file:
        file.write(b"\xff\xd8\xff")
        file.truncate(size)
    return FaceImage.from_path(path)


async def confirm(exchange: Exchange) -> None:
    """Take everything and say yes."""
    await exchange.read_body()
    await exchange.answer(200, {})


async def stall(exchange: Exchange) -> None:
    """Read nothing of the body."""
    await asyncio.sleep(60)


async def silent(exchange: Exchange) -> None:
    """Take everything and never answer."""
    await exchange.read_body()
    await asyncio.sleep(60)


class Held:
    """A photograph whose stream waits until it may go on."""

    def __init__(self, size: int = LARGE) -> None:
        data = b"\xff\xd8\xff" + b"p" * size
        self.reading = reading = threading.Event()
        self.go_on = go_on = threading.Event()

        class Slow(io.BytesIO):
            def read(self, size: int | None = -1, /) -> bytes:
                reading.set()
                go_on.wait(10)
                return super().read(size)

        go_on.set()
        self.image = FaceImage.from_opener(lambda: Slow(data), len(data))
        reading.clear()
        go_on.clear()
