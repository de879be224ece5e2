"""The sandbox's memory: who is enrolled, what is armed, what was asked."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
from collections import Counter, deque
from typing import TYPE_CHECKING

import attrs

from verifik_async.errors import ConfigurationError
from verifik_async.sandbox.answers import Answer, Seen
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
from verifik_async.sandbox.scenarios import (
    PLAYED,
    FlakyMeetings,
    Met,
    Queue,
    require_playable,
)
from verifik_async.transports.faults import Fault, Flaky

if TYPE_CHECKING:
    from collections.abc import Callable

    from verifik_async.sandbox.rules import PersonRecord, Submission

READ_IN_A_THREAD_ABOVE = 256 * 1024
"""Reading a body of this size takes about a millisecond; larger ones leave the loop."""

SEEN_KEPT = 256
"""Requests that are remembered, without personal data."""

PEOPLE_SHOWN = 1000
"""People listed by `World.state`."""

_HEADER = "x-sandbox-scenario"


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
        fault: Fault | Flaky | str,
        *,
        times: int = 1,
        token: str | None = None,
        retry_after: float = 1,
    ) -> None:
        """Make requests meet `fault`; what is armed first is met first.

        `lost_answer` and `slow_body` store what the request asks for; no other does.
        A `Flaky` decides for requests that meet nothing else, by body and by how
        often its token sent that body since; it stays until `disarm`, or until
        another is armed for the same token. Requests refused for their route, method
        or token use nothing up.

        Args:
            fault: A `Fault` or its name, or a `Flaky`.
            times: How many requests meet it; a `Flaky` knows no number.
            token: Only requests with this bearer token; None for all.
            retry_after: Seconds that `rate_limited` and `unavailable` tell.

        Raises:
            ConfigurationError: There is no such fault, no server can play it, a
                number makes no sense, or a `Flaky` has `reset_while_sending`, which
                comes before the body by which it decides.
        """
        if times < 1 or not 0 <= retry_after < float("inf"):
            raise ConfigurationError("times must be 1 or more, retry_after 0 or more")
        namespace = None if token is None else namespace_of(token)
        if isinstance(fault, Flaky):
            if times != 1:
                raise ConfigurationError("a Flaky stays armed: it takes no times")
            meetings = FlakyMeetings(fault, retry_after=retry_after)
            self._armed.put_flaky(meetings, namespace=namespace)
            return
        met = Met(fault=require_playable(fault), retry_after=retry_after)
        self._armed.put(met, times=times, namespace=namespace)

    def disarm(self) -> None:
        """Arm nothing any more, for any token."""
        self._armed.clear()

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

    def cuts_off(self, head: Call) -> Met | None:
        """`reset_while_sending`, if the request that begins so is to meet it.

        A door asks before it reads the body, and then answers nothing.
        """
        token = admit(head)
        if isinstance(token, Reply):
            return None
        wanted = head.headers.get(_HEADER)
        if wanted is None:
            met = self._armed.take_on_arrival(namespace_of(token))
        else:
            now = wanted == Fault.RESET_WHILE_SENDING
            met = Met(fault=Fault.RESET_WHILE_SENDING) if now else None
        if met is not None:
            self.requests += 1
            self._finish(head, None, met)
        return met

    async def answer(self, call: Call) -> Answer:
        """Answer a call; a large body is read in a thread."""
        self.requests += 1
        token = admit(call)
        if isinstance(token, Reply):
            return self._finish(call, token)
        namespace = namespace_of(token)
        met = await self._meet(call, namespace)
        if isinstance(met, Reply):
            return self._finish(call, met)
        if met is not None and not met.acted_upon:
            return self._finish(call, None, met)
        if len(call.body) > READ_IN_A_THREAD_ABOVE:
            found = await asyncio.to_thread(read, call, settings=self.settings)
        else:
            found = read(call, settings=self.settings)
        # decided and stored with no await between, so nobody slips in
        reply = found if isinstance(found, Reply) else self._settle(namespace, found)
        return self._finish(call, reply, met)

    async def _meet(self, call: Call, namespace: str) -> Met | Reply | None:
        """The fault that a whole request meets, or the refusal of its wish."""
        wanted = call.headers.get(_HEADER)
        if wanted is not None:
            if wanted in PLAYED:
                return Met(fault=Fault(wanted))
            problem = f"X-Sandbox-Scenario must be one of {', '.join(PLAYED)}"
            return replies.bad_request(problem)
        met = self._armed.take(namespace)
        meetings = self._armed.flaky(namespace)
        if met is not None or meetings is None:
            return met
        if len(call.body) > READ_IN_A_THREAD_ABOVE:
            return meetings.meet(namespace, await asyncio.to_thread(_digest, call.body))
        return meetings.meet(namespace, _digest(call.body))

    def _finish(
        self, call: Call, reply: Reply | None, met: Met | None = None
    ) -> Answer:
        """Count and remember what the caller gets."""
        made = reply or met  # of both the caller gets the reply
        status = made.status if made else None
        if status is not None:
            self.answers[status] += 1
        message = reply.json.get("message") if reply else None
        seen = Seen(
            status=status,
            message=message if isinstance(message, str) else None,
            body_size=len(call.body),
            fault=met.fault if met else None,
        )
        self.seen.append(seen)
        return Answer(reply=reply, met=met)

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


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()


def _shown(person: PersonRecord) -> dict[str, object]:
    return {
        "id": person.id,
        "collections": list(person.collections),
        "images": list(person.images),
    }
