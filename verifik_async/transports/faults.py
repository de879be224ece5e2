"""What can go wrong on the way, as one vocabulary.

The same names are steps of a `ScriptedTransport`, error entries of a cassette, and
what a sandbox can be armed with. What each looks like on a real socket is played, and
held against this table, by the transport contract in `verifik_async.testing`.
"""

from __future__ import annotations

import enum
import hashlib
from typing import TYPE_CHECKING

import attrs

from verifik_async.errors import (
    ConfigurationError,
    ConnectError,
    ConnectionLostError,
    ConnectTimeoutError,
    ReadTimeoutError,
    TransportError,
    UnexpectedResponseError,
    VerifikError,
    WriteError,
)
from verifik_async.wire import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Mapping


class Fault(enum.StrEnum):
    """One thing that can go wrong with one request."""

    REFUSED = "refused"
    """Nobody listens."""

    DNS = "dns"
    """The host's name is unknown."""

    CONNECT_TIMEOUT = "connect_timeout"
    """No connection within `Timeout.connect`."""

    RESET_WHILE_SENDING = "reset_while_sending"
    """The connection dies before the body was handed over."""

    RESET_WHILE_WAITING = "reset_while_waiting"
    """The body was sent, and the connection dies."""

    READ_TIMEOUT = "read_timeout"
    """The body was sent, and no answer comes within `Timeout.read`."""

    GARBAGE_STATUS_LINE = "garbage_status_line"
    """The answer is no HTTP."""

    TRUNCATED_BODY = "truncated_body"
    """The answer ends before its Content-Length."""

    TRUNCATED_JSON = "truncated_json"
    """A 200 whose JSON ends in the middle, though its length is right."""

    HTML_502 = "html_502"
    """A gateway's page instead of an answer."""

    EMPTY_200 = "empty_200"
    """A 200 without a body."""

    HUGE_BODY = "huge_body"
    """An answer larger than a transport reads."""

    SLOW_BODY = "slow_body"
    """The true answer, but in drops."""

    LOST_ANSWER = "lost_answer"
    """The server acts on the request, and its answer is dropped."""

    INTERNAL_ERROR = "internal_error"
    """The reference's 500; nothing was stored."""

    RATE_LIMITED = "rate_limited"
    """429 with Retry-After."""

    UNAVAILABLE = "unavailable"
    """503 with Retry-After."""


BEFORE_THE_SERVER = frozenset({Fault.REFUSED, Fault.DNS, Fault.CONNECT_TIMEOUT})
"""Faults that no server can play, since none is reached."""

NEEDS_AN_ANSWER = frozenset({Fault.SLOW_BODY, Fault.LOST_ANSWER})
"""Faults of a request that a server answers."""

_JSON = {"content-type": "application/json"}
_RESPONSES: Mapping[Fault, HttpResponse] = {
    Fault.TRUNCATED_JSON: HttpResponse(
        status=200, headers=_JSON, body=b'{"id":"JQ4RM","data":{"_id":"65175d'
    ),
    Fault.HTML_502: HttpResponse(
        status=502,
        headers={"content-type": "text/html"},
        body=b"<html><body><h1>502 Bad Gateway</h1></body></html>",
    ),
    Fault.EMPTY_200: HttpResponse(status=200),
    Fault.INTERNAL_ERROR: HttpResponse.of_json(
        500, {"message": "internal_error", "code": "ERROR"}
    ),
    Fault.RATE_LIMITED: HttpResponse.of_json(
        429, {"message": "too_many_requests", "code": "TooManyRequests"}
    ),
    Fault.UNAVAILABLE: HttpResponse.of_json(
        503, {"message": "service_unavailable", "code": "ERROR"}
    ),
}
_ERRORS: Mapping[Fault, type[TransportError]] = {
    Fault.REFUSED: ConnectError,
    Fault.DNS: ConnectError,
    Fault.CONNECT_TIMEOUT: ConnectTimeoutError,
    Fault.RESET_WHILE_SENDING: WriteError,
    Fault.RESET_WHILE_WAITING: ConnectionLostError,
    Fault.READ_TIMEOUT: ReadTimeoutError,
    Fault.GARBAGE_STATUS_LINE: ConnectionLostError,
    Fault.TRUNCATED_BODY: ConnectionLostError,
    Fault.LOST_ANSWER: ConnectionLostError,
}

RAW_ANSWERS: Mapping[Fault, bytes] = {
    Fault.GARBAGE_STATUS_LINE: b"HTTP/9.9 banana\r\n\r\n",
    Fault.TRUNCATED_BODY: (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        b'Content-Length: 999\r\n\r\n{"data"'
    ),
}
"""What a server sends, before it closes the connection, for answers that are none."""


def effect(fault: Fault, *, retry_after: float = 1) -> HttpResponse | VerifikError:
    """What a transport makes of `fault`: an answer, or the error that it raises.

    Args:
        fault: Any but `slow_body`, whose effect is the true answer, later.
        retry_after: Seconds that `rate_limited` and `unavailable` tell.

    Raises:
        ConfigurationError: `fault` is `slow_body`.
    """
    if fault is Fault.SLOW_BODY:
        raise ConfigurationError("slow_body needs an answer to be slow with")
    if fault is Fault.HUGE_BODY:
        return UnexpectedResponseError(status=200, problems=["too many bytes @ $"])
    if fault in _ERRORS:
        return _ERRORS[fault](f"{fault}, as scripted")
    response = _RESPONSES[fault]
    if fault in (Fault.RATE_LIMITED, Fault.UNAVAILABLE):
        headers = {**response.headers, "retry-after": f"{retry_after:g}"}
        return attrs.evolve(response, headers=headers)
    return response


def waits(fault: Fault, *, connect: float, read: float) -> float:
    """Seconds that pass until the effect shows, given a request's timeouts."""
    return {Fault.CONNECT_TIMEOUT: connect, Fault.READ_TIMEOUT: read}.get(fault, 0.0)


@attrs.frozen(kw_only=True)
class Flaky:
    """Faults with a probability, the same ones in every run.

    Whether a request fails depends on the seed, its content and how often it was sent,
    and on nothing else: not on the order in which parallel calls arrive.

    Attributes:
        probability: Share of requests that fail, 0 to 1.
        faults: One of these, chosen likewise.
        seed: Another seed fails other requests.

    Raises:
        ConfigurationError: The probability is out of range, or there is no fault.
    """

    probability: float
    faults: tuple[Fault, ...] = (Fault.RESET_WHILE_WAITING,)
    seed: int = 0

    def __attrs_post_init__(self) -> None:
        if not 0 <= self.probability <= 1:
            raise ConfigurationError("Flaky.probability must be between 0 and 1")
        if not self.faults:
            raise ConfigurationError("Flaky.faults must not be empty")

    def decide(self, content: bytes, attempt: int) -> Fault | None:
        """The fault that this attempt at sending `content` meets.

        Args:
            content: What tells requests apart, such as a digest of the body.
            attempt: How often this content has been sent, from 1.
        """
        key = b"%d/%d/" % (self.seed, attempt) + content
        number = int.from_bytes(hashlib.blake2b(key, digest_size=16).digest())
        chance, choice = number & (2**64 - 1), number >> 64
        if chance >= self.probability * 2**64:
            return None
        return self.faults[choice % len(self.faults)]
