"""Random crews with pictures in common: excluded, served in turn, and forgotten."""

from __future__ import annotations

import asyncio

import attrs
from batch_runs import HANG, tasks_left, turns
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from strategies import jpeg, request_of

from verifik_async import FaceImage
from verifik_async.batch.same_face import SameFaceGuard


@attrs.frozen(kw_only=True)
class Person:
    """Somebody, and what happens to them.

    Attributes:
        pictures: Which; the first two kinds have the same size.
        collection: Which.
        starts: Turns of the loop after which this person comes.
        takes: Turns in flight.
        cancelled: Turns after which this person is cancelled, if ever.
    """

    pictures: tuple[int, ...]
    collection: str
    starts: int
    takes: int
    cancelled: int | None


PEOPLE = st.lists(
    st.builds(
        Person,
        pictures=st.lists(st.integers(0, 5), min_size=1, max_size=3).map(tuple),
        collection=st.sampled_from("ab"),
        starts=st.integers(0, 10),
        takes=st.integers(0, 6),
        cancelled=st.none() | st.none() | st.integers(0, 30),
    ),
    max_size=16,
)
IMAGES = [FaceImage.from_bytes(jpeg(n, size=150 + n // 2)) for n in range(6)]


class Run:
    """All of them, and who is in flight."""

    def __init__(self) -> None:
        self.guard = SameFaceGuard()
        self.in_flight: list[tuple[str, int]] = []
        self.order: dict[tuple[str, int], list[int]] = {}
        self.served: dict[tuple[str, int], list[int]] = {}

    async def fly(self, number: int, who: Person) -> None:
        """One of them."""
        await turns(who.starts)
        request = request_of(
            images=[IMAGES[picture] for picture in who.pictures],
            collection_id=who.collection,
        )
        keys = {(who.collection, picture) for picture in who.pictures}
        for key in keys:
            self.order.setdefault(key, []).append(number)
        async with self.guard.alone(request):
            assert not keys & set(self.in_flight)
            for key in keys:
                self.served.setdefault(key, []).append(number)
            self.in_flight += keys
            try:
                await turns(who.takes)
            finally:
                for key in keys:
                    self.in_flight.remove(key)


async def _cancelled(task: asyncio.Task[None], after: int) -> None:
    await turns(after)
    task.cancel()


async def _carried_out(people: list[Person]) -> None:
    run = Run()
    flown = [asyncio.create_task(run.fly(i, who)) for i, who in enumerate(people)]
    cancelling = [
        _cancelled(task, who.cancelled)
        for task, who in zip(flown, people, strict=True)
        if who.cancelled is not None
    ]
    async with asyncio.timeout(HANG):
        await asyncio.gather(*cancelling)
        await asyncio.gather(*flown, return_exceptions=True)
    for task, who in zip(flown, people, strict=True):
        if task.cancelled():
            assert who.cancelled is not None
        else:
            task.result()
    for key, served in run.served.items():
        came = [number for number in run.order[key] if number in served]
        assert served == came
    assert run.guard._present == {}  # pyright: ignore[reportPrivateUsage]
    assert run.guard.waiting == 0
    assert tasks_left() == []


@examples(400)
@given(PEOPLE)
def test_nobody_meets_their_own_picture_and_everybody_has_a_turn(
    people: list[Person],
) -> None:
    """In the order in which they came; cancelled ones leave no trace."""
    asyncio.run(_carried_out(people))


@given(st.lists(st.integers(0, 5), min_size=1, max_size=12))
def test_persons_with_nothing_in_common_are_all_in_flight(numbers: list[int]) -> None:
    """Pictures of one size that differ keep nobody waiting."""

    async def carried_out() -> None:
        guard = SameFaceGuard()
        up: list[int] = []
        landing = asyncio.Event()

        async def fly(number: int) -> None:
            async with guard.alone(request_of(images=[IMAGES[number]])):
                up.append(number)
                await landing.wait()
                up.remove(number)

        flown = [asyncio.create_task(fly(number)) for number in numbers]
        await turns(20)
        assert sorted(up) == sorted(set(numbers))
        landing.set()
        async with asyncio.timeout(HANG):
            await asyncio.gather(*flown)

    asyncio.run(carried_out())
