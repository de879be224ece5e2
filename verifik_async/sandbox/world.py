"""The sandbox's memory: who is enrolled, what is armed, what was asked."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter, deque
from typing import TYPE_CHECKING

import attrs

from verifik_async.errors import ConfigurationError
from verifik_async.sandbox.people import Namespace, namespace_of
from verifik_async.sandbox.rules import (
    Call,
    Reply,
    Settings,
    admit,
    read,
    replies,
    settle,
)
from verifik_async.sandbox.scenarios import ALL_SCENARIOS, Met, Queue, Scenario, named

if TYPE_CHECKING:
    from collections.abc import Callable

    from verifik_async.sandbox.rules import PersonRecord, Submission

READ_IN_A_THREAD_ABOVE = 256 * 1024
"""Reading a body of this size takes about a millisecond; larger ones leave the loop."""

SEEN_KEPT = 256
"""Requests that are remembered, without personal data."""

PEOPLE_SHOWN = 1000
"""People listed by `World.state`."""


@attrs.frozen(kw_only=True)
class Seen:
    """A request that was answered: no token, no name, no image.

    Attributes:
        status: The answer's, also where it was lost on purpose.
        message: The answer's, where it is a refusal.
        body_size: Bytes of the request.
        scenario: What it was made to meet, if anything.
    """

    status: int
    message: str | None
    body_size: int
    scenario: Scenario | None


@attrs.frozen(kw_only=True)
class Answer:
    """What goes back to the caller.

    Attributes:
        reply: The answer that was decided.
        lost: The caller must not get it: the connection has to break instead.
    """

    reply: Reply
    lost: bool = False


@attrs.frozen(kw_only=True)
class _Visit:
    """A call between its arrival and its answer."""

    call: Call
    namespace: str = ""
    met: Met | None = None
    reply: Reply | None = None


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class World:
    """Answers calls and remembers who is enrolled, apart for every bearer token.

    Each answer is decided against everything stored before it, and its change is
    stored in the same breath, so of twenty equal requests at once one creates the
    person and nineteen find the duplicate. Meant for one event loop at a time; it has
    no lock against other threads.

    Args:
        settings: How to behave.
        clock: What time it is, for `createdAt` and the like.

    Attributes:
        settings: As given.
        requests: How many have come.
        answers: How many of each status were decided.
        seen: The latest requests.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        clock: Callable[[], dt.datetime] = _now,
    ) -> None:
        self.settings = settings or Settings()
        self.requests = 0
        self.answers: Counter[int] = Counter()
        self.seen: deque[Seen] = deque(maxlen=SEEN_KEPT)
        self._clock = clock
        self._namespaces: dict[str, Namespace] = {}
        self._armed = Queue()

    def arm(
        self,
        scenario: Scenario | str,
        *,
        times: int = 1,
        token: str | None = None,
        retry_after: int = 1,
    ) -> None:
        """Make the next requests meet `scenario`; what is armed first is met first.

        Requests refused for their route, method or token use nothing up.

        Args:
            scenario: One of `Scenario`.
            times: How many requests meet it.
            token: Only requests with this bearer token; None for all.
            retry_after: Seconds that `rate_limited` and `unavailable` tell.

        Raises:
            ConfigurationError: There is no such scenario, or a number is too small.
        """
        known = named(scenario)
        if known is None:
            raise ConfigurationError(f"the scenario must be one of {ALL_SCENARIOS}")
        namespace = None if token is None else namespace_of(token)
        met = Met(scenario=known, retry_after=retry_after)
        self._armed.put(met, times=times, namespace=namespace)

    def people(self, token: str | None = None) -> tuple[PersonRecord, ...]:
        """Everybody enrolled with this token, oldest first; with any, for None."""
        if token is None:
            spaces = list(self._namespaces.values())
        else:
            found = self._namespaces.get(namespace_of(token))
            spaces = [found] if found else []
        return tuple(person for space in spaces for person in space.everybody())

    def state(self) -> dict[str, object]:
        """Counts and digests as JSON values, without personal data or tokens."""
        people = self.people()
        return {
            "requests": self.requests,
            "answers": {str(status): n for status, n in sorted(self.answers.items())},
            "armed": self._armed.pending(),
            "tokens": len(self._namespaces),
            "people": len(people),
            "listed": [_shown(person) for person in people[:PEOPLE_SHOWN]],
            "seen": [attrs.asdict(seen) for seen in self.seen],
        }

    async def answer(self, call: Call) -> Answer:
        """Answer a call; a large body is read in a thread."""
        visit = self._receive(call)
        if visit.reply is not None:
            return self._finish(visit, visit.reply)
        if len(call.body) > READ_IN_A_THREAD_ABOVE:
            found = await asyncio.to_thread(read, call, settings=self.settings)
        else:
            found = read(call, settings=self.settings)
        return self._finish(visit, found)

    def _receive(self, call: Call) -> _Visit:
        """What can be said on arrival; armed scenarios are met in this order."""
        self.requests += 1
        token = admit(call)
        if isinstance(token, Reply):
            return _Visit(call=call, reply=token)
        namespace = namespace_of(token)
        wanted = call.headers.get("x-sandbox-scenario")
        if wanted is None:
            met = self._armed.take(namespace)
        else:
            scenario = named(wanted)
            if scenario is None:
                problem = f"X-Sandbox-Scenario must be one of {ALL_SCENARIOS}"
                return _Visit(call=call, reply=replies.bad_request(problem))
            met = Met(scenario=scenario)
        reply = met.reply() if met else None
        return _Visit(call=call, namespace=namespace, met=met, reply=reply)

    def _finish(self, visit: _Visit, found: Submission | Reply) -> Answer:
        """Decide and store: no await in here, so nobody slips in between."""
        reply = (
            found if isinstance(found, Reply) else self._settle(visit.namespace, found)
        )
        message = reply.json.get("message")
        scenario = visit.met.scenario if visit.met else None
        self.answers[reply.status] += 1
        self.seen.append(
            Seen(
                status=reply.status,
                message=message if isinstance(message, str) else None,
                body_size=len(visit.call.body),
                scenario=scenario,
            )
        )
        return Answer(reply=reply, lost=scenario is Scenario.LOST_ANSWER)

    def _settle(self, name: str, submission: Submission) -> Reply:
        space = self._namespaces.get(name)
        if space is None:
            space = Namespace(name, seed=self.settings.seed)
            self._namespaces[name] = space
        decision = settle(
            submission, people=space, settings=self.settings, now=self._clock()
        )
        if decision.change is not None:
            space.put(decision.change)
        return decision.reply


def _shown(person: PersonRecord) -> dict[str, object]:
    return {
        "id": person.id,
        "collections": list(person.collections),
        "images": list(person.images),
    }
