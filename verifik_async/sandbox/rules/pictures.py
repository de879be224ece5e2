"""Images: strict base64, the format by its first bytes, and what their marker says.

No picture is looked at. A marker in a JPEG comment or a PNG `tEXt` chunk decides:

    face=alice;liveness=0.31;sim:bob=0.82

It begins with `face=`. The same face name is the same person; `liveness` is 0.99
unless given; `sim:bob` says how alike this face is to another one (the same face is 1,
any other 0). An image without a marker is a person of its own, known again by its
bytes.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

from verifik_async.sandbox.rules import replies
from verifik_async.sandbox.rules.values import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORTEST_BASE64 = 100
LIVENESS_UNLESS_MARKED = 0.99

_JPEG = b"\xff\xd8\xff"
_PNG = b"\x89PNG\r\n\x1a\n"
_FACE = re.compile(r"[\w.-]{1,64}", re.ASCII)
_OTHER = re.compile(r"sim:([\w.-]{1,64})", re.ASCII)
_SCORE = re.compile(r"0(\.\d{1,6})?|1(\.0{1,6})?", re.ASCII)
_NO_SIZE_JPEG = frozenset({0x01, *range(0xD0, 0xD8)})
_SCAN_OR_END_JPEG = frozenset({0xDA, 0xD9})


@attrs.frozen(kw_only=True)
class Marker:
    """What an image says about itself."""

    face: str | None = None
    liveness: float = LIVENESS_UNLESS_MARKED
    likeness: Mapping[str, float] = attrs.field(factory=dict[str, float])


@attrs.frozen(kw_only=True)
class Pictures:
    """What the images of one request say together.

    Attributes:
        likeness: Faces and how alike they are: their own with 1.
        liveness: The least of all images.
        digests: SHA-256 of each decoded image.
    """

    likeness: Mapping[str, float]
    liveness: float
    digests: tuple[str, ...]


def look(texts: tuple[str, ...]) -> Pictures:
    """Decode and judge the images of one request.

    Raises:
        Refused: 412 for what is no image in raw base64; 409 for images of different
            faces, or a marker that can't be read.
    """
    images = [_decoded(text) for text in texts]
    markers = [_marker(image) for image in images]
    digests = tuple(hashlib.sha256(image).hexdigest() for image in images)
    faces = {marker.face for marker in markers if marker.face is not None}
    if len(faces) > 1:
        raise Refused(replies.validation_failed("the images show different faces"))
    likeness: dict[str, float] = {}
    for marker in markers:
        for face, score in marker.likeness.items():
            likeness[face] = max(score, likeness.get(face, 0.0))
    # the bytes count beside a marker too, so an image known without one stays known
    own = [f"face:{face}" for face in faces] + [f"sha256:{each}" for each in digests]
    likeness.update(dict.fromkeys(own, 1.0))
    return Pictures(
        likeness=likeness,
        liveness=min(marker.liveness for marker in markers),
        digests=digests,
    )


def _decoded(text: str) -> bytes:
    if len(text) < SHORTEST_BASE64:
        raise Refused(replies.only_images_in_base64())
    try:
        image = base64.b64decode(text, validate=True)
    except ValueError:
        raise Refused(replies.only_images_in_base64()) from None
    # even so the decoder takes padding too much, and loose bits before the padding
    last = base64.b64encode(image[len(image) - (len(image) % 3 or 3) :])
    if not text.endswith(last.decode("ascii")):
        raise Refused(replies.only_images_in_base64())
    webp = image.startswith(b"RIFF") and image[8:12] == b"WEBP"
    if not webp and not image.startswith((_JPEG, _PNG)):
        raise Refused(replies.only_images_in_base64(documented=False))
    return image


def _marker(image: bytes) -> Marker:
    texts = _jpeg_comments if image.startswith(_JPEG) else _png_texts
    for text in texts(image):
        if text.startswith(b"face="):
            return _parsed(text.decode("ascii", "replace"))
    return Marker()


def _jpeg_comments(image: bytes) -> Iterator[bytes]:
    """Comment segments before the first scan."""
    at = 2
    while at + 4 <= len(image) and image[at] == 0xFF:  # noqa: PLR2004 - a segment
        kind = image[at + 1]
        if kind in _SCAN_OR_END_JPEG:
            return
        if kind == 0xFF:  # noqa: PLR2004 - a fill byte
            at += 1
        elif kind in _NO_SIZE_JPEG:
            at += 2
        else:
            end = at + 2 + int.from_bytes(image[at + 2 : at + 4])
            if kind == 0xFE:  # noqa: PLR2004 - a comment
                yield image[at + 4 : end]
            at = max(end, at + 4)


def _png_texts(image: bytes) -> Iterator[bytes]:
    """Texts of `tEXt` chunks, whatever their keyword; none in another format."""
    at = len(_PNG) if image.startswith(_PNG) else len(image)
    while at + 8 <= len(image):
        size = int.from_bytes(image[at : at + 4])
        if image[at + 4 : at + 8] == b"tEXt":
            yield image[at + 8 : at + 8 + size].partition(b"\0")[2]
        at += size + 12


def _parsed(text: str) -> Marker:
    face: str | None = None
    liveness = LIVENESS_UNLESS_MARKED
    likeness: dict[str, float] = {}
    for part in text.rstrip("\0").split(";"):
        key, _, value = part.strip().partition("=")
        other = _OTHER.fullmatch(key)
        if key == "face" and _FACE.fullmatch(value):
            face = value
        elif key == "liveness" and _SCORE.fullmatch(value):
            liveness = float(value)
        elif other and _SCORE.fullmatch(value):
            likeness[f"face:{other[1]}"] = float(value)
        else:
            # a typing error must not quietly make another person
            problem = "an image's sandbox marker can't be read"
            raise Refused(replies.validation_failed(problem))
    return Marker(face=face, liveness=liveness, likeness=likeness)
