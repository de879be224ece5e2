"""An event loop of the plugin's own, for what needs the network.

A server, or connections to one, must be opened and closed in one loop. The test's
belongs to pytest-asyncio, to anyio, or to an `asyncio.run` inside the test; none of
them is there for a fixture that is no coroutine. So they live in a thread.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, TypeVar

from verifik_async.errors import ClientClosedError

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from verifik_async.transports.protocol import Transport
    from verifik_async.wire import HttpRequest, HttpResponse

Value = TypeVar("Value")


class LoopThread:
    """A thread with an event loop in it, until `close`."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self.loop.run_forever, name="verifik-fixtures", daemon=True
        )
        self._thread.start()

    def run(self, coroutine: Coroutine[object, object, Value]) -> Value:
        """Run it there, and wait for what it gives."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    def close(self) -> None:
        """End what is still running there, then the loop, then the thread."""
        self.run(_wind_up())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


async def _wind_up() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    loop = asyncio.get_running_loop()
    await loop.shutdown_asyncgens()
    await loop.shutdown_default_executor()


class ElsewhereTransport:
    """Carries requests in another loop than the caller's.

    So a test may use it from any loop, or from several one after another, and its
    connections are closed when its fixture ends.
    """

    def __init__(self, inner: Transport, thread: LoopThread) -> None:
        self._inner = inner
        self._thread = thread
        self._closed = False

    async def send(self, request: HttpRequest) -> HttpResponse:
        """The inner transport's answer; cancelling the caller cancels it there."""
        if self._closed:
            raise ClientClosedError("the transport is closed")
        under_way = asyncio.run_coroutine_threadsafe(
            self._inner.send(request), self._thread.loop
        )
        return await asyncio.wrap_future(under_way)

    async def aclose(self) -> None:
        """Close the inner transport, in its own loop."""
        self._closed = True
        closing = asyncio.run_coroutine_threadsafe(
            self._inner.aclose(), self._thread.loop
        )
        await asyncio.wrap_future(closing)

    def close(self) -> None:
        """As `aclose`, for who has no loop."""
        self._closed = True
        self._thread.run(self._inner.aclose())
