"""Answers and faults written by hand, as a client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from verifik_async.transports.scripted import (
    ScriptedTransport,
    ScriptExhaustedError,
    Step,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from verifik_async.client import VerifikClient
    from verifik_async.clock import Clock
    from verifik_async.retry import RetryPolicy
    from verifik_async.testing.plugin.case import Case
    from verifik_async.wire import HttpRequest, Timeout

_TOKEN = "verifik-script"  # noqa: S105 - nobody checks it


class ScriptUnusedError(AssertionError):
    """A test passed, and some steps of its script were not needed."""


class Script:
    """Makes clients whose requests are answered step by step.

        async def test_gives_up(verifik_script):
            client = verifik_script([Fault.REFUSED] * 3)
            with pytest.raises(ConnectError):
                await client.enroll(person)

    The steps are those of `ScriptedTransport`; they pass on the test's clock. A test
    fails if steps are left over, or if more requests came than there are steps.
    """

    def __init__(self, case: Case, clock: Clock) -> None:
        self._case = case
        self._clock = clock
        self._transports: list[ScriptedTransport] = []

    @property
    def requests(self) -> tuple[HttpRequest, ...]:
        """What was asked, client by client, each in order."""
        return tuple(
            request for transport in self._transports for request in transport.requests
        )

    def __call__(
        self,
        steps: Iterable[Step],
        *,
        retry: RetryPolicy | None = None,
        timeout: Timeout | None = None,
    ) -> VerifikClient:
        """A client with a script of its own.

        Raises:
            ConfigurationError: A step needs an answer; see `ScriptedTransport`.
        """
        transport = ScriptedTransport(steps, clock=self._clock)
        self._transports.append(transport)
        self._case.watch(_PlayedScript(transport, self._case.settings.unused))
        return self._case.client(
            self._case.lend(transport),
            token=_TOKEN,
            clock=self._clock,
            retry=retry,
            timeout=timeout,
        )


class _PlayedScript:
    """Watches a script."""

    def __init__(self, transport: ScriptedTransport, policy: str) -> None:
        self.policy = policy
        self._transport = transport
        self._steps = transport.remaining

    def swallowed(self) -> AssertionError | None:
        asked = len(self._transport.requests)
        if asked <= self._steps:
            return None
        return ScriptExhaustedError(
            f"{asked} requests came, and the script has {self._steps} steps"
        )

    def unused(self) -> AssertionError | None:
        left = self._transport.remaining
        if not left:
            return None
        return ScriptUnusedError(
            f"{left} of the script's {self._steps} steps were left over"
        )
