"""How far the network has come with what was handed to a connection.

Between a program and the wire stand buffers, which take megabytes at once and give
them out over minutes where a line is slow. So what was written last says little.
"""

from __future__ import annotations

import socket
import struct
import sys
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    import asyncio

_TCP_INFO: int | None = (
    getattr(socket, "TCP_INFO", None) if sys.platform == "linux" else None
)
_FIELDS = struct.Struct("=44x I 8x I 60x Q")
"""Of `struct tcp_info` in linux/tcp.h: `tcpi_last_data_sent` and `tcpi_last_ack_recv`,
both in milliseconds from now, and `tcpi_bytes_acked`."""


@attrs.frozen
class Delivery:
    """Where a connection stands.

    Attributes:
        taken: Bytes that the other side has taken, ever.
        rest: Seconds since it was last sent some, or acknowledged some, whichever is
            longer ago: a network that is gone acknowledges nothing, and one that takes
            nothing is sent nothing but questions.
    """

    taken: int
    rest: float


def delivery_by(transport: asyncio.BaseTransport) -> Delivery | None:
    """What the system knows of it; None where it tells nothing. Only Linux does."""
    sock = transport.get_extra_info("socket")
    if sock is None or _TCP_INFO is None:
        return None
    try:
        told = sock.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, _FIELDS.size)
        sent, acknowledged, taken = _FIELDS.unpack(told)
    except (OSError, struct.error):  # closed meanwhile, no TCP, or an old system
        return None
    return Delivery(taken, max(sent, acknowledged) / 1000)
