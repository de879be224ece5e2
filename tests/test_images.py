"""Face images: what is taken, what is refused, and what they hold and show."""

import base64
import gc
import io
import os
import pickle
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest
from strategies import image_problem, jpeg

from verifik_async import FaceImage, ImageKind, InvalidRequestError

JPEG = jpeg(7)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
WEBP = b"RIFF\x70\0\0\0WEBPVP8 " + bytes(100)

Maker = Callable[[bytes, Path], FaceImage]


def _from_path(data: bytes, folder: Path) -> FaceImage:
    path = folder / "face"
    path.write_bytes(data)
    return FaceImage.from_path(path)


def _from_bytes(data: bytes, _: Path) -> FaceImage:
    return FaceImage.from_bytes(data)


def _from_base64(data: bytes, _: Path) -> FaceImage:
    return FaceImage.from_base64(base64.b64encode(data))


def _from_opener(data: bytes, _: Path) -> FaceImage:
    return FaceImage.from_opener(lambda: io.BytesIO(data), len(data))


every_maker = pytest.mark.parametrize(
    "make", [_from_path, _from_bytes, _from_base64, _from_opener]
)


@every_maker
@pytest.mark.parametrize(
    ("data", "kind"),
    [(JPEG, ImageKind.JPEG), (PNG, ImageKind.PNG), (WEBP, ImageKind.WEBP)],
)
def test_kinds(make: Maker, data: bytes, kind: ImageKind, tmp_path: Path) -> None:
    """The first bytes tell the format; the bytes come out as they went in, twice."""
    image = make(data, tmp_path)
    assert (image.kind, image.size) == (kind, len(data))
    for _ in range(2):
        with image.open() as stream:
            assert stream.read() == data


@every_maker
@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "is empty"),
        (b"GIF89a" + bytes(200), "is no JPEG, PNG or WebP image"),
        (b"\xff\xd8", "is no JPEG, PNG or WebP image"),
        (b"RIFF\x70\0\0\0WAVEfmt " + bytes(100), "is no JPEG, PNG or WebP image"),
        (b"\0" * 500, "is no JPEG, PNG or WebP image"),
        (JPEG[:3], "is too small for an image (3 bytes)"),
        (JPEG[:72], "is too small for an image (72 bytes)"),
    ],
)
def test_unfit_data(make: Maker, data: bytes, problem: str, tmp_path: Path) -> None:
    """What is empty, no image, or under 100 base64 characters is refused."""
    assert image_problem(lambda: make(data, tmp_path)) == problem


@every_maker
def test_smallest(make: Maker, tmp_path: Path) -> None:
    """The least size is the one that makes 100 characters of base64."""
    data = JPEG[:73]
    assert len(base64.b64encode(data)) == 100
    assert make(data, tmp_path).size == 73


@every_maker
def test_shows_kind_and_size_only(make: Maker, tmp_path: Path) -> None:
    """Neither bytes nor path stand in repr."""
    image = make(JPEG, tmp_path)
    assert repr(image) == str(image) == "FaceImage(kind=jpeg, size=150)"


@pytest.mark.parametrize("make", [_from_path, _from_bytes, _from_base64])
def test_pickles(make: Maker, tmp_path: Path) -> None:
    """Images on paths and in memory go to other processes."""
    image = make(JPEG, tmp_path)
    found: object = pickle.loads(pickle.dumps(image))  # noqa: S301 - our own
    assert found == image
    assert isinstance(found, FaceImage)
    with found.open() as stream:
        assert stream.read() == JPEG


@every_maker
def test_is_frozen(make: Maker, tmp_path: Path) -> None:
    """An image that was checked stays as it was checked."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        make(JPEG, tmp_path).size = 3  # type: ignore[misc]


def test_path_holds_no_bytes(tmp_path: Path) -> None:
    """A path-backed image is small whatever the file's size."""
    image = _from_path(jpeg(size=1_000_000), tmp_path)
    assert len(pickle.dumps(image)) < 1000
    assert not image.in_memory
    assert FaceImage.from_bytes(JPEG).in_memory
    assert not _from_opener(JPEG, tmp_path).in_memory


def test_path_as_text(tmp_path: Path) -> None:
    """Paths are given as `Path` or as text; links are followed."""
    _from_path(JPEG, tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "face")
    assert FaceImage.from_path(str(tmp_path / "link")).size == 150


def _missing(folder: Path) -> Path:
    return folder / "Jane Doe.jpg"


def _folder(folder: Path) -> Path:
    return folder


def _nul(folder: Path) -> Path:
    return folder / "Jane\0Doe"


def _surrogate(folder: Path) -> Path:
    return folder / "Jane\ud800Doe"


def _pipe(folder: Path) -> Path:
    os.mkfifo(folder / "Jane")
    return folder / "Jane"


def _too_long(folder: Path) -> Path:
    return folder / ("Jane" * 1000)


@pytest.mark.parametrize(
    "path_in", [_missing, _folder, _nul, _surrogate, _pipe, _too_long]
)
def test_unreadable_paths(path_in: Callable[[Path], Path], tmp_path: Path) -> None:
    """What is no readable file is refused at once, without telling its name."""
    path = path_in(tmp_path)
    with pytest.raises(InvalidRequestError, match="can't be read") as caught:
        FaceImage.from_path(path)
    shown = "".join(traceback.format_exception(caught.value))
    assert "Jane" not in shown
    assert str(tmp_path) not in shown


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_forbidden_path(tmp_path: Path) -> None:
    """A file without read permission is refused."""
    path = tmp_path / "face"
    path.write_bytes(JPEG)
    path.chmod(0)
    problem = image_problem(lambda: FaceImage.from_path(path))
    assert problem == "the file can't be read: Permission denied"


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_kinds_of_bytes(
    kind: Callable[[bytes], bytes | bytearray | memoryview],
) -> None:
    """Bytes are taken from all that holds some, and kept as they were then."""
    image = FaceImage.from_bytes(kind(JPEG))
    assert image == FaceImage.from_bytes(JPEG)


def test_later_changes_do_not_count() -> None:
    """A buffer may be used again after the image was made."""
    buffer = bytearray(JPEG)
    image = FaceImage.from_bytes(buffer)
    buffer[:] = bytes(len(buffer))
    assert image.open().read() == JPEG


def test_number_is_no_bytes() -> None:
    """`bytes(n)` is n zeros; a number is refused instead of allocated."""
    with pytest.raises(TypeError):
        FaceImage.from_bytes(10**12)  # type: ignore[arg-type]


@every_maker
def test_leaves_nothing_open(make: Maker, tmp_path: Path) -> None:
    """Making an image, or failing to, leaves no file open."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make(JPEG, tmp_path)
        image_problem(lambda: make(JPEG[:9], tmp_path))
        gc.collect()
