"""Long pauses, and fatal answers in the middle of all that waits: nobody is lost."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import Callable
from email.utils import format_datetime
from pathlib import Path

import attrs
import pytest
from batch_runs import HANG, Answer, Carrier, enrolled, in_order, refused, tasks_left
from journal_runs import items, run, states, without_thread

from verifik_async import (
    BatchEnroller,
    BatchOutcome,
    ConnectError,
    HttpResponse,
    OutcomeStatus,
    RateLimitedError,
    StopRules,
    VerifikClient,
)
from verifik_async.testing import VirtualClock

PERSONS = 40
WIDTH = 8
HOUR = 3600.0
FULL_WIDTH = StopRules(canary=None)


class Server:
    """Answers by the time on the clock; each answer takes some of it.

    Attributes:
        clock: The time.
        carrier: What the client sends with.
        came: When each request came.
        enrolled: How often each person was.
    """

    def __init__(
        self, answer: Callable[[Server, int], Answer | None], *, takes: float = 0.1
    ) -> None:
        self.clock = VirtualClock()
        self.carrier = Carrier(self._answer, wait=self._wait)
        self.client = VerifikClient("token", self.carrier, clock=self.clock)
        self.came: list[float] = []
        self.enrolled = Counter[int]()
        self._given = answer
        self._takes = takes

    async def _wait(self, _number: int) -> None:
        self.came.append(self.clock.monotonic())
        await self.clock.sleep(self._takes)

    def _answer(self, number: int) -> Answer:
        given = self._given(self, number)
        if given is not None:
            return given
        self.enrolled[number] += 1
        return enrolled(number)

    def tries(self, number: int) -> int:
        """Requests for this person."""
        return self.carrier.sent.count(number)


async def outcomes_of(enroller: BatchEnroller) -> list[BatchOutcome]:
    """A whole run."""
    async with asyncio.timeout(HANG), enroller:
        people = items(range(PERSONS))
        outcomes = [outcome async for outcome in enroller.enroll(people)]
    assert tasks_left() == []
    return in_order(outcomes)


def not_now(seconds: float, *, clock: VirtualClock | None = None) -> HttpResponse:
    """A 429 that says for how long, or, with a clock, until when."""
    said = f"{seconds:.0f}"
    if clock is not None:
        said = format_datetime(clock.now() + dt.timedelta(seconds=seconds), usegmt=True)
    return HttpResponse.of_json(
        429, {"message": "later"}, headers={"retry-after": said}
    )


@pytest.mark.parametrize("as_date", [False, True])
async def test_a_pause_longer_than_max_outage_leaves_everybody_pending(
    path: Path, monkeypatch: pytest.MonkeyPatch, *, as_date: bool
) -> None:
    """Nobody has failed, nobody asks twice, and the job goes on from there later."""
    without_thread(monkeypatch)
    server = Server(
        lambda server, _: not_now(HOUR, clock=server.clock if as_date else None)
    )
    enroller = BatchEnroller(
        server.client, concurrency=WIDTH, stop_rules=FULL_WIDTH, journal=path
    )
    outcomes = await outcomes_of(enroller)
    assert {outcome.status for outcome in outcomes} == {OutcomeStatus.NOT_ATTEMPTED}
    assert 1 <= len(server.carrier.sent) <= WIDTH
    assert server.clock.monotonic() < 1
    assert "longer than max_outage" in (enroller.report.stop_reason or "")
    assert isinstance(enroller.report.stop_error, RateLimitedError)
    met = [outcome for outcome in outcomes if outcome.error is not None]
    assert len(met) == len(server.carrier.sent)
    assert states(path) == {}
    ran = await run(path, items(range(PERSONS)))
    assert {one.status for one in ran["outcomes"]} == {OutcomeStatus.ENROLLED}


@pytest.mark.parametrize(
    ("pause", "rules"),
    [
        (100, StopRules()),
        (100, FULL_WIDTH),
        (HOUR, StopRules(max_outage=None)),
        (HOUR, StopRules(max_outage=2 * HOUR)),
    ],
)
async def test_a_pause_longer_than_max_wait_is_sat_through(
    pause: float, rules: StopRules
) -> None:
    """A service would get an error; of a batch nobody fails, and nobody asks on."""

    def answer(server: Server, _number: int) -> Answer | None:
        left = pause - server.clock.monotonic()
        return not_now(left) if left > 0.5 else None

    server = Server(answer)
    enroller = BatchEnroller(server.client, concurrency=WIDTH, stop_rules=rules)
    outcomes = await outcomes_of(enroller)
    assert {outcome.status for outcome in outcomes} == {OutcomeStatus.ENROLLED}
    assert server.enrolled == Counter(range(PERSONS))
    asked = sum(came < pause - 1 for came in server.came)
    assert 1 <= asked <= WIDTH
    assert sum(outcome.attempts for outcome in outcomes) == len(server.came)
    assert enroller.report.stop_reason is None


FATAL = {
    "401": refused(401, "Authentication required", "UNAUTHORIZED"),
    "403": refused(403, "forbidden", "FORBIDDEN"),
    "402": refused(402, "insufficient_credits"),
}


@attrs.frozen(kw_only=True)
class Crowd:
    """What holds people back when the fatal answer comes.

    Attributes:
        first: What every other person's first request is answered.
        takes: Seconds of an answer.
        rate: Requests a second.
    """

    first: Answer | None = None
    takes: float = 0.1
    rate: float | None = None


CROWDS = {
    "slow answers": Crowd(takes=1.5),
    "a rate": Crowd(rate=1),
    "a pause": Crowd(first=not_now(30)),
    "a long pause": Crowd(first=not_now(100)),
    "retries": Crowd(first=ConnectError("no")),
}


@pytest.mark.parametrize("crowd", CROWDS)
@pytest.mark.parametrize("fatal", FATAL)
@pytest.mark.parametrize("after", [0, 6])
async def test_a_fatal_answer_ends_the_run_whatever_others_wait_for(
    crowd: str,
    fatal: str,
    after: int,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No request more than were in flight, within two seconds; a new token goes on."""
    without_thread(monkeypatch)
    met: list[tuple[float, int]] = []  # when, and how many requests there were

    def answer(server: Server, number: int) -> Answer | None:
        first = CROWDS[crowd].first
        if first is not None and number % 2 and server.tries(number) == 1:
            return first
        if sum(server.enrolled.values()) < after:
            return None
        met.append((server.clock.monotonic(), len(server.carrier.sent)))
        return FATAL[fatal]

    server = Server(answer, takes=CROWDS[crowd].takes)
    enroller = BatchEnroller(
        server.client,
        concurrency=WIDTH,
        rate=CROWDS[crowd].rate,
        stop_rules=FULL_WIDTH,
        journal=path,
    )
    outcomes = await outcomes_of(enroller)
    when, sent = met[0]
    assert len(server.carrier.sent) == sent
    assert server.clock.monotonic() - when < 2
    found = Counter(outcome.status.value for outcome in outcomes)
    assert found == Counter({"enrolled": after, "not_attempted": PERSONS - after})
    assert set(states(path).values()) <= {"enrolled"}
    ran = await run(path, items(range(PERSONS)))
    again = Counter(outcome.status.value for outcome in ran["outcomes"])
    done = sum(server.enrolled.values())
    assert again == Counter({"enrolled": PERSONS - done, "skipped": done})
