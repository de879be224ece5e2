"""Sources that change or fail between check and send: refused, never sent whole."""

import io
import traceback
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest
from strategies import jpeg
from streams import trickle

from verifik_async import Body, FaceImage, InvalidRequestError
from verifik_async.bodies import ENCODED_AT_A_TIME, Base64Part

SIZES = [150, 151, 152, ENCODED_AT_A_TIME, ENCODED_AT_A_TIME + 1, 2 * ENCODED_AT_A_TIME]


def body_of(*images: FaceImage) -> Body:
    """A body with these images in it."""
    parts = [
        Base64Part(label=f"images[{n}]", source=image) for n, image in enumerate(images)
    ]
    return Body((b'{"images":', *parts, b"}"))


def sent_until_refused(body: Body, *, field: str) -> tuple[int, str]:
    """How many bytes a transport gets before the refusal, and the problem."""
    blocks: list[bytes] = []
    with pytest.raises(InvalidRequestError) as caught:
        blocks.extend(body)
    (fault,) = caught.value.faults
    assert fault.field == field
    assert "Jane" not in "".join(traceback.format_exception(caught.value))
    return sum(map(len, blocks)), fault.problem


def _grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"x")


def _shrink(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _turn_into_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


CHANGED = "has changed size since it was checked"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (_grow, CHANGED),
        (_shrink, CHANGED),
        (_empty, CHANGED),
        (Path.unlink, "can't be read any more: No such file or directory"),
        (_turn_into_folder, "can't be read any more: Is a directory"),
    ],
)
def test_changed_files(
    change: Callable[[Path], None], problem: str, size: int, tmp_path: Path
) -> None:
    """A file changed after the check is refused by field, with bytes still owed."""
    path = tmp_path / "Jane.jpg"
    path.write_bytes(jpeg(size=size))
    body = body_of(FaceImage.from_bytes(jpeg()), FaceImage.from_path(path))
    assert len(body.read()) == body.size
    change(path)
    sent, found = sent_until_refused(body, field="images[1]")
    assert found == problem
    assert sent < body.size


def test_file_restored(tmp_path: Path) -> None:
    """Each attempt reads anew: a file that is back as it was can be sent."""
    path = tmp_path / "face"
    path.write_bytes(jpeg())
    body = body_of(FaceImage.from_path(path))
    whole = body.read()
    path.unlink()
    sent_until_refused(body, field="images[0]")
    path.write_bytes(jpeg())
    assert body.read() == whole


@pytest.mark.parametrize("size", [149, 151, 5000])
def test_openers_of_another_size(size: int) -> None:
    """An opener whose stream is longer or shorter than it said is refused."""
    image = FaceImage.from_opener(lambda: trickle(jpeg(size=size)), 150)
    sent, problem = sent_until_refused(body_of(image), field="images[0]")
    assert (sent, problem) == (0, CHANGED)


class _Generous(io.BytesIO):
    """Gives all it has, whatever it is asked for."""

    def read(self, _: int | None = -1, /) -> bytes:
        return super().read()


def test_streams_that_give_too_much() -> None:
    """Also a stream that gives more than it is asked for sends nothing wrong."""
    size = ENCODED_AT_A_TIME + 10
    image = FaceImage.from_opener(lambda: _Generous(jpeg(size=size)), size)
    sent, problem = sent_until_refused(body_of(image), field="images[0]")
    assert (sent, problem) == (0, CHANGED)


class _Failing(io.BytesIO):
    """Fails after the first bytes, as a damaged archive does."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell():
            raise zipfile.BadZipFile("Bad CRC-32 for file 'Jane.jpg'")
        return super().read(size)


def test_openers_that_raise_anything() -> None:
    """What an opener raises is refused by field, told by its class alone."""
    opened: list[BinaryIO] = []

    def opener() -> BinaryIO:
        opened.append(io.BytesIO(jpeg()) if not opened else _Failing(jpeg()))
        return opened[-1]

    image = FaceImage.from_opener(opener, 150)
    _, problem = sent_until_refused(body_of(image), field="images[0]")
    assert problem == "can't be read any more: BadZipFile"
    assert [stream.closed for stream in opened] == [True, True]


def test_abandoned_bodies_leave_nothing_open() -> None:
    """A body of which a transport took only the start closes its stream."""
    opened: list[BinaryIO] = []

    def opener() -> BinaryIO:
        opened.append(io.BytesIO(jpeg(size=3 * ENCODED_AT_A_TIME)))
        return opened[-1]

    image = FaceImage.from_opener(opener, 3 * ENCODED_AT_A_TIME)
    blocks = iter(body_of(image))
    assert next(filter(None, blocks))
    assert not opened[-1].closed
    del blocks
    assert opened[-1].closed
