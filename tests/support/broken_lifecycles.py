"""Transports that spoil a cancel, a close, or what they leave behind."""

from __future__ import annotations

import asyncio
import socket

from broken_transports import SLOTS, Sound

from verifik_async import (
    AiohttpTransport,
    ClientClosedError,
    ConnectionLostError,
    HttpRequest,
    HttpResponse,
)
from verifik_async.errors import note_outcome


class GoesOnWhenCancelled(Sound):
    """A cancelled call goes on behind the scenes, with its connection."""

    def __init__(self) -> None:
        super().__init__()
        self.tasks: set[asyncio.Task[HttpResponse]] = set()

    async def send(self, request: HttpRequest) -> HttpResponse:
        """In a task that nobody cancels."""
        task = asyncio.create_task(self.inner.send(request))
        self.tasks.add(task)
        return await asyncio.shield(task)

    async def aclose(self) -> None:
        """Only now are they stopped."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await super().aclose()


class SwallowsCancels(Sound):
    """Takes a cancel for a failure of the network."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Raise something else."""
        try:
            return await self.inner.send(request)
        except asyncio.CancelledError:
            raise ConnectionLostError("cancelled") from None


class KeepsSlotsWhenCancelled(Sound):
    """Gives a slot back only if all goes well."""

    def __init__(self) -> None:
        super().__init__()
        self.slots = asyncio.Semaphore(SLOTS)

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Without `finally`."""
        await self.slots.acquire()
        answer = await self.inner.send(request)
        self.slots.release()
        return answer


class WorksAfterClosing(Sound):
    """Opens itself again."""

    async def aclose(self) -> None:
        """Close, and be ready for more."""
        await self.inner.aclose()
        self.inner = AiohttpTransport()


class ClosesOnce(Sound):
    """Raises when it is closed again."""

    closed = False

    async def aclose(self) -> None:
        """Once."""
        if self.closed:
            raise RuntimeError("closed already")
        self.closed = True
        await super().aclose()


class ForgetsATask(Sound):
    """Starts something, and forgets it."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """With a task that runs for an hour."""
        self.task = asyncio.create_task(asyncio.sleep(3600))
        return await self.inner.send(request)


class LosesAnError(Sound):
    """Something of its own fails, and nobody looks."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """With a callback that fails."""
        asyncio.get_running_loop().call_soon([].pop)
        return await self.inner.send(request)


class OpensASocket(Sound):
    """Has a socket as soon as it is made, to be quick later."""

    def __init__(self) -> None:
        super().__init__()
        self.ready = socket.socket()

    async def aclose(self) -> None:
        """With the socket."""
        self.ready.close()
        await super().aclose()


class DisownsCallsWhenClosed(Sound):
    """A call that is under way when it is closed was never sent, it says."""

    def __init__(self) -> None:
        super().__init__()
        self.closed = asyncio.Event()

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Until it is closed."""
        sending = asyncio.ensure_future(self.inner.send(request))
        closing = asyncio.ensure_future(self.closed.wait())
        both = (sending, closing)
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if sending.done():
            closing.cancel()
            return sending.result()
        sending.cancel()
        raise ClientClosedError("closed")

    async def aclose(self) -> None:
        """Tell all calls, and let them go."""
        self.closed.set()
        await asyncio.sleep(0.01)
        await super().aclose()


class QueuesBeyondTheEnd(Sound):
    """Calls that wait for their turn are sent even if it is closed meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.slots = asyncio.Semaphore(SLOTS)

    async def send(self, request: HttpRequest) -> HttpResponse:
        """With whatever is there when it is this call's turn."""
        async with self.slots:
            return await self.inner.send(request)

    async def aclose(self) -> None:
        """Close what is there; there is more for the others."""
        closing, self.inner = self.inner, AiohttpTransport()
        await closing.aclose()


class DisownsCancelledCalls(Sound):
    """Who cancels a call must not have sent it, it thinks."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Note the wrong outcome."""
        try:
            return await self.inner.send(request)
        except asyncio.CancelledError as cancelled:
            note_outcome(cancelled, sent=False)
            raise
