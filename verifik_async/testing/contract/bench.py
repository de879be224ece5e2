"""Where a transport is tried: it, an address, and maybe the server there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import attrs

from verifik_async.errors import VerifikError
from verifik_async.testing.contract.running import BrokenRuleError, require
from verifik_async.testing.contract.samples import sample_request
from verifik_async.testing.misbehaving_server import MisbehavingServer
from verifik_async.transports.protocol import Transport
from verifik_async.wire import HttpRequest, HttpResponse, Timeout

if TYPE_CHECKING:
    from verifik_async.images import FaceImage


_NO_JSON = object()


@attrs.frozen(kw_only=True)
class Bench:
    """A transport under test, and where it is to send requests.

    Attributes:
        transport: It.
        url: The base URL.
    """

    transport: Transport
    url: str

    def request(
        self,
        number: int = 0,
        *,
        image: FaceImage | None = None,
        timeout: Timeout | None = None,
    ) -> HttpRequest:
        """A request for this bench; see `sample_request`."""
        return sample_request(self.url, number, image=image, timeout=timeout)

    def same_body(self, got: HttpResponse, expected: HttpResponse) -> bool:
        """Whether the bodies are alike: of a script, JSON counts by its value."""
        return got.body == expected.body or _json(got) == _json(expected) != _NO_JSON

    async def end_of(self, request: HttpRequest) -> HttpResponse | VerifikError:
        """The answer, or the error.

        Raises:
            BrokenRuleError: The error is none of ours.
        """
        try:
            return await self.transport.send(request)
        except VerifikError as error:
            return error
        except Exception as error:
            name = f"{type(error).__module__}.{type(error).__qualname__}"
            raise BrokenRuleError(f"send() raised {name}, no VerifikError") from error

    async def answer_to(self, request: HttpRequest | None = None) -> HttpResponse:
        """The answer, which must come."""
        end = await self.end_of(request or self.request())
        if isinstance(end, VerifikError):
            raise BrokenRuleError(f"send() raised {described(end)}, gave no answer")
        return end

    async def error_of(self, request: HttpRequest | None = None) -> VerifikError:
        """The error, which must come."""
        end = await self.end_of(request or self.request())
        if isinstance(end, HttpResponse):
            raise BrokenRuleError(f"send() gave an answer with status {end.status}")
        return end


def _json(response: HttpResponse) -> object:
    try:
        return json.loads(response.body)
    except ValueError:
        return _NO_JSON


def described(error: VerifikError) -> str:
    """An error's class and outcome."""
    return f"{type(error).__name__} ({error.outcome})"


def expect(error: VerifikError, *kinds: type[VerifikError]) -> None:
    """Go on only if `error` is one of these, and its outcome that of its kind."""
    names = " or ".join(f"{kind.__name__} ({kind.outcome})" for kind in kinds)
    fits = any(isinstance(error, k) and error.outcome is k.outcome for k in kinds)
    require(fits, f"send() raised {described(error)}, not {names}")


@attrs.frozen(kw_only=True)
class Served(Bench):
    """A bench with a server.

    Attributes:
        server: At `url`.
    """

    server: MisbehavingServer

    def same_body(self, got: HttpResponse, expected: HttpResponse) -> bool:
        """Whether the bodies are alike, byte by byte."""
        return got.body == expected.body

    def require_arrivals(self, count: int) -> None:
        """Go on only if so many requests have come."""
        came = len(self.server.exchanges)
        require(came == count, f"{came} requests reached the server, not {count}")
