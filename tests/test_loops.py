"""Values that belong to one event loop."""

from __future__ import annotations

import asyncio
import gc
import weakref

from verifik_async.loops import PerLoop


class Value:
    """Something that can be let go."""


def test_each_loop_has_its_own_value() -> None:
    """A loop keeps its value; the next one gets another, and the old one is let go."""
    values = PerLoop[Value](Value)

    async def twice() -> tuple[Value, Value]:
        return values.get(), values.get()

    first, again = asyncio.run(twice())
    second, _ = asyncio.run(twice())
    assert first is again
    assert second is not first
    kept = weakref.ref(first)
    del first, again
    gc.collect()
    assert kept() is None


async def test_a_value_can_be_taken_out() -> None:
    """After pop the loop has none until it asks again."""
    values = PerLoop[object](object)
    assert values.pop() is None
    value = values.get()
    assert values.pop() is value
    assert values.get() is not value
