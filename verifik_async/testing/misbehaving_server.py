"""A raw-socket server that misbehaves to order."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from typing import TYPE_CHECKING, Self

from verifik_async.errors import ConfigurationError
from verifik_async.testing.documented import DOCUMENTED
from verifik_async.testing.exchanges import AT_A_TIME, Behaviour, Exchange
from verifik_async.testing.socket_faults import Step, behaviour_of

if TYPE_CHECKING:
    from types import TracebackType

    from verifik_async.wire import HttpResponse

_BACKLOG = 1024
"""Connections that may knock at the same moment."""

_RECEIVE_BUFFER = 1 << 18
"""Kernel memory for one connection: small, so that a server which stops reading
stops the client soon."""


class MisbehavingServer:
    """Does to each request what it is told, on the loopback address.

        async with MisbehavingServer(Fault.RESET_WHILE_WAITING, answer) as server:
            ...  # server.url

    Each request takes the next step, in the order of arrival; the last step stands for
    all that follow. A step is an `HttpResponse`, a `Fault`, one of these `Late`, or an
    async function that is given the `Exchange` and does with it as it likes. No step
    at all is the reference's sample answer.

    Faults before the server (`refused`, `dns`, `connect_timeout`) are addresses
    instead: see `dead_end`. Its repr, and those of its exchanges, show no header and
    no body.

    Attributes:
        exchanges: The requests that came, in order.
        connections: How many connections were made.
        open_connections: How many of them are open.
    """

    def __init__(self, *steps: Step, answer: HttpResponse = DOCUMENTED) -> None:
        """Keep the steps; `async with` starts the server.

        Args:
            steps: What happens to the requests.
            answer: The true answer: without a step, and for `slow_body`.

        Raises:
            ConfigurationError: A step is a fault that no server can play.
        """
        self.exchanges: list[Exchange] = []
        self.connections = 0
        self.open_connections = 0
        self._steps = deque(
            behaviour_of(step, answer=answer) for step in steps or (answer,)
        )
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self._url = ""
        self._failure: Exception | None = None

    def __repr__(self) -> str:
        came = f"{len(self.exchanges)} requests, {self.connections} connections"
        return f"<MisbehavingServer {self._url or 'not started'}, {came}>"

    @property
    def url(self) -> str:
        """Where it listens: `http://127.0.0.1:…`.

        Raises:
            ConfigurationError: It has not been started.
        """
        if not self._url:
            raise ConfigurationError("start the server first: async with …")
        return self._url

    async def __aenter__(self) -> Self:
        sock = socket.create_server(("127.0.0.1", 0))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        self._url = "http://{}:{}".format(*sock.getsockname())
        self._server = await asyncio.start_server(
            self._connected, sock=sock, limit=AT_A_TIME, backlog=_BACKLOG
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop.

        Raises:
            Exception: A step of yours raised it, and nothing else went wrong.
        """
        if self._server is not None:
            self._server.close()
            for task in self._serving:
                task.cancel()
            await asyncio.gather(*self._serving, return_exceptions=True)
            await self._server.wait_closed()
        if error is None and self._failure is not None:
            raise self._failure

    def _connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        # A task of ours: about a handler that is cancelled Python 3.11 complains.
        task = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Serve one connection until either side closes it."""
        self.connections += 1
        self.open_connections += 1
        here: list[Exchange] = []
        try:
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                here.append(Exchange(reader, writer, head[:-4]))
                self.exchanges.append(here[-1])
                await self._next_step()(here[-1])
            await writer.wait_closed()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client left
        except Exception as error:  # noqa: BLE001 - from a step; raised at the end
            self._failure = self._failure or error
        finally:
            writer.transport.abort()  # not close: that waits for a client that reads
            self.open_connections -= 1
            for exchange in here:
                exchange.ended.set()

    def _next_step(self) -> Behaviour:
        return self._steps.popleft() if len(self._steps) > 1 else self._steps[0]
