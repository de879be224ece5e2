"""Addresses that no server is reached at."""

from __future__ import annotations

import contextlib
import select
import socket
from typing import TYPE_CHECKING

from verifik_async.errors import ConfigurationError
from verifik_async.transports.faults import BEFORE_THE_SERVER, Fault

if TYPE_CHECKING:
    from collections.abc import Generator

UNKNOWN_HOST = "no-such-host.invalid"
"""No name server knows it: RFC 6761 keeps `.invalid` free."""

_HOST = "127.0.0.1"
_SOON = 0.05
_KNOCKS = 4


class NotPlayableError(Exception):
    """This machine or network can't play the fault; the text says why."""


@contextlib.contextmanager
def dead_end(fault: Fault) -> Generator[str]:
    """A base URL where one of `BEFORE_THE_SERVER` happens.

        with dead_end(Fault.REFUSED) as url:
            ...

    Args:
        fault: `refused` and `connect_timeout` give a port of this machine, which is
            taken until the end, so that nobody else can listen there; `dns` gives
            `https://` and a name that does not exist.

    Raises:
        ConfigurationError: The fault needs a server: see `MisbehavingServer`.
        NotPlayableError: It can't be played here.
    """
    if fault not in BEFORE_THE_SERVER:
        raise ConfigurationError(f"{fault}: a server plays it; see MisbehavingServer")
    with contextlib.ExitStack() as held:
        if fault is Fault.DNS:
            yield _unknown()
        elif fault is Fault.REFUSED:
            yield _refusing(held)
        else:
            yield _never_accepting(held)


def _unknown() -> str:
    with contextlib.suppress(OSError):
        socket.getaddrinfo(UNKNOWN_HOST, 443)
        raise NotPlayableError("the network's name server knows even unknown hosts")
    return f"https://{UNKNOWN_HOST}"


def _refusing(held: contextlib.ExitStack) -> str:
    sock = held.enter_context(socket.socket())
    sock.bind((_HOST, 0))  # bound, so the port is ours; not listening, so it refuses
    return _url(sock)


def _never_accepting(held: contextlib.ExitStack) -> str:
    """A port whose queue is full: further connections get no reply at all."""
    listening = held.enter_context(socket.socket())
    listening.bind((_HOST, 0))
    listening.listen(0)
    for _ in range(_KNOCKS):
        if not _connects(held.enter_context(socket.socket()), listening):
            return _url(listening)
    raise NotPlayableError("this system takes connections beyond a full queue")


def _connects(knocking: socket.socket, listening: socket.socket) -> bool:
    knocking.settimeout(0)
    knocking.connect_ex(listening.getsockname())
    _, connected, _ = select.select([], [knocking], [], _SOON)
    return bool(connected)


def _url(sock: socket.socket) -> str:
    return "http://{}:{}".format(*sock.getsockname())
