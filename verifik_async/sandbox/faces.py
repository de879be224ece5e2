"""Drawn faces for demos and tests: invented people, clearly drawings, small JPEGs.

The sandbox does not look at pictures. It reads the marker in their comment
(`face=alice`), so both takes of `alice` are the same person to it, and `marked` makes
as many different people out of a dozen drawings as are needed:

    picture = faces.marked("alice", face="guest-17", liveness=0.7)
"""

from __future__ import annotations

import functools
import importlib.resources
import re

from verifik_async.errors import ConfigurationError

SPOOF = "spoof"
"""A photograph of a screen with a face on it: its marker says liveness 0.31."""

_FACE = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_COMMENT = b"\xff\xfe"
_DRAWINGS = importlib.resources.files("verifik_async.sandbox") / "drawings"


def names() -> tuple[str, ...]:
    """The people there are, by the alphabet; of each there are takes 1 and 2."""
    return tuple(sorted({name for name, _ in _takes()} - {SPOOF}))


def picture(name: str, *, take: int = 1) -> bytes:
    """A drawing as a JPEG file with its marker.

    Args:
        name: One of `names()`, or `SPOOF`.
        take: 2 is the same person with another expression elsewhere.

    Raises:
        ConfigurationError: There is no such drawing.
    """
    if (name, take) not in _takes():
        raise ConfigurationError(
            f"no such drawing; there are takes 1 and 2 of {', '.join(names())}, "
            f"and take 1 of {SPOOF}"
        )
    return _read(name, take)


def marked(name: str, *, face: str, liveness: float = 0.99, take: int = 1) -> bytes:
    """A drawing whose marker says that it shows somebody else.

    Args:
        name: One of `names()`, or `SPOOF`.
        face: Who it shows to the sandbox: letters, digits, `_`, `.` and `-`.
        liveness: 0 to 1, rounded to six digits.
        take: As for `picture`.

    Raises:
        ConfigurationError: There is no such drawing, or the marker can't be written.
    """
    if not _FACE.fullmatch(face):
        raise ConfigurationError("face: 1 to 64 letters, digits, '_', '.' and '-'")
    if not 0 <= liveness <= 1:
        raise ConfigurationError("liveness must be between 0 and 1")
    jpeg = picture(name, take=take)
    at, end = _comment(jpeg)
    score = f"{liveness:.6f}".rstrip("0").rstrip(".")
    marker = f"face={face};liveness={score}".encode("ascii")
    size = (len(marker) + 2).to_bytes(2)
    return b"".join((jpeg[:at], _COMMENT, size, marker, jpeg[end:]))


@functools.cache
def _takes() -> frozenset[tuple[str, int]]:
    stems = (
        entry.name.removesuffix(".jpg").rpartition("-")
        for entry in _DRAWINGS.iterdir()
        if entry.name.endswith(".jpg")
    )
    return frozenset((name, int(take)) for name, _, take in stems)


@functools.cache
def _read(name: str, take: int) -> bytes:
    return (_DRAWINGS / f"{name}-{take}.jpg").read_bytes()


def _comment(jpeg: bytes) -> tuple[int, int]:
    """Where the comment segment begins and ends: each of our drawings has one."""
    at = 2
    while jpeg[at : at + 2] != _COMMENT:
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4])
    return at, at + 2 + int.from_bytes(jpeg[at + 2 : at + 4])
