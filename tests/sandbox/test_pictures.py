"""Images: strict base64, the format by its first bytes, markers, liveness."""

from __future__ import annotations

import pytest

from tests.sandbox.calls import (
    OTHER_COLLECTION,
    Heard,
    ask,
    b64,
    jpeg,
    of_faces,
    png,
    sample,
    webp,
)
from verifik_async.sandbox import Settings, World

LONG = b64(jpeg())


@pytest.fixture
def world() -> World:
    """A sandbox in production."""
    return World()


@pytest.mark.parametrize("image", [jpeg(), png(), webp()])
async def test_three_formats_are_images(world: World, image: bytes) -> None:
    """JPEG, PNG and WebP are told by their first bytes."""
    assert (await ask(world, sample(images=[b64(image)]))).status == 200


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<base64>",
        f"data:image/jpeg;base64,{LONG}",
        LONG + "==",
        LONG + "====",
        b64(jpeg(size=201))[:-1],
        b64(jpeg(size=201)) + "=",
        b64(jpeg(size=201))[:-3] + "B==",
        b64(jpeg(size=202))[:-2] + "B=",
        LONG[:-1],
        f"{LONG[:80]}\n{LONG[80:]}",
        f" {LONG}",
        "_-8_" + LONG[4:],
        "ü" * 120,
        "\ud800" * 120,
        b64(jpeg())[:96],
        "/9j/" + "A" * 95,
    ],
)
async def test_what_is_no_raw_base64_is_refused(world: World, text: str) -> None:
    """Data URLs, white space, other alphabets, bad padding, undersized: 412."""
    heard = await ask(world, sample(images=[LONG, text]))
    assert heard.refusal == (412, "only_images_in_base64", "ERROR")
    assert heard.headers["x-sandbox-basis"] == "documented"


async def test_a_hundred_characters_are_enough(world: World) -> None:
    """The shortest image has a hundred characters of base64."""
    shortest = b64(b"\xff\xd8\xff" + bytes(72))
    assert len(shortest) == 100
    assert (await ask(world, sample(images=[shortest]))).status == 200


@pytest.mark.parametrize(
    "data",
    [bytes(200), b"GIF89a" + bytes(200), b"RIFF\0\0\0\0WAVE" + bytes(200)],
)
async def test_base64_of_something_else_is_refused(world: World, data: bytes) -> None:
    """What starts like none of the three formats is 412 as well, by our guess."""
    heard = await ask(world, sample(images=[b64(data)]))
    assert heard.refusal == (412, "only_images_in_base64", "ERROR")
    assert heard.headers["x-sandbox-basis"].startswith("inferred; ")


@pytest.mark.parametrize(
    ("liveness", "least", "told"),
    [
        ("0.31", 0.65, "409:liveness_failed@0.31"),
        ("0", 0.5, "409:liveness_failed@0"),
        ("0.949", 0.95, "409:liveness_failed@0.949"),
    ],
)
async def test_low_liveness_is_refused_with_its_score(
    world: World, liveness: str, least: float, told: str
) -> None:
    """A marker below the threshold is 409, the score after the @."""
    body = of_faces(f"face=a;liveness={liveness}", liveness_min_score=least)
    heard = await ask(world, body)
    assert heard.refusal == (409, told, "ERROR")
    assert heard.headers["x-sandbox-basis"] == "documented"


async def test_equal_liveness_is_too_low(world: World) -> None:
    """The score must be above the threshold: as much is not enough, by our guess."""
    body = of_faces("face=a;liveness=0.65", liveness_min_score=0.65)
    heard = await ask(world, body)
    assert heard.refusal[1] == "409:liveness_failed@0.65"
    assert heard.headers["x-sandbox-basis"].startswith("inferred; ")
    body = of_faces("face=a;liveness=0.66", liveness_min_score=0.65)
    assert (await ask(world, body)).status == 200


async def test_the_least_live_image_counts(world: World) -> None:
    """The liveness of a request is the minimum over its images."""
    body = of_faces("face=a;liveness=0.9", "face=a;liveness=0.4", "face=a")
    assert (await ask(world, body)).refusal[1] == "409:liveness_failed@0.4"


async def test_an_unmarked_image_is_live(world: World) -> None:
    """Without a marker the liveness is 0.99."""
    assert (await ask(world, sample(liveness_min_score=0.98))).status == 200
    heard = await ask(world, sample(liveness_min_score=1))
    assert heard.refusal[1] == "409:liveness_failed@0.99"


async def test_different_faces_are_refused(world: World) -> None:
    """Images of one request must show one face."""
    heard = await ask(world, of_faces("face=alice", "face=bruno"))
    assert heard.refusal == (409, "the images show different faces", "ERROR")


