"""Transports and clients for one test, given out and taken back without its loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from verifik_async.errors import ClientClosedError

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from verifik_async.transports.protocol import Transport
    from verifik_async.wire import HttpRequest, HttpResponse

Value = TypeVar("Value")


class Lent:
    """A transport that its borrowers can't close.

    A client closes its transport, and a test may make several of them. What has to
    happen at the end (has all been played? may the recording be written?) depends on
    how the test ends, and that no client knows.
    """

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self._returned = False

    async def send(self, request: HttpRequest) -> HttpResponse:
        """The inner transport's answer, as long as the test runs."""
        if self._returned:
            raise ClientClosedError("the test that this transport was for is over")
        return await self._inner.send(request)

    async def aclose(self) -> None:
        """Nothing: its owner closes it."""

    def take_back(self) -> None:
        """Refuse further requests."""
        self._returned = True


def finish(coroutine: Coroutine[object, object, Value]) -> Value:
    """Run what has nothing to wait for, without an event loop.

    Fixtures end outside of the test's loop, whichever plugin made it.

    Raises:
        RuntimeError: It had to wait after all.
    """
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: Value = done.value
        return result
    coroutine.close()
    raise RuntimeError("this can't end without an event loop")
