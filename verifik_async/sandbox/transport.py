"""The sandbox in memory: a transport that opens no socket."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from verifik_async.errors import ClientClosedError, ConnectionLostError
from verifik_async.sandbox.rules import Call, Settings
from verifik_async.sandbox.world import World
from verifik_async.wire import HttpResponse

if TYPE_CHECKING:
    from verifik_async.wire import HttpRequest


class SandboxTransport:
    """Carries requests to a sandbox in this process; HTTP is left out, rules are not.

    Of `request.url` only the path counts, so a client keeps its own base URL.
    Nothing is waited for, and `request.timeout` does not apply.

    Args:
        world: A `World`, to share it with others; or `Settings` for one of its own.

    Attributes:
        world: To arm faults and to see who is enrolled.
    """

    def __init__(self, world: World | Settings | None = None) -> None:
        self.world = world if isinstance(world, World) else World(world)
        self._closed = False

    async def send(self, request: HttpRequest) -> HttpResponse:
        """The sandbox's answer.

        Raises:
            InvalidRequestError: An image changed since it was checked.
            ConnectionLostError: The answer is lost on purpose.
            ClientClosedError: `aclose` was called before.
        """
        if self._closed:
            raise ClientClosedError("the sandbox transport is closed")
        if request.body.in_memory:
            body = request.body.read()
        else:
            body = await asyncio.to_thread(request.body.read)
        call = Call(
            method=request.method,
            path=urlsplit(request.url).path,
            headers=request.headers,
            body=body,
        )
        answer = await self.world.answer(call)
        if answer.lost:
            raise ConnectionLostError("the sandbox dropped the answer, as armed")
        return HttpResponse.of_json(
            answer.reply.status, answer.reply.json, headers=answer.reply.headers
        )

    async def aclose(self) -> None:
        """Refuse further requests. What is enrolled stays in `world`."""
        self._closed = True
