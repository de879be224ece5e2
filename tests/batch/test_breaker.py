"""The breaker: in an outage nobody is sent but a probe, until it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import attrs
import pytest
from batch_runs import HANG, error_of, tasks_left, turns

from verifik_async import (
    BatchOutcome,
    ConnectError,
    InvalidRequestError,
    NotFoundError,
    OutcomeStatus,
    OutcomeUnknownError,
    RateLimitedError,
    ReadTimeoutError,
    ServerError,
    VerifikError,
)
from verifik_async.batch.breaker import Breaker
from verifik_async.batch.outcomes import status_of
from verifik_async.batch.stops import Stop, StopRules
from verifik_async.batch.stops.outage import Outage
from verifik_async.testing import VirtualClock

ENROLLED = BatchOutcome(index=0, status=OutcomeStatus.ENROLLED)
BY_DEFAULT = StopRules()


def met(error: VerifikError) -> BatchOutcome:
    """The outcome of somebody who met this error."""
    return BatchOutcome(index=0, status=status_of(error), error=error)


LOST = met(ConnectError("by design"))


class Service:
    """Persons who are sent, one task each, and what they meet.

    Attributes:
        sent: When each was sent.
        turned_away: How many were not let through.
        stops: What the breaker said.
    """

    def __init__(self, rules: StopRules = BY_DEFAULT) -> None:
        self.clock = VirtualClock()
        self.breaker = Breaker(rules, clock=self.clock)
        self.answer: Callable[[], BatchOutcome] = lambda: LOST
        self.sent: list[float] = []
        self.turned_away = 0
        self.stops: list[Stop] = []

    async def send(self, *, takes: float = 0) -> None:
        """One person."""
        async with self.breaker.passage() as passage:
            if not passage.open:
                self.turned_away += 1
                return
            self.sent.append(self.clock.monotonic())
            if takes:
                await self.clock.sleep(takes)
            if stop := passage.ended(self.answer()):
                self.stops.append(stop)

    async def fail(self, count: int = 10, *, every: float = 0.5) -> None:
        """So many in a row."""
        for _ in range(count):
            await self.clock.sleep(every)
            await self.send()

    async def break_down(self) -> float:
        """Until the breaker is open; gives the time, and forgets who was sent."""
        await self.fail()
        assert self.outage().failures >= 10
        self.sent.clear()
        return self.clock.monotonic()

    def outage(self) -> Outage:
        """What is waited for."""
        outage = self.breaker.outage
        assert outage is not None
        return outage

    def wait(self, count: int = 1) -> list[asyncio.Task[None]]:
        """So many persons who have to wait."""
        return [asyncio.create_task(self.send(), name="person") for _ in range(count)]


async def gone(tasks: list[asyncio.Task[None]]) -> None:
    """All of them are done, by themselves or cancelled."""
    async with asyncio.timeout(HANG):
        await asyncio.gather(*tasks, return_exceptions=True)
    assert tasks_left() == []


async def test_ten_failures_over_two_seconds_are_an_outage() -> None:
    """Nine are none; the tenth is, and it is told what is waited for."""
    service = Service()
    await service.fail(9)
    assert service.breaker.outage is None
    await service.fail(1)
    outage = service.outage()
    assert outage.failures == 10
    assert outage.next_probe == 5
    assert outage.gives_up == 900
    assert str(outage) == "no usable answer for 0 s (ConnectError); next try in 5 s"


async def test_failures_within_two_seconds_are_a_hiccup() -> None:
    """A whole crew that fails at once may be one lost connection."""
    service = Service()
    await service.fail(40, every=0)
    assert service.breaker.outage is None
    await service.fail(1, every=2)
    assert service.outage().failures >= 10


async def test_requests_that_hung_together_are_an_outage_at_once() -> None:
    """The next crew would hang as long, and all of them would be unknown."""
    service = Service()
    hung = ReadTimeoutError("no answer")
    hung.elapsed = 60
    service.answer = lambda: met(hung)
    await service.fail(9, every=0)
    assert service.breaker.outage is None
    await service.fail(1, every=0)
    assert service.outage().failures == 10


REFUSED_AFTER_UNKNOWN = OutcomeUnknownError("sent before")
REFUSED_AFTER_UNKNOWN.__cause__ = NotFoundError(status=404)


@pytest.mark.parametrize(
    "answer",
    [ENROLLED, met(error_of(NotFoundError)), met(REFUSED_AFTER_UNKNOWN)],
    ids=["enrolled", "refused", "refused after an unknown attempt"],
)
async def test_any_answer_ends_the_count(answer: BatchOutcome) -> None:
    """A server that refuses works."""
    service = Service()
    await service.fail(9)
    service.answer = lambda: answer
    await service.send()
    service.answer = lambda: LOST
    await service.fail(9)
    assert service.breaker.outage is None


INVALID_AFTER_UNKNOWN = OutcomeUnknownError("sent before")
INVALID_AFTER_UNKNOWN.__cause__ = InvalidRequestError([])


@pytest.mark.parametrize(
    "nothing",
    [
        met(InvalidRequestError([])),
        met(INVALID_AFTER_UNKNOWN),
        BatchOutcome(index=0, status=OutcomeStatus.NOT_ATTEMPTED),
        BatchOutcome(index=0, status=OutcomeStatus.UNKNOWN),
    ],
    ids=["invalid", "invalid after unknown", "not attempted", "an earlier run's"],
)
async def test_what_was_not_sent_says_nothing(nothing: BatchOutcome) -> None:
    """It neither counts as a failure nor ends the count."""
    service = Service()
    await service.fail(9)
    service.answer = lambda: nothing
    await service.fail(20)
    assert service.breaker.outage is None
    service.answer = lambda: LOST
    await service.fail(1)
    assert service.outage().failures >= 10


async def test_one_probe_after_5_10_20_up_to_60_seconds() -> None:
    """However many wait, one of them is sent at a time."""
    service = Service()
    began = await service.break_down()
    crew = service.wait(30)
    async with asyncio.timeout(HANG):
        while len(service.sent) < 7:
            await turns(1)
    service.breaker.release()
    await gone(crew)
    waits = [b - a for a, b in zip([began, *service.sent], service.sent, strict=False)]
    assert waits[:7] == [5, 10, 20, 40, 60, 60, 60]


async def test_a_probe_that_is_answered_lets_everybody_go() -> None:
    """How fast they follow is the limiter's business."""
    service = Service()
    began = await service.break_down()
    service.answer = lambda: ENROLLED
    crew = service.wait(20)
    await gone(crew)
    assert service.sent == [began + 5] * 20
    assert service.breaker.outage is None
    await service.fail(9)
    assert service.breaker.outage is None


