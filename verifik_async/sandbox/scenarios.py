"""What requests can be made to meet, and the queue of what is armed."""

from __future__ import annotations

import enum

import attrs

from verifik_async.errors import ConfigurationError
from verifik_async.sandbox.rules import Reply, replies


class Scenario(enum.StrEnum):
    """What a request can be made to meet, whatever it holds."""

    INTERNAL_ERROR = "internal_error"
    """500, and nothing is stored."""

    LOST_ANSWER = "lost_answer"
    """The request is acted upon, and its answer dropped."""

    RATE_LIMITED = "rate_limited"
    """429 with Retry-After, and nothing is stored."""

    UNAVAILABLE = "unavailable"
    """503 with Retry-After, and nothing is stored."""


ALL_SCENARIOS = ", ".join(Scenario)


@attrs.frozen(kw_only=True)
class Met:
    """The scenario that one request meets.

    Attributes:
        scenario: Which.
        retry_after: Seconds that `rate_limited` and `unavailable` tell.
    """

    scenario: Scenario
    retry_after: int = 1

    def reply(self) -> Reply | None:
        """The reply in place of the rules' own, if there is one."""
        match self.scenario:
            case Scenario.INTERNAL_ERROR:
                return replies.internal_error()
            case Scenario.RATE_LIMITED:
                return replies.rate_limited(self.retry_after)
            case Scenario.UNAVAILABLE:
                return replies.unavailable(self.retry_after)
            case Scenario.LOST_ANSWER:
                return None


@attrs.define(kw_only=True)
class _Armed:
    met: Met
    times: int
    namespace: str | None


class Queue:
    """Scenarios armed for requests to come; what is armed first is met first."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []

    def put(self, met: Met, *, times: int, namespace: str | None) -> None:
        """Arm for the next `times` requests: of one namespace, or of any for None.

        Raises:
            ConfigurationError: `times` is below 1, or `retry_after` below 0.
        """
        if times < 1 or met.retry_after < 0:
            raise ConfigurationError("times must be 1 or more, retry_after 0 or more")
        self._armed.append(_Armed(met=met, times=times, namespace=namespace))

    def take(self, namespace: str) -> Met | None:
        """What a request of this namespace meets."""
        for armed in self._armed:
            if armed.namespace in (None, namespace):
                armed.times -= 1
                if not armed.times:
                    self._armed.remove(armed)
                return armed.met
        return None

    def pending(self) -> dict[str, int]:
        """How often each scenario is still to be met."""
        counts: dict[str, int] = {}
        for armed in self._armed:
            name = armed.met.scenario.value
            counts[name] = counts.get(name, 0) + armed.times
        return counts


def named(name: str) -> Scenario | None:
    """The scenario of this name, if there is one."""
    return Scenario(name) if name in Scenario.__members__.values() else None
