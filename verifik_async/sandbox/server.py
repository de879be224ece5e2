"""The sandbox over HTTP, on the loopback address only."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self, cast

import attrs
from aiohttp import web

from verifik_async.errors import ConfigurationError
from verifik_async.sandbox.rules import Call, Settings
from verifik_async.sandbox.server_faults import (
    cut,
    json_answer,
    nowhere,
    play,
    reset,
)
from verifik_async.sandbox.world import World

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from verifik_async.transports.faults import Fault, Flaky

_HOST = "127.0.0.1"

_STOP = 0.25
"""Seconds for requests in flight to end when the server stops; then they are cut off,
which is waited for as long. With aiohttp's own two waits that makes a second."""


class Sandbox:
    """A server that behaves like the documented API.

        async with Sandbox() as sandbox:
            ...  # sandbox.base_url

    `GET /_sandbox/health` says that it is up; `GET /_sandbox/state` shows counts and
    digests. Stopping takes less than a second.

    Args:
        port: 0 takes a free one; see `base_url`.
        production: Whether a face that its collection holds already is refused.
        collections: The collections that exist; None lets every id pass.
        seed: Ids are derived from it.
        latency: Seconds by which each answer is late, as liveness and search are.
        world: To share people with other doors; its own settings count then.

    Attributes:
        world: Who is enrolled, what was asked.

    Raises:
        ConfigurationError: `latency` is no number of seconds.
        OSError: On entering, for a port that is taken.
    """

    def __init__(  # noqa: PLR0913 - settings, by keyword
        self,
        *,
        port: int = 0,
        production: bool = True,
        collections: Iterable[str] | None = None,
        seed: int = 0,
        latency: float = 0.0,
        world: World | None = None,
    ) -> None:
        if not 0 <= latency < float("inf"):
            raise ConfigurationError("latency must be 0 or more seconds")
        self.world = world or World(
            Settings(production=production, collections=collections, seed=seed)
        )
        self._port = port
        self._latency = latency
        self._base_url = ""
        self._in_flight: dict[asyncio.Task[object], web.Request] = {}
        self._stopping: asyncio.Future[None] | None = None
        self._cutting: asyncio.Future[None] | None = None
        self._runner: web.AppRunner | None = None

    @property
    def base_url(self) -> str:
        """Where the server listens, for `VerifikClient(base_url=…)`.

        Raises:
            ConfigurationError: It does not.
        """
        if self._runner is None:
            raise ConfigurationError("the sandbox runs inside `async with` only")
        return self._base_url

    def arm(
        self,
        fault: Fault | Flaky | str,
        *,
        times: int = 1,
        token: str | None = None,
        retry_after: float = 1,
    ) -> None:
        """Make the next requests meet `fault`; see `World.arm`."""
        self.world.arm(fault, times=times, token=token, retry_after=retry_after)

    def disarm(self) -> None:
        """Arm nothing any more; see `World.disarm`."""
        self.world.disarm()

    async def __aenter__(self) -> Self:
        if self._runner is not None:
            raise ConfigurationError("the sandbox runs already")
        app = web.Application()
        app.router.add_get("/_sandbox/health", self._health)
        app.router.add_get("/_sandbox/state", self._state)
        app.router.add_route("*", "/{path:.*}", self._call)
        # no access log: it would print what a client puts into its address
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_STOP)
        await runner.setup()
        try:
            await web.TCPSite(runner, _HOST, self._port).start()
        except BaseException:
            await runner.cleanup()
            raise
        self._base_url = f"http://{_HOST}:{runner.addresses[0][1]}"
        self._runner = runner
        self._stopping = asyncio.get_running_loop().create_future()
        self._cutting = asyncio.get_running_loop().create_future()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        runner, self._runner = self._runner, None
        if runner is None:
            return
        try:
            for site in list(runner.sites):
                await site.stop()
            await self._drain()
        finally:
            await runner.cleanup()

    async def _drain(self) -> None:
        """Let requests in flight end, then cut them off.

        aiohttp would cancel them, in the middle of whatever they do.
        """
        if self._stopping is not None:
            self._stopping.set_result(None)  # nobody who gets no answer is waited for
        if self._in_flight:
            await asyncio.wait(self._in_flight, timeout=_STOP)
        if self._cutting is not None:
            self._cutting.set_result(None)
        for request in self._in_flight.values():
            cut(request)
        if self._in_flight:
            await asyncio.wait(self._in_flight, timeout=_STOP)

    async def _health(self, _request: web.Request) -> web.Response:
        return json_answer(200, {"status": "ok"})

    async def _state(self, _request: web.Request) -> web.Response:
        return json_answer(200, self.world.state())

    async def _call(self, request: web.Request) -> web.StreamResponse:
        task = cast("asyncio.Task[object]", asyncio.current_task())
        self._in_flight[task] = request
        task.add_done_callback(self._in_flight.pop)
        call = Call(
            method=request.method,
            path=request.rel_url.raw_path,
            headers=request.headers,
        )
        if self.world.cuts_off(call):
            return reset(request)
        try:
            body = await _body(request, self.world.settings.largest_body)
        except (ConnectionError, web.RequestPayloadError):
            # the client left: half a body is no request
            return nowhere()
        if self._latency and self._cutting is not None:
            gone, _ = await asyncio.wait([self._cutting], timeout=self._latency)
            if gone:
                return nowhere()
        return await self._answer(request, attrs.evolve(call, body=body))

    async def _answer(self, request: web.Request, call: Call) -> web.StreamResponse:
        answer = await self.world.answer(call)
        reply = answer.reply
        if answer.met is not None and self._stopping is not None:
            return await play(request, answer.met, reply, stopping=self._stopping)
        assert reply is not None  # noqa: S101 - there is one where no fault is met
        return json_answer(reply.status, reply.json, reply.headers)


async def _body(request: web.Request, limit: int) -> bytes:
    """The body, or of one above the limit as much as shows that it is above."""
    blocks: list[bytes] = []
    size = 0
    async for block in request.content.iter_any():
        blocks.append(block)
        size += len(block)
        if size > limit:
            break
    return b"".join(blocks)
