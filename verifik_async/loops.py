"""Things of asyncio that belong to one event loop, kept for each loop apart.

A client may be used from several loops one after another, as `asyncio.run` called
twice does; locks, tasks and sessions must not cross from one to the next.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Value = TypeVar("Value")


class PerLoop(Generic[Value]):
    """A value for the running loop, made when that loop first asks for it."""

    def __init__(self, make: Callable[[], Value]) -> None:
        self._make = make
        self._values: dict[asyncio.AbstractEventLoop, Value] = {}

    def get(self) -> Value:
        """The running loop's value; those of closed loops are let go."""
        loop = asyncio.get_running_loop()
        value = self._values.get(loop)
        if value is None:
            for gone in [old for old in self._values if old.is_closed()]:
                del self._values[gone]
            value = self._values[loop] = self._make()
        return value

    def pop(self) -> Value | None:
        """Take the running loop's value out, if there is one."""
        return self._values.pop(asyncio.get_running_loop(), None)
