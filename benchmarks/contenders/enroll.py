"""What this package offers, with all its checks, models and decoding."""

from __future__ import annotations

import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.contenders.pool import pooled
from benchmarks.loads import TOKEN
from verifik_async import (
    AiohttpTransport,
    BatchEnroller,
    BatchItem,
    EnrollmentRequest,
    FaceImage,
    Journal,
    VerifikClient,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator

    from benchmarks.contenders.pool import PostAll
    from benchmarks.loads import Load

_COLLECTIONS = 4096


def _client(load: Load) -> VerifikClient:
    transport = AiohttpTransport(connections=load.width)
    return VerifikClient(TOKEN, transport, base_url=load.base_url)


def _requests(load: Load) -> Callable[[int], EnrollmentRequest]:
    """What gives the checked request of a person, with her photographs.

    Few photographs stand for those of many persons. So neighbours go to different
    collections: in one a batch would let those with the same picture wait.
    """
    paths = load.paths()
    held = [] if load.from_disk else load.held()

    def images(number: int) -> list[FaceImage]:
        if load.from_disk:
            return [FaceImage.from_path(path) for path in paths[number % len(paths)]]
        return [FaceImage.from_bytes(data) for data in held[number % len(held)]]

    def request(number: int) -> EnrollmentRequest:
        return EnrollmentRequest(
            name="Jane Doe",
            gender="F",
            date_of_birth="1990-01-15",
            nationality="CO",
            collection_id=f"{number % _COLLECTIONS:024x}",
            liveness_min_score=0.65,
            min_score=0.8,
            search_mode="FAST",
            images=images(number),
        )

    return request


@asynccontextmanager
async def one_by_one(load: Load) -> AsyncGenerator[PostAll]:
    """Await `enroll` in as many tasks as persons are in flight."""
    request = _requests(load)
    async with _client(load) as client:

        async def post(number: int) -> None:
            await client.enroll(request(number))

        yield pooled(post, load.width)


@asynccontextmanager
async def batch(load: Load) -> AsyncGenerator[PostAll]:
    """Run a batch without a journal."""
    async with _client(load) as client:

        async def post_all(persons: Iterator[int]) -> int:
            enroller = BatchEnroller(client, concurrency=load.width)
            return await _run(enroller, load, persons)

        yield post_all


@asynccontextmanager
async def journaled(load: Load) -> AsyncGenerator[PostAll]:
    """Run a batch that writes every request and outcome down, and to the disk."""
    async with _client(load) as client:

        async def post_all(persons: Iterator[int]) -> int:
            # Each burst is a job of its own: one that is resumed has nothing to do.
            with tempfile.TemporaryDirectory(dir=load.folder) as folder:
                enroller = BatchEnroller(
                    client,
                    concurrency=load.width,
                    journal=Journal(Path(folder, "job.sqlite3"), durability="strict"),
                )
                return await _run(enroller, load, persons)

        yield post_all


async def _run(enroller: BatchEnroller, load: Load, persons: Iterator[int]) -> int:
    request = _requests(load)
    items = (
        BatchItem(key=f"row-{number}", request=request(number)) for number in persons
    )
    posted = 0
    async with enroller:
        async for outcome in enroller.enroll(items):
            if outcome.error is not None:
                raise outcome.error
            posted += 1
    return posted
