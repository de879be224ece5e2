"""The two ways into a sandbox, as one thing to test."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import attrs

from tests.sandbox.calls import ROUTE, request
from verifik_async import AiohttpTransport
from verifik_async.bodies import text_body
from verifik_async.errors import VerifikError
from verifik_async.sandbox import Sandbox, SandboxTransport, World
from verifik_async.testing import VirtualClock
from verifik_async.wire import HttpRequest, HttpResponse, Timeout

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from verifik_async.transports.protocol import Transport

PIECE = 1_000_000


@attrs.frozen
class Door:
    """A way into a world."""

    world: World
    transport: Transport
    base_url: str

    def request(self, body: object, *, impatient: bool = False) -> HttpRequest:
        """A request that goes this way, in pieces as images do."""
        made = request(body)
        return attrs.evolve(
            made,
            url=self.base_url + ROUTE,
            timeout=Timeout(read=0.2) if impatient else Timeout(),
            body=text_body(*_pieces(made.body.read())),
        )


def _pieces(body: bytes) -> list[bytes]:
    return [body[at : at + PIECE] for at in range(0, len(body), PIECE)]


@asynccontextmanager
async def opened(name: str, world: World) -> AsyncGenerator[Door]:
    """The door `memory` or `http` into a world."""
    if name == "memory":
        yield Door(world, SandboxTransport(world, clock=VirtualClock()), "https://x")
        return
    async with Sandbox(world=world) as sandbox:
        transport = AiohttpTransport()
        try:
            yield Door(world, transport, sandbox.base_url)
        finally:
            await transport.aclose()


async def end_of(door: Door, sent: HttpRequest) -> HttpResponse | VerifikError:
    """The answer, or the error that comes in its place."""
    try:
        return await door.transport.send(sent)
    except VerifikError as error:
        return error
