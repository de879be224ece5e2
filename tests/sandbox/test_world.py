"""What the sandbox remembers, and what can be armed."""

from __future__ import annotations

import asyncio
import datetime as dt
import json

import pytest

from tests.sandbox.calls import (
    BORN,
    COLLECTION,
    HEADERS,
    NAME,
    OTHER_COLLECTION,
    ROUTE,
    ask,
    b64,
    encoded,
    jpeg,
    of_faces,
    request,
    sample,
)
from verifik_async.sandbox import SandboxTransport, Settings, World
from verifik_async.sandbox.rules import Call
from verifik_async.sandbox.world import READ_IN_A_THREAD_ABOVE, SEEN_KEPT

NOON = dt.datetime(2024, 1, 16, 12, tzinfo=dt.UTC)


def _with_token(token: str) -> dict[str, str]:
    return {**HEADERS, "Authorization": f"Bearer {token}"}


async def test_a_known_face_is_a_duplicate_in_production() -> None:
    """The same face in the same collection is refused, whatever the name."""
    world = World()
    assert (await ask(world, of_faces("face=a"))).status == 200
    heard = await ask(world, of_faces("face=a", name="Somebody Else"))
    assert heard.refusal == (409, "409:duplicated_person", "ERROR")
    assert heard.headers["x-sandbox-basis"] == "documented"
    assert len(world.people()) == 1


async def test_another_collection_is_added() -> None:
    """The same face for another collection updates the person."""
    world = World(clock=lambda: NOON)
    first = (await ask(world, of_faces("face=a"))).person
    heard = await ask(world, of_faces("face=a", collection_id=OTHER_COLLECTION))
    second = heard.person
    assert heard.headers["x-sandbox-basis"].startswith("inferred; ")
    assert second["_id"] == first["_id"]
    assert second["collections"] == [COLLECTION, OTHER_COLLECTION]
    assert second["createdAt"] == first["createdAt"]
    assert second["updatedAt"] == "2024-01-16T12:00:00.001Z"
    for collection in (COLLECTION, OTHER_COLLECTION):
        heard = await ask(world, of_faces("face=a", collection_id=collection))
        assert heard.refusal[1] == "409:duplicated_person"


async def test_outside_production_the_person_is_updated() -> None:
    """Without production the same face in the same collection is an update."""
    times = iter([NOON, NOON + dt.timedelta(hours=1)])
    world = World(Settings(production=False), clock=lambda: next(times))
    first = await ask(world, of_faces("face=a"))
    changes = {"name": "Jane Roe", "gender": "M", "date_of_birth": "1991-02-03"}
    second = await ask(world, of_faces("face=a", **changes))
    assert second.person == {
        **first.person,
        **changes,
        "date_of_birth": "1991-02-03T00:00:00.000Z",
        "updatedAt": "2024-01-16T13:00:00.000Z",
    }
    assert second.json["id"] != first.json["id"]


async def test_the_match_in_the_collection_counts_first() -> None:
    """A less similar person of the same collection still makes a duplicate."""
    world = World()
    await ask(world, of_faces("face=bob"))
    await ask(world, of_faces("face=alice", collection_id=OTHER_COLLECTION))
    heard = await ask(world, of_faces("face=alice;sim:bob=0.85"))
    assert heard.refusal[1] == "409:duplicated_person"


async def test_tokens_do_not_see_each_other() -> None:
    """People belong to the bearer token, so that test workers never meet."""
    world = World()
    for token in ("one", "two"):
        heard = await ask(world, of_faces("face=a"), headers=_with_token(token))
        assert heard.status == 200
    assert len(world.people()) == 2
    assert len(world.people("one")) == 1
    assert world.people("three") == ()


