"""Where a test's cassette is.

tests/test_enrolling.py::TestJane::test_twice[F]
tests/fixtures/test_enrolling/TestJane.test_twice-F.verifik.json
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

import pytest

SUFFIX = ".verifik.json"

LONGEST = 100
"""Characters of a file's name before the suffix and the lock's own additions; file
systems take 255 bytes, and Windows 260 characters of a whole path."""

_ODD = re.compile(r"[^A-Za-z0-9_.-]+")


def own_cassette(item: pytest.Item) -> Path:
    """The place for a test's own cassette: of no other test, and the same each time."""
    classes = [node.name for node in item.listchain() if isinstance(node, pytest.Class)]
    name = ".".join([*classes, item.name])
    return item.path.parent / "fixtures" / item.path.stem / f"{stem(name)}{SUFFIX}"


def named_cassette(item: pytest.Item, name: str) -> Path:
    """The place that a marker names, seen from the test's folder."""
    return Path(os.path.normpath(item.path.parent / name))


def stem(name: str) -> str:
    """A test's name as the name of a file.

    Where letters have to be left out, two tests could become one; a digest of the
    whole keeps them apart. That depends on the test alone and not on which others
    are collected with it, or a selection would look for other files.
    """
    function, bracket, parameters = name.partition("[")
    plain = f"{function}-{parameters.removesuffix(']')}" if bracket else name
    safe = _ODD.sub("-", plain)
    if safe == plain and len(safe) <= LONGEST:
        return safe
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{safe[: LONGEST - 9]}-{digest}"
