"""What requests can be made to meet, and what is armed.

| fault | stored | the caller gets |
|---|---|---|
| `lost_answer` | as the rules decide | a broken connection |
| `slow_body` | as the rules decide | the true answer, in drops |
| every other that a server can play | never | what `transports.faults.effect` says |

`reset_while_sending` is met on arrival: over HTTP the connection dies before the body
is read. A client that had handed over a small body by then can't know that, and calls
the outcome unknown; with megabytes it knows that they were not sent.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import attrs

from verifik_async.errors import ConfigurationError
from verifik_async.transports.faults import (
    BEFORE_THE_SERVER,
    NEEDS_AN_ANSWER,
    Fault,
    Flaky,
    effect,
)
from verifik_async.wire import HttpResponse

if TYPE_CHECKING:
    from verifik_async.errors import VerifikError

PLAYED = tuple(fault for fault in Fault if fault not in BEFORE_THE_SERVER)
"""The faults that a server can play."""

SLOW = 0.9
"""Seconds that a `slow_body` takes."""


@attrs.frozen(kw_only=True)
class Met:
    """The fault that one request meets.

    Attributes:
        fault: Which.
        retry_after: Seconds that `rate_limited` and `unavailable` tell.
    """

    fault: Fault
    retry_after: float = 1

    @property
    def acted_upon(self) -> bool:
        """Whether the rules decide all the same, and store."""
        return self.fault in NEEDS_AN_ANSWER

    @property
    def status(self) -> int | None:
        """The status of the answer that the fault makes, if it makes one."""
        happens = None if self.acted_upon else self.happens()
        return happens.status if isinstance(happens, HttpResponse) else None

    def happens(self) -> HttpResponse | VerifikError:
        """The fault's effect; an answer says that it was armed.

        Raises:
            ConfigurationError: It is `slow_body`, whose effect is the true answer.
        """
        made = effect(self.fault, retry_after=self.retry_after)
        if not isinstance(made, HttpResponse):
            return made
        basis = {"x-sandbox-basis": f"armed; {self.fault}"}
        return attrs.evolve(made, headers={**made.headers, **basis})


class FlakyMeetings:
    """Who meets a `Flaky`, by content and by how often each namespace sent it."""

    def __init__(self, flaky: Flaky, *, retry_after: float) -> None:
        for fault in flaky.faults:
            require_playable(fault)
        if Fault.RESET_WHILE_SENDING in flaky.faults:
            raise ConfigurationError(
                "a Flaky decides by the body, and reset_while_sending comes before it: "
                "arm it by itself, or use reset_while_waiting"
            )
        self._flaky = flaky
        self._retry_after = retry_after
        self._sent: Counter[tuple[str, bytes]] = Counter()

    def meet(self, namespace: str, content: bytes) -> Met | None:
        """What the next attempt of this namespace at sending `content` meets."""
        sent = namespace, content
        self._sent[sent] += 1
        fault = self._flaky.decide(content, self._sent[sent])
        return Met(fault=fault, retry_after=self._retry_after) if fault else None


@attrs.define(kw_only=True)
class _Armed:
    met: Met
    times: int
    namespace: str | None


class Queue:
    """Faults armed for requests to come; what is armed first is met first."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []
        self._flaky: dict[str | None, FlakyMeetings] = {}

    def put(self, met: Met, *, times: int, namespace: str | None) -> None:
        """Arm for the next `times` requests: of one namespace, or of any for None."""
        self._armed.append(_Armed(met=met, times=times, namespace=namespace))

    def put_flaky(self, meetings: FlakyMeetings, *, namespace: str | None) -> None:
        """Arm until `clear`, in place of what was put for the same namespace."""
        self._flaky[namespace] = meetings

    def clear(self) -> None:
        """Arm nothing any more."""
        self._armed.clear()
        self._flaky.clear()

    def take_on_arrival(self, namespace: str) -> Met | None:
        """`reset_while_sending`, if a request that begins meets it."""
        for armed in self._armed:
            if armed.namespace in (None, namespace):
                now = armed.met.fault is Fault.RESET_WHILE_SENDING
                return self._use(armed) if now else None
        return None

    def take(self, namespace: str) -> Met | None:
        """What a request that was read meets: too late for `reset_while_sending`."""
        for armed in self._armed:
            late = armed.met.fault is Fault.RESET_WHILE_SENDING
            if armed.namespace in (None, namespace) and not late:
                return self._use(armed)
        return None

    def flaky(self, namespace: str) -> FlakyMeetings | None:
        """What decides for requests that meet nothing else: a token's own first."""
        return self._flaky.get(namespace) or self._flaky.get(None)

    def pending(self) -> dict[str, int]:
        """How often each fault is still to be met; how many `Flaky` there are."""
        counts: Counter[str] = Counter()
        for armed in self._armed:
            counts[armed.met.fault.value] += armed.times
        if self._flaky:
            counts["flaky"] = len(self._flaky)
        return dict(counts)

    def _use(self, armed: _Armed) -> Met:
        armed.times -= 1
        if not armed.times:
            self._armed.remove(armed)
        return armed.met


def require_playable(name: str) -> Fault:
    """The fault of this name.

    Raises:
        ConfigurationError: There is none, or no server can play it.
    """
    if name in BEFORE_THE_SERVER:
        raise ConfigurationError(
            f"{Fault(name)} happens before any server is reached, so no sandbox can "
            "play it; ScriptedTransport and FlakyTransport can"
        )
    if name not in PLAYED:
        raise ConfigurationError(f"the fault must be one of {', '.join(PLAYED)}")
    return Fault(name)
