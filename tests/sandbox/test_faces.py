"""The shipped drawings."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageChops, ImageStat

from tests.sandbox.calls import ask, b64, sample
from tests.sandbox.draw_faces import portrait
from tests.sandbox.face_people import PEOPLE
from verifik_async.errors import ConfigurationError
from verifik_async.sandbox import Settings, World, faces

ALL = [(name, take) for name in PEOPLE for take in (1, 2)] + [(faces.SPOOF, 1)]


def _opened(jpeg: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(jpeg))
    image.load()
    return image


@pytest.mark.parametrize(("name", "take"), ALL)
def test_each_picture_is_small_and_marked(name: str, take: int) -> None:
    """A drawing decodes, has 240 pixels a side, at most 6,000 bytes and a marker."""
    jpeg = faces.picture(name, take=take)
    image = _opened(jpeg)
    assert len(jpeg) <= 6000
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (240, 240))
    marker = f"face={name}" if name != faces.SPOOF else "face=bruno;liveness=0.31"
    assert image.info["comment"] == marker.encode()


def test_a_dozen_people_are_drawn() -> None:
    """`names` gives those whom the script draws, by the alphabet."""
    assert faces.names() == tuple(sorted(PEOPLE))
    assert len(faces.names()) == 12


def test_no_two_pictures_are_equal() -> None:
    """Every take is a picture of its own."""
    assert len({faces.picture(name, take=take) for name, take in ALL}) == len(ALL)


@pytest.mark.parametrize(("name", "take"), [("alice", 3), ("nobody", 1), ("spoof", 2)])
def test_unknown_drawings_are_refused(name: str, take: int) -> None:
    """What was never drawn is an error that says what was."""
    with pytest.raises(ConfigurationError, match="alice, bruno"):
        faces.picture(name, take=take)


async def test_takes_are_the_same_person_to_the_sandbox() -> None:
    """Two takes of each drawing make one person; all drawings make a dozen."""
    world = World(Settings(production=False))
    for name in faces.names():
        images = [b64(faces.picture(name, take=take)) for take in (1, 2)]
        for sent in (images, images[1:], images[:1]):
            assert (await ask(world, sample(images=sent))).status == 200
    assert len(world.people()) == 12


async def test_the_spoof_fails_liveness() -> None:
    """The photographed screen is told by its liveness."""
    heard = await ask(World(), sample(images=[b64(faces.picture(faces.SPOOF))]))
    assert heard.refusal == (409, "409:liveness_failed@0.31", "ERROR")


async def test_marked_makes_many_people() -> None:
    """Two hundred markers over a dozen drawings are two hundred people."""
    world = World()
    for number in range(200):
        name = faces.names()[number % 12]
        jpeg = faces.marked(name, face=f"guest-{number}", take=1 + number % 2)
        assert (await ask(world, sample(images=[b64(jpeg)]))).status == 200
    assert len(world.people()) == 200


@pytest.mark.parametrize(
    ("liveness", "told"), [(0, "0"), (0.31, "0.31"), (0.123_456_7, "0.123457")]
)
async def test_marked_sets_the_liveness(liveness: float, told: str) -> None:
    """The liveness given is the one that the sandbox reads."""
    jpeg = faces.marked("zola", face="guest", liveness=liveness)
    assert _opened(jpeg).size == (240, 240)
    heard = await ask(World(), sample(images=[b64(jpeg)]))
    assert heard.refusal[1] == f"409:liveness_failed@{told}"


def test_marked_changes_the_marker_only() -> None:
    """The picture stays the same to the pixel."""
    before = _opened(faces.picture("goro"))
    after = _opened(faces.marked("goro", face="x" * 64, liveness=1))
    assert after.tobytes() == before.tobytes()
    assert after.info["comment"] == b"face=" + b"x" * 64 + b";liveness=1"


@pytest.mark.parametrize(
    ("face", "liveness"),
    [("", 0.9), ("a b", 0.9), ("ä", 0.9), ("x" * 65, 0.9), ("a", 1.1), ("a", -0.1)],
)
def test_markers_that_cannot_be_written_are_refused(face: str, liveness: float) -> None:
    """A face or a liveness that the sandbox could not read is an error here."""
    with pytest.raises(ConfigurationError):
        faces.marked("alice", face=face, liveness=liveness)


@pytest.mark.parametrize(("name", "take"), [("alice", 1), ("jamal", 2)])
def test_the_script_draws_what_is_shipped(name: str, take: int) -> None:
    """Redrawing gives the shipped picture, but for what JPEG takes away."""
    drawn = portrait(PEOPLE[name], take=take)
    shipped = _opened(faces.picture(name, take=take))
    difference = ImageStat.Stat(ImageChops.difference(drawn, shipped))
    assert max(difference.mean) < 6
