"""Keeps persons with the same picture from being in flight at the same time.

The server looks for the face and then creates the person: two at once with the same
face both find nobody, and both are created. So of two persons of one collection with
a picture in common the later one waits until the earlier has an outcome.

Pictures are told apart by format and size; only where these are equal, by a sample of
their bytes, which is read then. Equal bytes are never taken for different; different
ones may be taken for equal, which costs a wait.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import attrs

from verifik_async.images import FaceImage, ImageKind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import BinaryIO

    from verifik_async.models import EnrollmentRequest

SAMPLED_AT_EACH_END = 4096

_Likeness = tuple[str, ImageKind, int]


@attrs.define(eq=False)
class _Face:
    """A picture of somebody who is in flight, or waits to be.

    Attributes:
        image: It.
        likeness: Collection, format and size.
        left: Set when the person is gone.
        sample: What a sample of the bytes hashes to; None as long as it is not
            known, and if it can't be.
        read: Set when somebody who reads the sample is done; None if nobody does.
    """

    image: FaceImage
    likeness: _Likeness
    left: asyncio.Event
    sample: int | None = None
    read: asyncio.Event | None = None


_Meeting = tuple[_Face, list[_Face]]
"""A picture, and those of persons who came before which have the same likeness."""


class SameFaceGuard:
    """For one run in one event loop; knows only who is there now."""

    def __init__(self) -> None:
        self._present: dict[_Likeness, list[_Face]] = {}
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """Persons who wait for somebody with the same picture."""
        return self._waiting

    def alone(self, request: EnrollmentRequest) -> Alone:
        """Wait, in an `async with`, for all who came before with the same picture.

        Nobody waits for somebody who came later, so there is no deadlock, and no
        one is passed over. Pictures in files are read in a thread.
        """
        left = asyncio.Event()
        return Alone(
            self,
            [
                _Face(image, (request.collection_id, image.kind, image.size), left)
                for image in request.images
            ],
        )

    async def enter(self, faces: list[_Face]) -> None:
        """Be seen by those who come later, and wait for those who came before."""
        present = self._present
        meetings = [
            (face, [*present[face.likeness]])
            for face in faces
            if face.likeness in present
        ]
        for face in faces:
            present.setdefault(face.likeness, []).append(face)
        if meetings:
            try:
                await self._others_left(meetings)
            except BaseException:
                self.leave(faces)
                raise

    def leave(self, faces: list[_Face]) -> None:
        """Be gone."""
        for face in faces:
            face.left.set()
            self._forget(face)

    async def _others_left(self, meetings: list[_Meeting]) -> None:
        await _sample(
            face
            for mine, others in meetings
            for face in (mine, *others)
            if face.sample is None
        )
        self._waiting += 1
        try:
            for mine, others in meetings:
                for other in others:
                    known = mine.sample is not None and other.sample is not None
                    if not known or mine.sample == other.sample:
                        await other.left.wait()
        finally:
            self._waiting -= 1

    def _forget(self, face: _Face) -> None:
        alike = self._present[face.likeness]
        alike.remove(face)
        if not alike:
            del self._present[face.likeness]


class Alone:
    """One person's stay.

    No generator makes it: everybody comes this way, and few have to wait.
    """

    __slots__ = ("_faces", "_guard")

    def __init__(self, guard: SameFaceGuard, faces: list[_Face]) -> None:
        self._guard = guard
        self._faces = faces

    async def __aenter__(self) -> None:
        await self._guard.enter(self._faces)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._guard.leave(self._faces)


async def _sample(faces: Iterable[_Face]) -> None:
    """Fill in samples that are not known yet, as far as they can be read."""
    on_disk: list[_Face] = []
    others: list[asyncio.Event] = []
    done = asyncio.Event()
    for face in faces:
        if face.image.in_memory:
            face.sample = _sample_of(face.image)
        elif face.read is None:
            face.read = done
            on_disk.append(face)
        elif face.read is not done:
            others.append(face.read)
    try:
        if on_disk:
            await _sample_in_thread(on_disk)
    finally:
        # Also where it was cancelled: those who wait take the bytes for the same then.
        done.set()
        for face in on_disk:
            face.read = None
    for other in others:
        await other.wait()


async def _sample_in_thread(faces: list[_Face]) -> None:
    images = [face.image for face in faces]
    samples = await asyncio.to_thread(lambda: [*map(_sample_of, images)])
    for face, sample in zip(faces, samples, strict=True):
        face.sample = sample


def _sample_of(image: FaceImage) -> int | None:
    """A hash of both ends; None if it can't be read, or only from the start."""
    try:
        with image.open() as stream:
            head = _read(stream, SAMPLED_AT_EACH_END)
            stream.seek(max(0, image.size - SAMPLED_AT_EACH_END))
            return hash((head, _read(stream, SAMPLED_AT_EACH_END)))
    except Exception:  # noqa: BLE001 - sending it meets the same, and tells the caller
        return None


def _read(stream: BinaryIO, size: int) -> bytes:
    """Read `size` bytes unless the stream ends first: raw streams read short."""
    read = b""
    while len(read) < size and (more := stream.read(size - len(read))):
        read += more
    return read
