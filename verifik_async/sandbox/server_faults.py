"""What the faults of a `Sandbox` look like on its sockets."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from typing import TYPE_CHECKING

from aiohttp import web

from verifik_async.sandbox.scenarios import SLOW
from verifik_async.transports.faults import RAW_ANSWERS, Fault
from verifik_async.transports.live import LARGEST_RESPONSE
from verifik_async.wire import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from verifik_async.sandbox.rules import Reply
    from verifik_async.sandbox.scenarios import Met

DROPS = 6
"""Parts of a `slow_body`."""

HUGE = 2 * LARGEST_RESPONSE
"""Bytes of a `huge_body`, if the client takes them all."""

_PIECE = 1 << 16
_LOOK = 0.05
"""Seconds between two looks whether a client that gets no answer has left."""


async def play(
    request: web.Request,
    met: Met,
    reply: Reply | None,
    *,
    stopping: asyncio.Future[None],
) -> web.StreamResponse:
    """Do what a fault does; what is returned may be for a connection that is gone.

    Args:
        request: Read to its end.
        met: Any fault that a server can play.
        reply: The rules' own, for `slow_body`.
        stopping: Done when nobody must be kept waiting any more.
    """
    match met.fault:
        case Fault.SLOW_BODY if reply is not None:
            return await _drip(request, reply, stopping)
        case Fault.HUGE_BODY:
            return await _flood(request)
        case Fault.READ_TIMEOUT:
            return await _stay_silent(request, stopping)
        case Fault.LOST_ANSWER:
            return cut(request)
        case _:
            return _at_once(request, met)


def _at_once(request: web.Request, met: Met) -> web.Response:
    raw = RAW_ANSWERS.get(met.fault)
    if raw is not None:
        return _speak(request, raw)
    happens = met.happens()
    if isinstance(happens, HttpResponse):
        return web.Response(
            status=happens.status, headers=happens.headers, body=happens.body
        )
    return reset(request)


def json_answer(
    status: int, value: Mapping[str, object], headers: Mapping[str, str] | None = None
) -> web.Response:
    """An answer in JSON."""
    return web.Response(
        status=status,
        body=json.dumps(value).encode(),
        headers=headers,
        content_type="application/json",
    )


def cut(request: web.Request) -> web.Response:
    """End the connection; what a handler answers afterwards goes nowhere."""
    if request.transport is not None:
        request.transport.abort()
    return nowhere()


def reset(request: web.Request) -> web.Response:
    """End the connection with RST, as the machine of a crashed server does."""
    if request.transport is not None:
        sock: socket.socket = request.transport.get_extra_info("socket")
        linger = struct.pack("ii", 1, 0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    return cut(request)


def nowhere() -> web.Response:
    """An answer for a connection that is gone: aiohttp wants one all the same."""
    return web.Response(status=400)


def _speak(request: web.Request, raw: bytes) -> web.Response:
    if request.transport is not None:
        request.transport.write(raw)
        request.transport.close()
    return nowhere()


async def _drip(
    request: web.Request, reply: Reply, stopping: asyncio.Future[None]
) -> web.StreamResponse:
    body = json.dumps(reply.json).encode()
    head = {**reply.headers, "Content-Type": "application/json"}
    response = web.StreamResponse(status=reply.status, headers=head)
    response.content_length = len(body)
    size = -(-len(body) // DROPS)
    try:
        await response.prepare(request)
        for start in range(0, len(body), size):
            await asyncio.wait([stopping], timeout=SLOW / DROPS)
            await response.write(body[start : start + size])
    except ConnectionError:
        return nowhere()  # the client left
    return response


async def _flood(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.content_length = HUGE
    try:
        await response.prepare(request)
        for _ in range(HUGE // _PIECE):
            await response.write(b" " * _PIECE)
    except ConnectionError:
        return nowhere()  # the client has had enough
    return response


async def _stay_silent(
    request: web.Request, stopping: asyncio.Future[None]
) -> web.Response:
    while request.transport is not None and not stopping.done():
        await asyncio.wait([stopping], timeout=_LOOK)
    return cut(request)
