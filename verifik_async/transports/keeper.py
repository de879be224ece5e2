"""What a transport keeps for each event loop, freed when the loop ends."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from verifik_async.transports.direct import Direct
from verifik_async.transports.patience import Watch
from verifik_async.transports.turns import Turns

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from ssl import SSLContext


class Keeper:
    """Holds connections for as long as their event loop lives.

    They stand inside an asynchronous generator that never ends: a loop which shuts
    down (as `asyncio.run` does) closes its generators, and with this one the
    connections. So a client that nobody closed leaves none open behind.

    Attributes:
        slots: For the requests under way in this loop, also through other sessions.
        turns: For those of them that have a large body.
        watch: Over how long they take.
        aside: One thread, in which large photographs are encoded while others are
            sent. Two of them would mostly wait for each other.
        direct: The connections; None until they are first asked for.
    """

    def __init__(self, connections: int, ssl: SSLContext | None) -> None:
        self.slots = asyncio.Semaphore(connections)
        self.turns = Turns()
        self.watch = Watch()
        self.aside = ThreadPoolExecutor(1, thread_name_prefix="verifik-images")
        self.direct: Direct | None = None
        self._ssl = ssl
        self._holder = self._hold()

    async def open(self) -> Direct:
        """The connections, from now on."""
        if self.direct is None:
            await anext(self._holder)
        assert self.direct is not None  # noqa: S101 - for the type checkers
        return self.direct

    async def _hold(self) -> AsyncGenerator[None]:
        self.direct = Direct(self._ssl)
        try:
            yield
        finally:
            try:
                await self.direct.aclose()
            finally:
                self.aside.shutdown(wait=False)

    async def aclose(self) -> None:
        """Close the connections."""
        try:
            await self._holder.aclose()
        finally:
            self.aside.shutdown(wait=False)  # a session of the caller's uses it, too
