"""Images from openers: archives, stores, and streams that read short."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest
from strategies import image_problem, jpeg
from streams import trickle

from verifik_async import FaceImage, ImageKind

JPEG = jpeg(7)
WEBP = b"RIFF\x70\0\0\0WEBPVP8 " + bytes(100)


def test_opener_that_reads_short() -> None:
    """The format is found also where a stream gives its bytes one by one."""
    image = FaceImage.from_opener(lambda: trickle(WEBP), len(WEBP))
    assert image.kind is ImageKind.WEBP


def test_opener_of_an_archive(tmp_path: Path) -> None:
    """A member of an archive is an image; one that is missing is refused."""
    with zipfile.ZipFile(tmp_path / "faces.zip", "w") as archive:
        archive.writestr("jane.jpg", JPEG)
    with zipfile.ZipFile(tmp_path / "faces.zip") as archive:

        def opener(name: str) -> Callable[[], BinaryIO]:
            return lambda: archive.open(name)  # type: ignore[return-value]

        image = FaceImage.from_opener(opener("jane.jpg"), len(JPEG))
        with image.open() as stream:
            assert stream.read() == JPEG
        found = image_problem(lambda: FaceImage.from_opener(opener("joe.jpg"), 150))
        assert found == "can't be opened: KeyError"


def test_opener_that_fails(tmp_path: Path) -> None:
    """The system's reason is told, the path is not."""

    def opener() -> BinaryIO:
        return (tmp_path / "Jane").open("rb")

    found = image_problem(lambda: FaceImage.from_opener(opener, 150))
    assert found == "can't be opened: No such file or directory"


@pytest.mark.parametrize("size", [150.0, None, True, "150"])
def test_odd_sizes(size: object) -> None:
    """The size goes into Content-Length, so it must be a whole number."""
    found = image_problem(lambda: FaceImage.from_opener(lambda: io.BytesIO(JPEG), size))  # type: ignore[arg-type]
    assert found == "has no size in whole bytes"


@pytest.mark.parametrize(("size", "problem"), [(0, "empty"), (-150, "too small")])
def test_sizes_of_nothing(size: int, problem: str) -> None:
    """A size of nought or less is refused."""
    opener = lambda: io.BytesIO(JPEG)  # noqa: E731 - short
    assert problem in image_problem(lambda: FaceImage.from_opener(opener, size))
