"""A server that throws bodies away and answers each with the same person.

`python -m benchmarks.sink [SECONDS]` prints its port, answers after that delay, and
ends when its standard input does, so also when whoever started it is gone.

It must cost less than any client, so it knows only what they send: HTTP/1.1 that is
kept alive, Content-Length, one request after the other on a connection. Bodies are
received into one buffer and never kept.
"""

from __future__ import annotations

import collections
import contextlib
import os
import re
import select
import signal
import socket
import sys
import time

from verifik_async.testing.documented import DOCUMENTED

_STDIN, _STDOUT = 0, 1
_AT_A_TIME = 256 * 1024
_BACKLOG = 1024
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_HEAD_END = b"\r\n\r\n"
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(DOCUMENTED.body), DOCUMENTED.body)
)


class _Reader:
    """Tells when a connection's request is complete."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._head = b""
        self._left = 0

    def takes(self, buffer: bytearray, received: int) -> bool:
        """Take what has come; whether that ends the request."""
        if not self._left:
            self._head += buffer[:received]
            end = self._head.find(_HEAD_END)
            if end < 0:
                return False
            length = _LENGTH.search(self._head, 0, end)
            self._left = int(length[1]) if length else 0
            received = len(self._head) - end - len(_HEAD_END)
            self._head = b""
        self._left -= received
        if self._left < 0:
            raise ValueError("a request came before the last was answered")
        return not self._left


class Sink:
    """One thread and one poll over all connections."""

    def __init__(self, delay: float = 0.0) -> None:
        self._delay = delay
        self._late: collections.deque[tuple[float, int]] = collections.deque()
        self._readers: dict[int, _Reader] = {}
        self._buffer = bytearray(_AT_A_TIME)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)
        self._listener.settimeout(0)
        self.port = int(self._listener.getsockname()[1])

    def serve(self) -> None:
        """Answer until standard input ends."""
        poll = select.epoll()
        poll.register(self._listener, select.EPOLLIN)
        poll.register(_STDIN, select.EPOLLIN | select.EPOLLHUP)
        while True:
            for number, _ in poll.poll(self._patience()):
                if number in self._readers:
                    self._receive(number)
                elif number == _STDIN:
                    return
                else:
                    self._accept(poll)
            self._answer_late()

    def _patience(self) -> float | None:
        if not self._late:
            return None
        return max(0.0, self._late[0][0] - time.monotonic())

    def _accept(self, poll: select.epoll) -> None:
        connection, _ = self._listener.accept()
        connection.settimeout(0)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._readers[connection.fileno()] = _Reader(connection)
        poll.register(connection, select.EPOLLIN)

    def _receive(self, number: int) -> None:
        reader = self._readers[number]
        try:
            received = reader.connection.recv_into(self._buffer)
        except OSError:
            received = 0  # the client has dropped it
        if not received:
            del self._readers[number]
            reader.connection.close()
        elif reader.takes(self._buffer, received):
            if self._delay:
                self._late.append((time.monotonic() + self._delay, number))
            else:
                reader.connection.send(ANSWER)

    def _answer_late(self) -> None:
        now = time.monotonic() if self._late else 0.0
        while self._late and self._late[0][0] <= now:
            _, number = self._late.popleft()
            if number in self._readers:
                self._readers[number].connection.send(ANSWER)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends with its parent
    sink = Sink(float(sys.argv[1]) if sys.argv[1:] else 0.0)
    with contextlib.suppress(BrokenPipeError):  # there is none any more
        os.write(_STDOUT, b"%d\n" % sink.port)
    sink.serve()