async def test_while_a_probe_is_under_way_nobody_else_is_sent() -> None:
    """It is told that somebody is being sent."""
    service = Service()
    await service.break_down()
    service.answer = lambda: ENROLLED
    crew = [asyncio.create_task(service.send(takes=100)) for _ in range(5)]
    await service.clock.sleep(50)
    assert len(service.sent) == 1
    outage = service.outage()
    assert outage.next_probe is None
    assert "someone is being sent" in str(outage)
    await gone(crew)
    assert len(service.sent) == 5


async def test_somebody_who_comes_late_is_the_probe_at_once() -> None:
    """The wait counts from the failure, not from when there is somebody to send."""
    service = Service()
    await service.break_down()
    await service.clock.sleep(60)
    began = service.clock.monotonic()
    await service.send()
    assert service.sent == [began]
    outage = service.outage()
    assert outage.next_probe == 10


async def test_an_answer_to_somebody_sent_before_ends_the_outage() -> None:
    """Nobody waits for a probe when the server is known to work again."""
    service = Service()
    slow = asyncio.create_task(service.send(takes=8))
    began = await service.break_down()
    service.answer = lambda: ENROLLED
    crew = service.wait(3)
    await gone([slow, *crew])
    assert service.sent == [8.0] * 3
    assert began < 8 < began + 5


async def test_failures_of_those_sent_before_do_not_put_the_probe_off() -> None:
    """They were under way when the outage began."""
    service = Service()
    slow = [asyncio.create_task(service.send(takes=7 + i / 9)) for i in range(9)]
    began = await service.break_down()
    crew = service.wait(1)
    await gone([*slow, *crew])
    assert service.sent == [began + 5]
    outage = service.outage()
    assert outage.failures == 20


async def test_a_probe_that_outlived_its_outage_is_no_probe_of_the_next() -> None:
    """Its failure is one of many then, and puts nothing off."""
    service = Service()
    slow = asyncio.create_task(service.send(takes=11))
    await service.break_down()
    probe = asyncio.create_task(service.send(takes=100))
    await service.clock.sleep(5)
    service.answer = lambda: ENROLLED
    await slow
    assert service.breaker.outage is None
    service.answer = lambda: LOST
    await service.fail(10, every=9)
    began = service.clock.monotonic()
    outage = service.outage()
    assert outage.next_probe == 5
    assert not probe.done()
    service.sent.clear()
    await gone([*service.wait(1), probe])
    assert service.sent == [began + 5]


@pytest.mark.parametrize("how", ["not sent", "cancelled"])
async def test_a_probe_that_told_nothing_gives_its_turn_to_the_next(how: str) -> None:
    """At once: the time was due, and nothing was learned."""
    service = Service()
    began = await service.break_down()
    answers = iter([met(InvalidRequestError([])), ENROLLED, ENROLLED])
    service.answer = lambda: next(answers)
    first = asyncio.create_task(
        service.send() if how == "not sent" else service.send(takes=1000)
    )
    await turns(3)
    crew = service.wait(2)
    await service.clock.sleep(6)
    if how == "cancelled":
        next(answers)
        first.cancel()
    await gone([first, *crew])
    assert service.sent[0] == began + 5
    assert len(service.sent) == 3
    assert service.clock.monotonic() < began + 10


