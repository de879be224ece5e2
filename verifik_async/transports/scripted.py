"""A transport that answers from a list and remembers what it was asked."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from verifik_async.errors import ClientClosedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from verifik_async.wire import HttpRequest, HttpResponse


class ScriptExhaustedError(AssertionError):
    """More requests came than the script has answers.

    An `AssertionError`, so that no retry hides it.
    """


class ScriptedTransport:
    """Answers requests in turn: for tests, without network, credits or faces.

    Each step is an answer, or an error to raise:

        transport = ScriptedTransport(
            [ConnectError("refused"), HttpResponse.of_json(200, {"data": …})]
        )
        client = VerifikClient("token", transport=transport)

    Attributes:
        requests: What was asked, in order; `request.body.read()` gives the JSON.
    """

    def __init__(self, steps: Iterable[HttpResponse | BaseException]) -> None:
        self._steps = deque(steps)
        self._closed = False
        self.requests: list[HttpRequest] = []

    @property
    def remaining(self) -> int:
        """Steps that no request has taken yet."""
        return len(self._steps)

    async def send(self, request: HttpRequest) -> HttpResponse:
        """The next step; the body is read as it would be sent.

        Raises:
            ScriptExhaustedError: There is no step left.
            BaseException: The step is this error.
        """
        if self._closed:
            raise ClientClosedError("the scripted transport is closed")
        for _ in request.body:
            pass
        self.requests.append(request)
        if not self._steps:
            raise ScriptExhaustedError(
                f"request {len(self.requests)} came after the script's last step"
            )
        step = self._steps.popleft()
        if isinstance(step, BaseException):
            raise step
        return step

    async def aclose(self) -> None:
        """Refuse further requests."""
        self._closed = True
