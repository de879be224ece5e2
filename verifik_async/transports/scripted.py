"""Transports that fail to order: from a script, or between a client and another."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter, deque
from typing import TYPE_CHECKING

import attrs

from verifik_async.clock import Clock, SystemClock
from verifik_async.errors import ClientClosedError, ConfigurationError
from verifik_async.transports.faults import (
    NEEDS_AN_ANSWER,
    Fault,
    Flaky,
    effect,
    waits,
)
from verifik_async.wire import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from verifik_async.bodies import Body
    from verifik_async.transports.protocol import Transport
    from verifik_async.wire import HttpRequest


class ScriptExhaustedError(AssertionError):
    """More requests came than the script has answers.

    An `AssertionError`, so that no retry hides it.
    """


@attrs.frozen
class Late:
    """A step that takes its time.

    Attributes:
        step: What happens in the end.
        seconds: After how long, on the transport's clock.
    """

    step: HttpResponse | BaseException | Fault
    seconds: float


Step = HttpResponse | BaseException | Fault | Late


class ScriptedTransport:
    """Answers requests in turn: for tests, without network, credits or faces.

    Each step is an answer, an error to raise, a `Fault`, or one of these `Late`:

        transport = ScriptedTransport(
            [Fault.REFUSED, HttpResponse.of_json(200, {"data": …})]
        )
        client = VerifikClient("token", transport)

    Attributes:
        requests: What was asked, in order; `request.body.read()` gives the JSON.
    """

    def __init__(self, steps: Iterable[Step], *, clock: Clock | None = None) -> None:
        """Keep the script.

        Args:
            steps: What happens to each request in turn.
            clock: Where timeouts and late steps pass; a virtual one takes no time.

        Raises:
            ConfigurationError: A step is `Fault.SLOW_BODY`, which needs an answer:
                write `Late(answer, seconds)`.
        """
        self._steps = deque(steps)
        if any(_bare(step) is Fault.SLOW_BODY for step in self._steps):
            raise ConfigurationError("slow_body needs an answer: Late(answer, seconds)")
        self._clock = clock or SystemClock()
        self._closed = False
        self.requests: list[HttpRequest] = []

    @property
    def remaining(self) -> int:
        """Steps that no request has taken yet."""
        return len(self._steps)

    async def send(self, request: HttpRequest) -> HttpResponse:
        """The next step; the body is read as it would be sent.

        Raises:
            ScriptExhaustedError: There is no step left.
            BaseException: The step is this error.
        """
        if self._closed:
            raise ClientClosedError("the scripted transport is closed")
        deque(request.body, maxlen=0)  # reads it, and keeps no part of it
        self.requests.append(request)
        if not self._steps:
            raise ScriptExhaustedError(
                f"request {len(self.requests)} came after the script's last step"
            )
        step = self._steps.popleft()
        if isinstance(step, Late):
            await self._clock.sleep(step.seconds)
            step = step.step
        return await play(step, request, self._clock)

    async def aclose(self) -> None:
        """Refuse further requests."""
        self._closed = True


def _bare(step: Step) -> HttpResponse | BaseException | Fault:
    return step.step if isinstance(step, Late) else step


async def play(
    step: HttpResponse | BaseException | Fault, request: HttpRequest, clock: Clock
) -> HttpResponse:
    """What happens to `request`; timeouts pass on `clock` before they are raised.

    Raises:
        BaseException: The step is an error, or a fault that raises one.
    """
    happens = step
    if isinstance(step, Fault):
        limits = request.timeout
        seconds = waits(step, connect=limits.connect, read=limits.read)
        if seconds:
            await clock.sleep(seconds)
        happens = effect(step)
    if isinstance(happens, BaseException):
        raise happens
    assert isinstance(happens, HttpResponse)  # noqa: S101 - effect gives no Fault
    return happens


class FlakyTransport:
    """Puts faults between a client and another transport, with a probability.

    Requests are told apart by their body, so that equal runs fail alike however
    their calls are interleaved.
    """

    def __init__(
        self, inner: Transport, flaky: Flaky, *, clock: Clock | None = None
    ) -> None:
        """Wrap `inner`; closing this one closes it."""
        self._inner = inner
        self._flaky = flaky
        self._clock = clock or SystemClock()
        self._sent: Counter[bytes] = Counter()
        self._closed = False

    async def send(self, request: HttpRequest) -> HttpResponse:
        """The inner transport's answer, or a fault in its place.

        `lost_answer` and `slow_body` let the inner transport act first.
        """
        if self._closed:
            raise ClientClosedError("the flaky transport is closed")
        body = request.body
        if body.in_memory:
            content = _digest(body)
        else:
            content = await asyncio.to_thread(_digest, body)
        self._sent[content] += 1
        fault = self._flaky.decide(content, self._sent[content])
        if fault is None:
            return await self._inner.send(request)
        if fault not in NEEDS_AN_ANSWER:
            return await play(fault, request, self._clock)
        answer = await self._inner.send(request)
        if fault is Fault.LOST_ANSWER:
            return await play(fault, request, self._clock)
        await self._clock.sleep(request.timeout.read / 2)
        return answer

    async def aclose(self) -> None:
        """Close the inner transport, and refuse further requests."""
        self._closed = True
        await self._inner.aclose()


def _digest(body: Body) -> bytes:
    """What tells one body from another."""
    seen = hashlib.sha256()
    for block in body:
        seen.update(block)
    return seen.digest()
