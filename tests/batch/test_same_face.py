"""The guard of faces: the same picture is never in flight twice in one collection."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import pytest
from batch_runs import HANG, tasks_left, turns
from strategies import jpeg, request_of

from verifik_async import EnrollmentRequest, FaceImage
from verifik_async.batch.same_face import SAMPLED_AT_EACH_END, SameFaceGuard

LARGE = 3 * SAMPLED_AT_EACH_END


def picture(number: int, *, size: int = LARGE) -> bytes:
    """A picture which differs from others of its size in the middle of its head."""
    return jpeg(number, size=size)


def person(*pictures: bytes | FaceImage, collection: str = "one") -> EnrollmentRequest:
    """Somebody with these pictures."""
    images = [
        given if isinstance(given, FaceImage) else FaceImage.from_bytes(given)
        for given in pictures
    ]
    return request_of(images=images, collection_id=collection)


class Flight:
    """Somebody who is in flight until `land` is called, once the guard lets them.

    Attributes:
        up: In flight now.
        took_off: Set once it is.
    """

    def __init__(self, guard: SameFaceGuard, request: EnrollmentRequest) -> None:
        self.up = False
        self.took_off = asyncio.Event()
        self._landing = asyncio.Event()
        self.task = asyncio.create_task(self._fly(guard, request))

    async def _fly(self, guard: SameFaceGuard, request: EnrollmentRequest) -> None:
        async with guard.alone(request):
            self.up = True
            self.took_off.set()
            try:
                await self._landing.wait()
            finally:
                self.up = False

    async def land(self) -> None:
        """Let it go, and wait until it has."""
        self._landing.set()
        async with asyncio.timeout(HANG):
            await self.task


def flights(*people: EnrollmentRequest) -> tuple[SameFaceGuard, list[Flight]]:
    """These persons, in this order."""
    guard = SameFaceGuard()
    return guard, [Flight(guard, request) for request in people]


async def are_up(flown: Sequence[Flight], *expected: int) -> None:
    """Those with these numbers take off, and the others do not."""
    async with asyncio.timeout(HANG):
        for number in expected:
            await flown[number].took_off.wait()
    await asyncio.sleep(0.02)  # so long for files to be read, and for faults to show
    assert [number for number, flight in enumerate(flown) if flight.up] == [*expected]


async def all_down(guard: SameFaceGuard, flown: Sequence[Flight]) -> None:
    """Everybody lands, and nothing is left of them."""
    for flight in flown:
        await flight.land()
    assert guard._present == {}  # pyright: ignore[reportPrivateUsage]
    assert guard.waiting == 0
    assert tasks_left() == []


async def test_the_same_picture_waits_for_the_first_to_land() -> None:
    """Only then the server can find the first person."""
    guard, (first, second) = flights(person(picture(1)), person(picture(1)))
    await are_up([first, second], 0)
    assert guard.waiting == 1
    await first.land()
    await are_up([first, second], 1)
    await all_down(guard, [second])


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("other_place", [0, 1, 2])
async def test_one_picture_in_common_is_enough(place: int, other_place: int) -> None:
    """Whichever of the three it is, on either side."""
    one = [picture(number) for number in (1, 2, 3)]
    other = [picture(number) for number in (4, 5, 6)]
    other[other_place] = one[place]
    guard, flown = flights(person(*one), person(*other))
    await are_up(flown, 0)
    await all_down(guard, flown)


@pytest.mark.parametrize(
    "other",
    [
        person(picture(2)),
        person(picture(1, size=LARGE + 1)),
        person(picture(1)[:-1] + b"!"),
        person(picture(1), collection="two"),
        person(b"\x89PNG\r\n\x1a\n" + picture(1)[8:]),
    ],
    ids=["head", "size", "tail", "collection", "kind"],
)
async def test_other_pictures_do_not_wait(other: EnrollmentRequest) -> None:
    """Told apart by either end, size, kind or collection."""
    guard, flown = flights(person(picture(1)), other)
    await are_up(flown, 0, 1)
    await all_down(guard, flown)


async def test_pictures_that_differ_in_the_middle_are_taken_for_the_same() -> None:
    """Reading all of them would cost more than a wait now and then."""
    middle = bytearray(picture(1))
    middle[LARGE // 2] ^= 1
    guard, flown = flights(person(picture(1)), person(bytes(middle)))
    await are_up(flown, 0)
    await all_down(guard, flown)


class OnlyForwards(io.BytesIO):
    """A stream as from a network."""

    def seekable(self) -> bool:
        """It is not."""
        return False

    def seek(self, *_: object) -> int:
        """Nowhere."""
        raise io.UnsupportedOperation


class Trickling(io.BytesIO):
    """A stream that gives a little at a time, as raw ones may."""

    def read(self, size: int | None = -1) -> bytes:
        """At the most 999 bytes."""
        return super().read(min(999, size if size and size > 0 else 999))


def opened(data: bytes, stream: type[io.BytesIO]) -> FaceImage:
    """An image that is opened anew each time."""

    def opener() -> BinaryIO:
        return stream(data)

    return FaceImage.from_opener(opener, len(data))


def on_disk(folder: Path, name: str, data: bytes) -> FaceImage:
    """An image file."""
    path = folder / name
    path.write_bytes(data)
    return FaceImage.from_path(path)


@pytest.mark.parametrize("size", [200, SAMPLED_AT_EACH_END, LARGE - 7000, LARGE])
async def test_where_bytes_come_from_makes_no_difference(
    tmp_path: Path, size: int
) -> None:
    """Memory, files and openers give the same sample for the same bytes."""
    same, other = picture(1, size=size), picture(2, size=size)
    people = [
        person(same),
        person(on_disk(tmp_path, "a.jpg", same)),
        person(on_disk(tmp_path, "b.jpg", same)),
        person(opened(same, io.BytesIO)),
        person(opened(same, Trickling)),
        person(on_disk(tmp_path, "c.jpg", other)),
    ]
    guard, (*flown, another) = flights(*people)
    await are_up([*flown, another], 0, 5)
    while flown:
        await flown.pop(0).land()
        await are_up(flown, *[0] * bool(flown))
    await all_down(guard, [another])


async def test_what_can_only_be_read_from_the_start_is_told_by_its_size() -> None:
    """It may be the same, so it waits; one of another size does not."""
    guard, flown = flights(
        person(opened(picture(1), OnlyForwards)),
        person(opened(picture(2), OnlyForwards)),
        person(opened(picture(3, size=LARGE + 1), OnlyForwards)),
    )
    await are_up(flown, 0, 2)
    await all_down(guard, flown)


async def test_a_file_that_is_gone_is_no_error_here(tmp_path: Path) -> None:
    """Sending it tells the caller; until then it may be the same as any."""
    images = [on_disk(tmp_path, f"{number}.jpg", picture(number)) for number in (1, 2)]
    (tmp_path / "1.jpg").unlink()
    guard, flown = flights(*map(person, images))
    await are_up(flown, 0)
    await all_down(guard, flown)


class Openings:
    """Images that are opened anew each time, and whose openings are counted.

    Attributes:
        counted: The numbers of the images opened, in order.
        hold: By number: the image can't be read before it is set.
    """

    def __init__(self) -> None:
        self.counted: list[int] = []
        self.hold: dict[int, threading.Event] = {}

    def image(self, number: int, *, size: int = LARGE) -> FaceImage:
        """The image with this number."""

        def opener() -> BinaryIO:
            self.counted.append(number)
            if number in self.hold:
                assert self.hold[number].wait(HANG)
            return io.BytesIO(picture(number, size=size))

        made = FaceImage.from_opener(opener, size)
        self.counted.clear()
        return made


async def test_pictures_of_one_size_only_are_opened() -> None:
    """Where sizes differ nothing is read: that is what makes the guard cheap."""
    openings = Openings()
    sizes = [LARGE, LARGE + 1, LARGE + 2, LARGE + 2]
    people = [
        person(openings.image(number, size=size)) for number, size in enumerate(sizes)
    ]
    guard, flown = flights(*people)
    await are_up(flown, 0, 1, 2, 3)
    assert sorted(openings.counted) == [2, 3]
    await all_down(guard, flown)


async def test_a_sample_is_taken_once_however_many_ask() -> None:
    """A hundred who come at the same time do not read each other's files."""
    openings = Openings()
    people = [person(openings.image(number)) for number in range(101)]
    guard, flown = flights(*people[:100])
    await are_up(flown, *range(100))
    assert sorted(openings.counted) == list(range(100))
    flown.append(Flight(guard, people[100]))
    await are_up(flown, *range(101))
    assert sorted(openings.counted) == list(range(101))
    await all_down(guard, flown)


