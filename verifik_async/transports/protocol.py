"""What a transport is: one method that carries, one that frees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from verifik_async.wire import HttpRequest, HttpResponse


class Transport(Protocol):
    """Carries one request at a time for each task, and any number side by side.

    Wrapping a transport in another is the way to add behaviour (recording, fault
    injection, metrics); there is no second mechanism.
    """

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Carry the request and give the answer, whatever its status.

        Redirects are not followed, nothing is sent twice, and `request.timeout`
        is kept. The body may be read more than once, as by a transport around this
        one that records.

        Raises:
            InvalidRequestError: An image changed since it was checked. Not sent.
            ConfigurationError: The request must not go this way, such as plain
                HTTP to another machine. Not sent.
            TransportError: There is no readable answer. Its class says whether the
                whole body had been handed over (`outcome` `UNKNOWN`) or not
                (`NOT_SENT`); in doubt it is `UNKNOWN`. A yes or an answer of 5xx that
                comes before is a `WriteError`; any other early answer is given as such.
            UnexpectedResponseError: The answer is too large to be read.
        """
        ...

    async def aclose(self) -> None:
        """Free what the transport holds. May be called again."""
        ...
