"""What each fault looks like on a real socket.

Faults whose effect is an answer are that very answer, taken from the one table in
`transports.faults`; the others are played here.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from verifik_async.errors import ConfigurationError
from verifik_async.testing.exchanges import AT_A_TIME, Behaviour, head_of
from verifik_async.transports.faults import BEFORE_THE_SERVER, Fault, effect
from verifik_async.transports.scripted import Late
from verifik_async.wire import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from verifik_async.testing.exchanges import Exchange

FLOOD = 64 * 1024 * 1024
"""Bytes of a `huge_body`, if the client takes them all."""

DROPS = 6
"""Parts of a `slow_body`."""

PAUSE = 0.06
"""Seconds between them."""

Step = HttpResponse | Fault | Late | Behaviour
"""What a `MisbehavingServer` is told to do with one request."""


def behaviour_of(step: Step, *, answer: HttpResponse) -> Behaviour:
    """How a server does what a step says; `answer` is the true one, for slow bodies.

    Raises:
        ConfigurationError: The fault happens before any server is reached, or the
            step is an error, which only a script can raise.
    """
    if isinstance(step, Late):
        return _later(_never_raised(step.step), step.seconds, answer)
    if isinstance(step, HttpResponse):
        return _answering(step)
    if not isinstance(step, Fault):
        return step
    if step in BEFORE_THE_SERVER:
        raise ConfigurationError(f"{step}: no server is reached; see dead_end()")
    if step is Fault.SLOW_BODY:
        return _dripping(answer)
    return _PLAYED.get(step) or _answering(_answer_of(step))


def _never_raised(step: HttpResponse | BaseException | Fault) -> HttpResponse | Fault:
    if isinstance(step, BaseException):
        raise ConfigurationError("a server raises no errors: tell it a Fault instead")
    return step


def _answer_of(fault: Fault) -> HttpResponse:
    happens = effect(fault)
    if not isinstance(happens, HttpResponse):
        raise ConfigurationError(f"{fault}: nobody has said how a server plays it")
    return happens


def _answering(response: HttpResponse) -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        await exchange.read_body()
        await exchange.answer(response)

    return behave


def _later(
    step: HttpResponse | Fault, seconds: float, answer: HttpResponse
) -> Behaviour:
    inner = behaviour_of(step, answer=answer)

    async def behave(exchange: Exchange) -> None:
        await exchange.read_body()
        await asyncio.sleep(seconds)
        await inner(exchange)

    return behave


def _dripping(response: HttpResponse) -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        await exchange.read_body()
        await exchange.write(head_of(response))
        size = len(response.body)
        step = max(1, -(-size // DROPS))
        for start in range(0, size, step):
            await asyncio.sleep(PAUSE)
            await exchange.write(response.body[start : start + step])

    return behave


async def _reset_while_sending(exchange: Exchange) -> None:
    await exchange.read_some(AT_A_TIME)
    exchange.reset()


async def _reset_while_waiting(exchange: Exchange) -> None:
    await exchange.read_body()
    exchange.reset()


async def _stay_silent(exchange: Exchange) -> None:
    await exchange.read_body()
    await exchange.gone()


async def _lose_the_answer(exchange: Exchange) -> None:
    await exchange.read_body()
    exchange.close()


async def _speak_no_http(exchange: Exchange) -> None:
    await exchange.read_body()
    await exchange.write(b"HTTP/9.9 banana\r\n\r\n")
    exchange.close()


async def _end_too_soon(exchange: Exchange) -> None:
    await exchange.read_body()
    await exchange.write(b'HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{"data"')
    exchange.close()


async def _flood(exchange: Exchange) -> None:
    await exchange.read_body()
    await exchange.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunk = b"%x\r\n" % AT_A_TIME + b" " * AT_A_TIME + b"\r\n"
    for _ in range(FLOOD // AT_A_TIME):
        await exchange.write(chunk)
    await exchange.write(b"0\r\n\r\n")


_PLAYED: Mapping[Fault, Behaviour] = {
    Fault.RESET_WHILE_SENDING: _reset_while_sending,
    Fault.RESET_WHILE_WAITING: _reset_while_waiting,
    Fault.READ_TIMEOUT: _stay_silent,
    Fault.LOST_ANSWER: _lose_the_answer,
    Fault.GARBAGE_STATUS_LINE: _speak_no_http,
    Fault.TRUNCATED_BODY: _end_too_soon,
    Fault.HUGE_BODY: _flood,
}