async def test_people_are_told_oldest_first() -> None:
    """`people` gives records with digests of the images, in order of coming."""
    world = World()
    for face in ("c", "a", "b"):
        await ask(world, of_faces(f"face={face}"))
    assert [min(person.likeness) for person in world.people("token-1")] == [
        "face:c",
        "face:a",
        "face:b",
    ]
    assert all(len(person.images[0]) == 64 for person in world.people())


async def test_ids_follow_from_the_seed() -> None:
    """The same calls give the same ids in a sandbox with the same seed only."""

    async def ids(seed: int) -> list[object]:
        world = World(Settings(seed=seed), clock=lambda: NOON)
        heard = [await ask(world, of_faces(f"face=f{n}")) for n in range(5)]
        return [
            part for each in heard for part in (each.json["id"], each.person["_id"])
        ]

    assert await ids(1) == await ids(1)
    assert not set(await ids(1)) & set(await ids(2))
    assert len(set(await ids(1))) == 10


@pytest.mark.parametrize("size", [200, READ_IN_A_THREAD_ABOVE])
async def test_twenty_at_once_make_one_person(size: int) -> None:
    """Of twenty parallel requests with one face, one enrolls and nineteen collide."""
    world = World()
    body = sample(images=[b64(jpeg("face=a", size=size))])
    heard = await asyncio.gather(*(ask(world, body) for _ in range(20)))
    assert sorted(each.status for each in heard) == [200] + [409] * 19
    assert len(world.people()) == 1
    assert world.requests == 20
    assert world.answers == {200: 1, 409: 19}


@pytest.mark.parametrize("size", [200, READ_IN_A_THREAD_ABOVE])
async def test_only_large_bodies_leave_the_loop(size: int) -> None:
    """A large body is read in a thread, so that other tasks run meanwhile."""
    ran: list[bool] = []
    body = encoded(sample(images=[b64(jpeg(size=size))]))
    call = Call(method="POST", path=ROUTE, headers=HEADERS, body=body)
    asyncio.get_running_loop().call_soon(ran.append, True)  # noqa: FBT003 - a mark
    answer = await World().answer(call)
    assert answer.reply is not None
    assert answer.reply.status == 200
    assert bool(ran) == (size >= READ_IN_A_THREAD_ABOVE)


async def test_parallel_updates_all_count() -> None:
    """Updates from parallel requests are applied one upon the other."""
    world = World()
    bodies = [of_faces("face=a", collection_id=f"c{number}") for number in range(20)]
    await asyncio.gather(*(ask(world, body) for body in bodies))
    (person,) = world.people()
    assert set(person.collections) == {f"c{number}" for number in range(20)}


async def test_the_state_has_counts_and_digests_and_nobody() -> None:
    """`state` is JSON without names, birth dates, tokens or images."""
    world = World()
    await ask(world, of_faces("face=a"))
    await ask(world, of_faces("face=a"))
    await ask(world, sample(min_score=7))
    text = json.dumps(world.state())
    state = json.loads(text)
    assert state["requests"] == 3
    assert state["answers"] == {"200": 1, "409": 2}
    assert (state["people"], state["tokens"]) == (1, 1)
    (person,) = state["listed"]
    assert person["collections"] == [COLLECTION]
    assert [seen["message"] for seen in state["seen"]] == [
        None,
        "409:duplicated_person",
        '"min_score" must be less than or equal to 1',
    ]
    for secret in (NAME, BORN, "token-1", b64(jpeg("face=a"))):
        assert secret not in text
        assert secret not in repr(world.people())


async def test_only_the_latest_requests_are_remembered() -> None:
    """The record of requests is bounded; their number is not."""
    world = World()
    for _ in range(SEEN_KEPT + 5):
        await ask(world, b"", path="/")
    assert len(world.seen) == SEEN_KEPT
    assert world.requests == SEEN_KEPT + 5


async def test_doors_may_share_a_world() -> None:
    """Two transports over one world see the same people."""
    world = World()
    for status in (200, 409):
        response = await SandboxTransport(world).send(request(sample()))
        assert response.status == status
