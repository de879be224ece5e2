"""The sandbox in memory: a transport that opens no socket."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import attrs

from verifik_async.clock import Clock, SystemClock
from verifik_async.errors import ClientClosedError
from verifik_async.sandbox.rules import Call, Settings
from verifik_async.sandbox.scenarios import SLOW
from verifik_async.sandbox.world import World
from verifik_async.transports.faults import Fault, waits
from verifik_async.wire import HttpResponse

if TYPE_CHECKING:
    from verifik_async.sandbox.scenarios import Met
    from verifik_async.wire import HttpRequest


class SandboxTransport:
    """Carries requests to a sandbox in this process; HTTP is left out, rules are not.

    Of `request.url` only the path counts, so a client keeps its own base URL.
    Nothing is waited for but an armed `read_timeout`, which takes
    `request.timeout.read`, and `slow_body`; no other timeout applies.

    Args:
        world: A `World`, to share it with others; or `Settings` for one of its own.
        clock: Where these two pass; a virtual one takes no time.

    Attributes:
        world: To arm faults and to see who is enrolled.
    """

    def __init__(
        self, world: World | Settings | None = None, *, clock: Clock | None = None
    ) -> None:
        self.world = world if isinstance(world, World) else World(world)
        self._clock = clock or SystemClock()
        self._closed = False

    async def send(self, request: HttpRequest) -> HttpResponse:
        """The sandbox's answer.

        Raises:
            InvalidRequestError: An image changed since it was checked.
            TransportError: A fault is armed that raises it.
            UnexpectedResponseError: `huge_body` is armed.
            ClientClosedError: `aclose` was called before.
        """
        if self._closed:
            raise ClientClosedError("the sandbox transport is closed")
        call = Call(
            method=request.method,
            path=urlsplit(request.url).path,
            headers=request.headers,
        )
        if met := self.world.cuts_off(call):
            return await self._play(met, request)
        if request.body.in_memory:
            body = request.body.read()
        else:
            body = await asyncio.to_thread(request.body.read)
        answer = await self.world.answer(attrs.evolve(call, body=body))
        reply, met = answer.reply, answer.met
        if met is not None and met.fault is Fault.SLOW_BODY:
            await self._clock.sleep(SLOW)
        elif met is not None:
            return await self._play(met, request)
        assert reply is not None  # noqa: S101 - there is one where no fault is met
        return HttpResponse.of_json(reply.status, reply.json, headers=reply.headers)

    async def _play(self, met: Met, request: HttpRequest) -> HttpResponse:
        limits = request.timeout
        seconds = waits(met.fault, connect=limits.connect, read=limits.read)
        if seconds:
            await self._clock.sleep(seconds)
        happens = met.happens()
        if isinstance(happens, HttpResponse):
            return happens
        raise happens

    async def aclose(self) -> None:
        """Refuse further requests. What is enrolled stays in `world`."""
        self._closed = True
