"""What is posted: persons with made-up photographs, from disk or from memory."""

from __future__ import annotations

import itertools
import random
import time
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator

ENROLL_PATH = "/v2/face-recognition/persons/search-live-face"
TOKEN = "a-token"  # noqa: S105 - made up
FIELDS = {
    "name": "Jane Doe",
    "gender": "F",
    "date_of_birth": "1990-01-15",
    "nationality": "CO",
    "collection_id": "65b9592267cc4f096dbe743d",
    "liveness_min_score": 0.65,
    "min_score": 0.8,
    "search_mode": "FAST",
}
IMAGES_EACH = 2
_PHOTOGRAPHS = 8


@attrs.frozen(kw_only=True)
class Load:
    """One cell of the tables.

    Attributes:
        image_bytes: Size of each of a person's two photographs, before base64.
        width: Persons in flight.
        from_disk: Photographs are files, else bytes that are held.
        port: Where the sink is, on this machine.
        folder: Where the photographs are, and room for journals.
    """

    image_bytes: int
    width: int
    from_disk: bool = True
    port: int
    folder: str

    @property
    def base_url(self) -> str:
        """Where the API would be."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Where persons are posted to."""
        return self.base_url + ENROLL_PATH

    def paths(self) -> list[tuple[Path, Path]]:
        """The photographs, as pairs for one person each."""
        folder = Path(self.folder)
        names = [f"{self.image_bytes}-{n}.jpg" for n in range(_PHOTOGRAPHS)]
        paths = [folder / name for name in names]
        return list(zip(paths[::2], paths[1::2], strict=True))

    def draw(self) -> None:
        """Write the photographs, unless they are there."""
        noise = random.Random(self.image_bytes)  # noqa: S311 - no secret
        for path in itertools.chain.from_iterable(self.paths()):
            if not path.exists():
                path.write_bytes(
                    b"\xff\xd8\xff" + noise.randbytes(self.image_bytes - 3)
                )

    def held(self) -> list[tuple[bytes, bytes]]:
        """The photographs read, as pairs for one person each."""
        return [(one.read_bytes(), two.read_bytes()) for one, two in self.paths()]


def persons_for(seconds: float) -> Iterator[int]:
    """Numbers of persons, until so many seconds have passed since the first."""
    end = time.perf_counter() + seconds
    for number in itertools.count():
        if time.perf_counter() >= end:
            return
        yield number
