"""What a person is known by from run to run: never a row number, which may move.

A person with a key of the caller's is known by that; any other by the content of the
request: the fields, and a digest of each picture. Both are hashed with the job's salt,
so that journals can't be matched with each other, and a key which is personal itself,
as a national id is, can't be read off; whoever has the journal can still try out keys.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import unicodedata
from typing import TYPE_CHECKING

from verifik_async.errors import FieldFault, InvalidRequestError

if TYPE_CHECKING:
    from verifik_async.images import FaceImage
    from verifik_async.models import EnrollmentRequest

RULE = 1
"""The number of the rules below: another one would make everybody a new person."""

SALT_BYTES = 16

_KEY_BYTES = 16
_BLOCK = 256 * 1024
_HASHED_AT_ONCE = 64 * 1024
"""Bytes of pictures in memory that are hashed on the event loop: 60 microseconds."""


class KeyRule:
    """Makes keys for the persons of one job.

    Args:
        salt: The job's own.
    """

    def __init__(self, salt: bytes) -> None:
        self._salt = salt

    def of_key(self, key: str) -> bytes:
        """What stands for a key of the caller's."""
        return self._hashed(b"key\0" + key.encode("utf-8", "surrogatepass"))

    async def of_content(self, request: EnrollmentRequest) -> bytes:
        """What stands for a person without a key.

        Every picture is read once more for it, in a thread and by the block; that is
        what a key of the caller's saves.

        Raises:
            InvalidRequestError: A picture can't be read any more.
        """
        at_once = _in_memory(request) <= _HASHED_AT_ONCE
        if at_once:
            return self.of_content_now(request)
        return await asyncio.to_thread(self.of_content_now, request)

    def of_content_now(self, request: EnrollmentRequest) -> bytes:
        """As `of_content`, without giving way to others while files are read."""
        digests = _digests(request)
        fields = json.dumps(_normalised(request)).encode()
        return self._hashed(b"".join((b"content\0", *digests, fields)))

    def _hashed(self, data: bytes) -> bytes:
        return hashlib.blake2b(data, digest_size=_KEY_BYTES, key=self._salt).digest()


def _normalised(request: EnrollmentRequest) -> list[str | None]:
    """Who it is, and where to: thresholds may change without changing the person."""
    name = " ".join(unicodedata.normalize("NFC", request.name).split())
    born = request.date_of_birth.isoformat()
    where = request.collection_id
    return [name, request.gender, born, request.nationality, where]


def _in_memory(request: EnrollmentRequest) -> float:
    """Bytes to hash; endless where reading may wait."""
    if all(image.in_memory for image in request.images):
        return sum(image.size for image in request.images)
    return float("inf")


def _digests(request: EnrollmentRequest) -> list[bytes]:
    return [_digest(place, image) for place, image in enumerate(request.images)]


def _digest(place: int, image: FaceImage) -> bytes:
    digest = hashlib.blake2b(digest_size=32)
    try:
        with image.open() as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
    except Exception as error:  # noqa: BLE001 - from an opener of the caller's
        what = error.strerror if isinstance(error, OSError) else None
        problem = f"can't be read any more: {what or type(error).__name__}"
    else:
        return digest.digest()
    # Outside the handler: the system's error names the file, maybe the person.
    hint = "leave image files alone until the run is over"
    fault = FieldFault(field=f"images[{place}]", problem=problem, hint=hint)
    raise InvalidRequestError([fault])