async def test_those_who_wait_can_be_cancelled() -> None:
    """The others wait on, and the probe comes in time."""
    service = Service()
    began = await service.break_down()
    service.answer = lambda: ENROLLED
    crew = service.wait(6)
    await service.clock.sleep(1)
    for task in crew[:5]:
        task.cancel()
        await turns(2)
    await gone(crew)
    assert [task.cancelled() for task in crew] == [True] * 5 + [False]
    assert service.sent == [began + 5]
    assert service.breaker._waiting == set()  # pyright: ignore[reportPrivateUsage]


async def test_the_next_outage_begins_with_a_short_wait() -> None:
    """However long the waits of the last one had become."""
    service = Service()
    await service.break_down()
    await gone(service.wait(4))
    assert service.outage().next_probe == 60
    service.answer = lambda: ENROLLED
    await gone(service.wait(1))
    service.answer = lambda: LOST
    began = await service.break_down()
    await gone(service.wait(1))
    assert service.sent == [began + 5]


@pytest.mark.parametrize("probing", [False, True])
async def test_a_run_that_stops_lets_everybody_go_unsent(*, probing: bool) -> None:
    """At once, whatever they wait for; also who comes later; it may be said again."""
    service = Service()
    began = await service.break_down()
    probe = asyncio.create_task(service.send(takes=100 if probing else 0))
    await service.clock.sleep(6)
    crew = service.wait(5)
    await turns(5)
    service.breaker.release()
    service.breaker.release()
    async with asyncio.timeout(HANG):
        await asyncio.wait(crew)
    await service.send()
    assert service.clock.monotonic() == began + 6
    assert service.turned_away == 6
    assert len(service.sent) == 1
    assert service.breaker.outage is None
    await gone([probe])


async def test_what_ends_after_the_release_stops_nothing_more() -> None:
    """A probe in flight while the run drains settles like anybody."""
    service = Service(attrs.evolve(BY_DEFAULT, max_outage=1))
    await service.break_down()
    probe = asyncio.create_task(service.send(takes=100))
    await service.clock.sleep(10)
    service.breaker.release()
    await gone([probe])
    assert len(service.sent) == 1
    assert service.stops == []


async def test_an_outage_is_given_up_after_its_time() -> None:
    """The last probe is at the very end; then everybody is let go, unsent."""
    service = Service()
    began = await service.break_down()
    crew = service.wait(50)
    await gone(crew)
    assert service.sent[-1] == began + 900
    assert service.turned_away == 50 - len(service.sent)
    (stop,) = service.stops
    assert stop.rule == "max_outage"
    assert stop.error is LOST.error
    assert stop.reason == (
        f"No usable answer for 904 s: {10 + len(service.sent)} persons in a row "
        "failed or ended unknown, the last with ConnectError; most likely the network "
        "or the service is down. To do: check the network, the proxy and the base "
        "URL. Then run again: whoever was not attempted is still to come."
    )


async def test_without_max_outage_nothing_is_given_up() -> None:
    """Somebody may want to wait for days."""
    service = Service(attrs.evolve(BY_DEFAULT, max_outage=None))
    began = await service.break_down()
    outage = service.outage()
    assert outage.gives_up is None
    await gone(service.wait(100))
    assert len(service.sent) == 100
    assert service.sent[-1] > began + 5000
    assert service.stops == []


async def test_without_outage_after_there_is_no_breaker() -> None:
    """Everybody is sent, whatever happens."""
    service = Service(attrs.evolve(BY_DEFAULT, outage_after=None))
    await service.fail(500)
    assert len(service.sent) == 500
    assert service.breaker.outage is None


def asks(seconds: float | None) -> BatchOutcome:
    """The server says: not now."""
    return met(RateLimitedError(status=429, retry_after=seconds))


@pytest.mark.parametrize(("seconds", "waits"), [(None, 5.0), (2.0, 5.0), (300.0, 300)])
async def test_the_probe_waits_for_as_long_as_the_server_asks(
    seconds: float | None, waits: float
) -> None:
    """A quota used up comes back when the server says."""
    service = Service()
    service.answer = lambda: asks(seconds)
    began = await service.break_down()
    service.answer = lambda: ENROLLED
    await gone(service.wait(1))
    assert service.sent == [began + waits]


async def test_a_server_that_asks_for_too_long_is_given_up_at_once() -> None:
    """Nobody need wait to learn that it would be in vain."""
    service = Service()
    service.answer = lambda: asks(3600)
    await service.fail(10)
    (stop,) = service.stops
    assert "RateLimitedError; the server asks to wait for 3600 s more; " in stop.reason
    assert "quota" in stop.reason
    await service.send()
    assert service.turned_away == 1


async def test_a_server_error_is_told_with_its_reason() -> None:
    """The progress display says what the service says, in one word."""
    service = Service()
    error = ServerError(status=500, reason="internal_error", message="Jane Doe")
    service.answer = lambda: met(error)
    await service.break_down()
    assert "(ServerError internal_error);" in str(service.breaker.outage)
