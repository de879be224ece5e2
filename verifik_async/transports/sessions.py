"""A session of aiohttp for each event loop, closed when the loop ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp

from verifik_async.transports.turns import Turns

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

KEEP_ALIVE = 4.0
"""Seconds that an idle connection is kept: Node's servers close theirs after five,
and a request that meets the closing ends with an unknown outcome."""


class SessionKeeper:
    """Holds a session for as long as its event loop lives.

    The session stands inside an asynchronous generator that never ends: a loop
    which shuts down (as `asyncio.run` does) closes its generators, and with this one
    the session. So a client that nobody closed leaves no open connection behind.

    Attributes:
        slots: For the requests under way in this loop, also through other sessions.
        turns: For those of them that have a large body.
    """

    def __init__(self, connections: int) -> None:
        self.slots = asyncio.Semaphore(connections)
        self.turns = Turns()
        self._session: aiohttp.ClientSession | None = None
        self._holder = self._hold()

    async def open(self) -> aiohttp.ClientSession:
        """The session, made when it is first asked for."""
        if self._session is None:
            await anext(self._holder)
        assert self._session is not None  # noqa: S101 - for the type checkers
        return self._session

    async def _hold(self) -> AsyncGenerator[None]:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        try:
            yield
        finally:
            await self._session.close()

    async def aclose(self) -> None:
        """Close the session."""
        await self._holder.aclose()
