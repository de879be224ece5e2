"""What goes over the wire, as plain values that know no persons."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Self

import attrs

from verifik_async.bodies import Body
from verifik_async.errors import ConfigurationError


@attrs.frozen(kw_only=True)
class Timeout:
    """How long to wait for the network, in seconds; no waiting for a slot counts.

    Attributes:
        connect: For DNS, connection, TLS and proxy together.
        write: For the network to take more of the body. On Linux a slow link which
            keeps moving never runs out of it; other systems don't tell what moves, and
            there it is for each block of 640 KiB.
        read: From the body's last byte to the answer, and between parts of it.
            Liveness and search are slow; a short limit makes unknown outcomes. On
            Linux it counts once that byte has left this machine.

    Raises:
        ConfigurationError: A limit is not a positive number.
    """

    connect: float = 10.0
    write: float = 30.0
    read: float = 60.0

    def __attrs_post_init__(self) -> None:
        for name in ("connect", "write", "read"):
            seconds = getattr(self, name)
            if isinstance(seconds, bool) or not isinstance(seconds, int | float):
                raise ConfigurationError(f"Timeout.{name} must be a number of seconds")
            if not 0 < seconds < float("inf"):
                raise ConfigurationError(f"Timeout.{name} must be above 0 and finite")


@attrs.frozen(kw_only=True)
class HttpRequest:
    """A request as a transport sees it.

    Attributes:
        method: `POST`.
        url: The whole address.
        headers: By name; `Authorization` among them, so they are hidden in repr.
        body: What to send.
        timeout: How long the transport may wait.
    """

    method: str
    url: str
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: Body
    timeout: Timeout = attrs.field(factory=Timeout)

    def with_header(self, name: str, value: str) -> Self:
        """The same request with one header more."""
        return type(self)(
            method=self.method,
            url=self.url,
            headers={**self.headers, name: value},
            body=self.body,
            timeout=self.timeout,
        )


def _lower_names(headers: Mapping[str, str]) -> Mapping[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _length(body: bytes) -> str:
    return f"<{len(body)} bytes>"


@attrs.frozen(kw_only=True)
class HttpResponse:
    """An answer as a transport gives it.

    Attributes:
        status: The HTTP status.
        headers: By lower-case name.
        body: The whole body, decompressed; its content is hidden in repr.
    """

    status: int
    headers: Mapping[str, str] = attrs.field(
        factory=dict[str, str], converter=_lower_names, repr=False
    )
    body: bytes = attrs.field(default=b"", repr=_length)

    @classmethod
    def of_json(
        cls, status: int, value: object, *, headers: Mapping[str, str] | None = None
    ) -> Self:
        """An answer whose body is `value` as JSON."""
        return cls(
            status=status,
            headers={"content-type": "application/json", **(headers or {})},
            body=json.dumps(value).encode(),
        )