def _same(first: Heard, second: Heard) -> bool:
    return first.person["_id"] == second.person["_id"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (jpeg("face=alice"), png("face=alice;liveness=0.8")),
        (
            png("face=alice", keyword="marker"),
            jpeg("face=alice;liveness=0.7", number=3),
        ),
        (jpeg(number=1), jpeg(number=1)),
        (webp(), webp()),
    ],
)
async def test_the_same_face_is_the_same_person(first: bytes, second: bytes) -> None:
    """The marker's face, or else the bytes, tell who somebody is."""
    world = World(Settings(production=False))
    heard = [await ask(world, sample(images=[b64(each)])) for each in (first, second)]
    assert _same(*heard)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (jpeg("face=alice"), jpeg("face=bruno")),
        (jpeg("face=alice"), jpeg()),
        (jpeg(number=1), jpeg(number=2)),
        (jpeg("made with a camera"), jpeg("made with another")),
        (png("face=alice"), webp()),
    ],
)
async def test_other_faces_are_other_people(first: bytes, second: bytes) -> None:
    """Another marker, or other bytes without one, are somebody else."""
    world = World(Settings(production=False))
    heard = [await ask(world, sample(images=[b64(each)])) for each in (first, second)]
    assert not _same(*heard)


async def test_any_of_several_unmarked_images_finds_the_person() -> None:
    """A request with unmarked images is the person of each of them."""
    world = World(Settings(production=False))
    one, two, three = (b64(jpeg(number=number)) for number in range(3))
    first = await ask(world, sample(images=[one, two]))
    assert _same(first, await ask(world, sample(images=[two, three])))
    assert _same(first, await ask(world, sample(images=[three])))
    assert len(world.people()) == 1


async def test_min_score_bites(world: World) -> None:
    """`sim:bob=0.82` is bob for a min_score up to 0.82 and nobody known above it."""
    await ask(world, of_faces("face=bob"))
    alike = "face=alice;sim:bob=0.82"
    heard = await ask(world, of_faces(alike, min_score=0.82))
    assert heard.refusal[1] == "409:duplicated_person"
    assert (await ask(world, of_faces(alike, min_score=0.83))).status == 200
    assert len(world.people()) == 2


async def test_similarity_works_both_ways(world: World) -> None:
    """Who was enrolled as alike bob is found when bob comes."""
    await ask(world, of_faces("face=alice;sim:bob=0.82"))
    heard = await ask(world, of_faces("face=bob", min_score=0.8))
    assert heard.refusal[1] == "409:duplicated_person"


async def test_two_that_are_like_a_third_are_not_alike(world: World) -> None:
    """Similarity is not handed on from face to face."""
    await ask(world, of_faces("face=alice;sim:bob=0.9"))
    assert (await ask(world, of_faces("face=carl;sim:bob=0.9"))).status == 200


async def test_the_most_alike_person_is_updated(world: World) -> None:
    """Of several matches elsewhere, the best one is the person."""
    await ask(world, of_faces("face=bob"))
    best = await ask(world, of_faces("face=carl"))
    body = of_faces(
        "face=dora;sim:bob=0.85;sim:carl=0.95;sim:bob=0.8",
        "sim:carl=0.6;face=dora",
        collection_id=OTHER_COLLECTION,
    )
    assert _same(best, await ask(world, body))


async def test_of_equal_matches_the_oldest_is_updated(world: World) -> None:
    """Where two people are equally alike, the one enrolled first is the person."""
    heard = [await ask(world, of_faces(f"face=f{number}")) for number in range(5)]
    alike = ";".join(f"sim:f{number}=0.9" for number in (4, 2, 1, 3))
    body = of_faces(f"face=g;{alike}", collection_id=OTHER_COLLECTION)
    assert _same(heard[1], await ask(world, body))


@pytest.mark.parametrize(
    "marker",
    [
        "face=",
        "face=a b",
        "face=a;liveness=2",
        "face=a;liveness=.5",
        "face=a;sim:b=x",
        "face=a;b=0.5",
        "face=a;live=0.31",
    ],
)
async def test_a_broken_marker_is_no_other_person(world: World, marker: str) -> None:
    """A typing error in a marker is refused instead of passed over."""
    heard = await ask(world, sample(images=[b64(jpeg(marker))]))
    assert heard.refusal == (409, "an image's sandbox marker can't be read", "ERROR")


@pytest.mark.parametrize(
    "head",
    [
        b"\xff\xd8\xff\xff\xff\xfe\x00\x0cface=alice",
        b"\xff\xd8\xff\x01\xff\xd0\xff\xfe\x00\x0cface=alice",
        b"\xff\xd8\xff\xfe\x00\x07other\xff\xfe\x00\x0cface=alice",
        b"\xff\xd8\xff\xe0\x00\x00\xff\xfe\x00\x0cface=alice",
    ],
)
async def test_markers_are_found_behind_odd_segments(world: World, head: bytes) -> None:
    """Fill bytes, bare segments and other comments do not hide the marker."""
    await ask(world, of_faces("face=alice"))
    heard = await ask(world, sample(images=[b64(head + b"\xff\xd9" + bytes(99))]))
    assert heard.refusal[1] == "409:duplicated_person"


@pytest.mark.parametrize(
    "image",
    [
        b"\xff\xd8\xff\xd9\xff\xfe\x00\x0cface=alice" + bytes(99),
        b"\xff\xd8\xff\xe0\xff\xff\xff\xfe\x00\x0cface=alice" + bytes(99),
        b"\xff\xd8\xff\xe0\x00\x04ab" + b"face=alice" * 20,
    ],
)
async def test_what_lies_behind_the_picture_is_no_marker(
    world: World, image: bytes
) -> None:
    """Only comment segments before the scan or the end are read."""
    await ask(world, of_faces("face=alice"))
    assert (await ask(world, sample(images=[b64(image)]))).status == 200
