"""The marker `verifik`: what it knows, and what counts for a test."""

from __future__ import annotations

import difflib
from pathlib import PurePath
from typing import TYPE_CHECKING

from verifik_async.testing.plugin.state import CLOCKS, MODES, UNUSED

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

_CHOICES: Mapping[str, tuple[str, ...] | None] = {
    "base_url": None,
    "cassette": None,
    "clock": CLOCKS,
    "mode": MODES,
    "unused": UNUSED,
}
"""The keywords, and the values of those that have but a few."""


def options_of(item: pytest.Item) -> dict[str, str]:
    """What the markers of a test say; of two the closer one counts, by keyword.

    Raises:
        ValueError: A marker says something that there is not.
    """
    found: dict[str, str] = {}
    for mark in item.iter_markers("verifik"):  # the closest comes first
        found = {**_checked(mark), **found}
    return found


def _checked(mark: pytest.Mark) -> dict[str, str]:
    if mark.args:
        raise ValueError("@pytest.mark.verifik takes keywords only")
    return {name: _value(name, value) for name, value in mark.kwargs.items()}


def _value(name: str, value: object) -> str:
    if name not in _CHOICES:
        close = difflib.get_close_matches(name, _CHOICES, n=1)
        hint = f"did you mean {close[0]}?" if close else _listed(tuple(_CHOICES))
        raise ValueError(f"@pytest.mark.verifik knows no {name}: {hint}")
    choices = _CHOICES[name]
    if choices is not None and value not in choices:
        raise ValueError(f"@pytest.mark.verifik({name}=…): {_listed(choices)}")
    text = str(value) if isinstance(value, PurePath) else value
    if not isinstance(text, str) or not text:
        raise ValueError(f"@pytest.mark.verifik({name}=…) takes a text")
    return text


def _listed(choices: tuple[str, ...]) -> str:
    return f"there are {', '.join(choices[:-1])} and {choices[-1]}"