async def test_somebody_waits_for_a_sample_that_another_one_reads() -> None:
    """What is not known yet is not taken for the same before its time."""
    openings = Openings()
    people = [person(openings.image(number)) for number in range(3)]
    openings.hold[1] = threading.Event()
    guard, flown = flights(*people)
    await are_up(flown, 0)
    openings.hold[1].set()
    await are_up(flown, 0, 1, 2)
    await all_down(guard, flown)


async def test_a_sample_whose_reader_was_cancelled_is_read_by_the_next() -> None:
    """It is not taken for the same for ever."""
    openings = Openings()
    people = [person(openings.image(number)) for number in range(3)]
    openings.hold[1] = threading.Event()
    guard, flown = flights(*people[:2])
    await are_up(flown, 0)
    flown.pop(1).task.cancel()
    openings.hold[1].set()
    await turns(3)
    flown.append(Flight(guard, people[2]))
    await are_up(flown, 0, 1)
    assert openings.counted.count(0) == 2
    await all_down(guard, flown)


async def test_two_pictures_of_one_size_ask_for_the_same_samples(
    tmp_path: Path,
) -> None:
    """Each of them is compared with each of the others."""
    a, b, c, d = [on_disk(tmp_path, f"{n}.jpg", picture(n)) for n in range(4)]
    again = on_disk(tmp_path, "again.jpg", picture(0))
    guard, flown = flights(person(a, b), person(c, d), person(d, again))
    await are_up(flown, 0, 1)
    await flown[0].land()
    await are_up(flown, 1)
    await flown[1].land()
    await are_up(flown, 2)
    await all_down(guard, flown[2:])


