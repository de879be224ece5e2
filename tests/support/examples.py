"""How many random examples a test has, where it says so itself."""

from __future__ import annotations

from hypothesis import settings

_USUAL = 100


def examples(count: int) -> settings:
    """So many; in the same measure fewer where the whole run was asked for fewer."""
    return settings(max_examples=max(1, count * settings().max_examples // _USUAL))
