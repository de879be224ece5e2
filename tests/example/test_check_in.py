"""A small suite as a team that uses the SDK would write it.

`check_in` is their code. Their tests hold on a cassette, in the sandbox's memory and
over HTTP: change the one name in `client`. The cassettes beside this file were recorded
without an account:

    pytest tests/example --verifik-record=record-missing --verifik-record-from=sandbox
"""

from __future__ import annotations

import asyncio

import pytest

from verifik_async import (
    DuplicatePersonError,
    EnrollmentRequest,
    FaceImage,
    LivenessFailedError,
    VerifikClient,
)
from verifik_async.testing import Faces


async def check_in(client: VerifikClient, guest: EnrollmentRequest) -> str:
    """What the desk is told about a guest."""
    try:
        enrollment = await client.enroll(guest)
    except DuplicatePersonError:
        return "has been here before"
    except LivenessFailedError:
        return "needs another photograph"
    return f"welcome, {enrollment.person.name}"


def guest(photo: FaceImage, name: str = "Jane Doe") -> EnrollmentRequest:
    """Somebody at the door."""
    return EnrollmentRequest(
        name=name,
        gender="F",
        date_of_birth="1990-01-15",
        collection_id="65b9592267cc4f096dbe743d",
        liveness_min_score=0.65,
        min_score=0.8,
        search_mode="FAST",
        images=[photo],
    )


@pytest.fixture
def client(verifik_client: VerifikClient) -> VerifikClient:
    """The door: or take `verifik_memory_client`, or `verifik_http_client`."""
    return verifik_client


async def test_new(client: VerifikClient, verifik_faces: Faces) -> None:
    """Who is new is welcomed by name."""
    told = await check_in(client, guest(verifik_faces.image("alice")))
    assert told == "welcome, Jane Doe"


async def test_again(client: VerifikClient, verifik_faces: Faces) -> None:
    """Who has been here before is known by face, whatever the name."""
    await check_in(client, guest(verifik_faces.image("alice")))
    again = guest(verifik_faces.image("alice", take=2), name="Janet Doe")
    assert await check_in(client, again) == "has been here before"


async def test_screen(client: VerifikClient, verifik_faces: Faces) -> None:
    """A photograph of a screen is no guest."""
    told = await check_in(client, guest(verifik_faces.spoof()))
    assert told == "needs another photograph"


@pytest.mark.parametrize("guests", [1, 6])
async def test_many(client: VerifikClient, verifik_faces: Faces, guests: int) -> None:
    """Of guests who come together each is told their own name."""
    names = [f"Guest {letter}" for letter in "ABCDEF"[:guests]]
    calls = [check_in(client, guest(verifik_faces.somebody(), name)) for name in names]
    assert await asyncio.gather(*calls) == [f"welcome, {name}" for name in names]