async def test_a_person_with_one_picture_twice_does_not_wait() -> None:
    """Nobody waits for themselves."""
    guard, flown = flights(person(picture(1), picture(1)))
    await are_up(flown, 0)
    await all_down(guard, flown)


async def test_crossed_pictures_do_not_lock_each_other_out() -> None:
    """{a, b} and {b, a}: the later one waits, for both."""
    a, b = picture(1), picture(2)
    guard, flown = flights(person(a, b), person(b, a), person(a), person(b))
    await are_up(flown, 0)
    await flown[0].land()
    await are_up(flown, 1)
    await flown[1].land()
    await are_up(flown, 2, 3)
    await all_down(guard, flown[2:])


async def test_who_waits_can_be_cancelled_and_others_still_wait_for_the_first() -> None:
    """One that gives up its place lets nobody past the one in flight."""
    guard, (first, second, third) = flights(*[person(picture(1))] * 3)
    await are_up([first, second, third], 0)
    second.task.cancel()
    await are_up([first, third], 0)
    assert second.task.cancelled()
    assert guard.waiting == 1
    await first.land()
    await are_up([third], 0)
    await all_down(guard, [third])


async def test_one_cancelled_in_flight_makes_way() -> None:
    """An exception too: the `async with` is left, whichever way."""
    one = person(picture(1))
    guard, (first, second) = flights(one, one)
    await are_up([first, second], 0)
    first.task.cancel()
    await are_up([second], 0)
    await second.land()
    with pytest.raises(LookupError):
        async with guard.alone(one):
            raise LookupError
    await all_down(guard, [])


async def test_one_cancelled_while_it_reads_keeps_nobody_waiting(
    tmp_path: Path,
) -> None:
    """Those who counted on its reading take the pictures for the same, and go on."""
    one, two = [on_disk(tmp_path, f"{n}.jpg", picture(n)) for n in (1, 2)]
    guard, (first, second, third) = flights(person(one), person(two), person(one))
    await turns(1)
    second.task.cancel()
    await first.land()
    await are_up([third], 0)
    assert second.task.cancelled()
    await all_down(guard, [third])
