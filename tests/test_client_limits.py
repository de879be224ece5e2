"""The client and its limiter: limits hold for all calls, 429s fail none of them."""

from __future__ import annotations

import asyncio

import pytest
from batch_runs import person
from quota_server import PERSON, QuotaServer, halved_between

from verifik_async import (
    AuthenticationError,
    ClientClosedError,
    Event,
    HttpRequest,
    HttpResponse,
    LimitChanged,
    Limits,
    Paused,
    RateLimitedError,
    RetryPolicy,
    RetryScheduled,
    ScriptedTransport,
    TokenExpiredError,
    VerifikClient,
)
from verifik_async.testing import VirtualClock


class Carrier:
    """Answers each request after a while.

    Attributes:
        sent: When requests came.
        most: How many there were at once.
    """

    def __init__(
        self, clock: VirtualClock, *answers: HttpResponse, seconds: float = 0.05
    ) -> None:
        self._clock = clock
        self._answers = list(answers)
        self._seconds = seconds
        self._in_flight = 0
        self.sent: list[float] = []
        self.most = 0

    async def send(self, request: HttpRequest) -> HttpResponse:
        """The next answer; the last one again and again."""
        self.sent.append(self._clock.monotonic())
        self._in_flight += 1
        self.most = max(self.most, self._in_flight)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        try:
            await self._clock.sleep(self._seconds)
        finally:
            self._in_flight -= 1
        return answer

    async def aclose(self) -> None:
        """Nothing is held."""


def later(retry_after: str | None = None, *, status: int = 429) -> HttpResponse:
    """The server's "not now"."""
    headers = {"retry-after": retry_after} if retry_after else {}
    return HttpResponse.of_json(status, {"message": "slow down"}, headers=headers)


async def enroll(client: VerifikClient, count: int) -> list[object]:
    """What came of so many calls at once."""
    calls = (client.enroll(person(number)) for number in range(count))
    return await asyncio.gather(*calls, return_exceptions=True)


async def test_a_client_without_limits_holds_back_nobody() -> None:
    """All calls are sent at once."""
    clock = VirtualClock()
    carrier = Carrier(clock, PERSON)
    await enroll(VerifikClient("token", carrier, clock=clock), 100)
    assert carrier.sent == [0.0] * 100


async def test_limits_hold_for_all_calls_of_a_client() -> None:
    """A service that only calls enroll is held to width and rate."""
    clock = VirtualClock()
    carrier = Carrier(clock, PERSON, seconds=1)
    limits = Limits(concurrency=3, rate=10)
    client = VerifikClient("token", carrier, limits=limits, clock=clock)
    await enroll(client, 10)
    assert carrier.most == 3
    assert carrier.sent[:3] == pytest.approx([0, 0.05, 0.15])


async def test_bodies_are_paced_by_their_size() -> None:
    """Bytes a second are those of the bodies, base64 and all."""
    clock = VirtualClock()
    carrier = Carrier(clock, PERSON)
    events: list[Event] = []
    limits = Limits(bytes_per_second=100)
    client = VerifikClient(
        "token", carrier, limits=limits, clock=clock, observers=[events.append]
    )
    await enroll(client, 2)
    size = max(getattr(event, "body_bytes", 0) for event in events)
    assert carrier.sent[1] == pytest.approx(size / 100 - 0.05)


@pytest.mark.parametrize("status", [429, 503])
async def test_one_429_pauses_every_call_and_fails_none(status: int) -> None:
    """Those in line wait for it, and the one refused waits no longer than they."""
    clock = VirtualClock()
    carrier = Carrier(clock, later("7", status=status), PERSON)
    events: list[Event] = []
    client = VerifikClient(
        "token",
        carrier,
        limits=Limits(concurrency=1),
        clock=clock,
        observers=[events.append],
    )
    ended = await enroll(client, 3)
    assert not [one for one in ended if isinstance(one, Exception)]
    first, *after = carrier.sent
    assert first == 0
    assert 7.05 <= after[0] <= 7.05 * 1.05
    assert clock.monotonic() < 9
    (pause,) = [event for event in events if isinstance(event, Paused)]
    assert 7 <= pause.seconds <= 7.35
    assert pause.because == f"HTTP {status}"
    assert [type(event) for event in events].count(LimitChanged) == 1


async def test_retry_after_is_waited_for_once() -> None:
    """The call's own wait and the shared pause are the same seconds."""
    clock = VirtualClock()
    carrier = Carrier(clock, later("10"), PERSON)
    await enroll(VerifikClient("token", carrier, clock=clock), 1)
    assert 10.05 <= carrier.sent[1] <= 10.05 + 0.5


async def test_a_call_is_not_failed_by_429s_alone() -> None:
    """While the limiter learns, chance decides who is refused, and how often."""
    clock = VirtualClock()
    steps = [later("1")] * 50 + [PERSON]
    retry = RetryPolicy(max_elapsed=1e6)
    transport = ScriptedTransport(steps)
    client = VerifikClient("token", transport, retry=retry, clock=clock)
    enrollment = await client.enroll(person(1))
    assert enrollment.attempts == 51


async def test_there_is_a_bound_to_how_often_a_call_is_put_off() -> None:
    """Then 429s count like other failures, and the last one is raised."""
    clock = VirtualClock()
    transport = ScriptedTransport([later("1")] * 99)
    retry = RetryPolicy(max_throttled=5, max_attempts=3)
    client = VerifikClient("token", transport, retry=retry, clock=clock)
    with pytest.raises(RateLimitedError) as caught:
        await client.enroll(person(1))
    assert caught.value.attempts == 5 + 3


async def test_there_is_a_bound_to_how_long_a_call_is_put_off() -> None:
    """No attempt is decided on when max_elapsed has passed since the first."""
    clock = VirtualClock()
    transport = ScriptedTransport([later("10")] * 99)
    client = VerifikClient(
        "token", transport, retry=RetryPolicy(max_elapsed=35), clock=clock
    )
    with pytest.raises(RateLimitedError) as caught:
        await client.enroll(person(1))
    assert caught.value.attempts == 4
    assert 30 <= caught.value.elapsed <= 35


async def test_waiting_for_a_turn_does_not_use_up_the_time_to_retry() -> None:
    """A row far back in a slow line is not failed by its first 429."""
    clock = VirtualClock()
    carrier = Carrier(clock, PERSON, PERSON, later("1"), PERSON)
    client = VerifikClient(
        "token",
        carrier,
        limits=Limits(rate=0.01),
        retry=RetryPolicy(max_elapsed=150),
        clock=clock,
    )
    ended = await enroll(client, 3)
    assert not [one for one in ended if isinstance(one, Exception)]
    assert len(carrier.sent) == 4
    assert clock.monotonic() > 150


async def test_a_pause_beyond_patience_fails_other_calls_unsent() -> None:
    """What one call learns of an hour's pause, the next is told without asking."""
    clock = VirtualClock()
    carrier = Carrier(clock, later("3600"), PERSON)
    client = VerifikClient("token", carrier, clock=clock)
    with pytest.raises(RateLimitedError):
        await client.enroll(person(1))
    with pytest.raises(RateLimitedError, match="not sent") as caught:
        await client.enroll(person(2))
    assert caught.value.attempts == 0
    assert caught.value.retry_after == pytest.approx(3600)
    assert len(carrier.sent) == 1
    await clock.sleep(3800)
    await client.enroll(person(2))


async def test_each_attempt_asks_the_limiter_the_one_after_renewal_too() -> None:
    """No request goes around it."""

    class Provider:
        async def get_token(self, *, force_refresh: bool = False) -> str:
            return "new" if force_refresh else "old"

    clock = VirtualClock()
    expired = HttpResponse.of_json(403, {"message": "token_expired"})
    carrier = Carrier(clock, expired, later("1"), PERSON)
    client = VerifikClient(Provider(), carrier, limits=Limits(rate=0.1), clock=clock)
    await client.enroll(person(1))
    assert carrier.sent[:2] == pytest.approx([0, 9.95])
    assert len(carrier.sent) == 3


async def test_a_server_that_refuses_everybody_at_once_sees_no_more_of_them() -> None:
    """Fast 401s do not widen: as many in flight at the end as in the beginning."""
    clock = VirtualClock()
    refusal = HttpResponse.of_json(401, {"message": "Authentication required"})
    carrier = Carrier(clock, refusal, seconds=0.001)
    limits = Limits(concurrency="auto")
    client = VerifikClient("token", carrier, limits=limits, clock=clock)
    ended = await enroll(client, 300)
    assert {type(one) for one in ended} == {AuthenticationError}
    assert carrier.most == 4
    assert client.limiter.snapshot().concurrency == 4


async def test_an_expired_token_does_not_widen_either() -> None:
    """Nor does one that can't be renewed."""
    clock = VirtualClock()
    carrier = Carrier(clock, HttpResponse.of_json(403, {"message": "token_expired"}))
    limits = Limits(concurrency="auto")
    client = VerifikClient("token", carrier, limits=limits, clock=clock)
    ended = await enroll(client, 100)
    assert {type(one) for one in ended} == {TokenExpiredError}
    assert carrier.most == 4


async def test_who_enrolls_one_after_the_other_does_not_widen() -> None:
    """A slow consumer is not limited, so nothing is learned from it."""
    clock = VirtualClock()
    limits = Limits(concurrency="auto")
    client = VerifikClient("token", Carrier(clock, PERSON), limits=limits, clock=clock)
    for number in range(100):
        await client.enroll(person(number))
    assert client.limiter.snapshot().concurrency == 4


async def test_closing_ends_the_wait_for_a_turn() -> None:
    """Who waits learns at once that the client is closed."""
    clock = VirtualClock()
    carrier = Carrier(clock, PERSON)
    client = VerifikClient("token", carrier, limits=Limits(rate=0.001), clock=clock)
    await client.enroll(person(1))
    waiting = asyncio.create_task(client.enroll(person(2)))
    await clock.sleep(1)
    await client.aclose()
    with pytest.raises(ClientClosedError) as caught:
        await waiting
    assert caught.value.attempts == 0
    assert clock.monotonic() < 2
    assert len(carrier.sent) == 1


async def test_a_cancelled_call_gives_its_slot_back() -> None:
    """In flight as well as in line."""
    clock = VirtualClock()
    carrier = Carrier(clock, PERSON, seconds=100)
    client = VerifikClient("token", carrier, limits=Limits(concurrency=1), clock=clock)
    tasks = [asyncio.create_task(client.enroll(person(n))) for n in range(3)]
    await clock.sleep(1)
    tasks[0].cancel()
    tasks[1].cancel()
    await tasks[2]
    assert carrier.sent == [0, 1]
    assert client.limiter.snapshot().in_flight == 0


async def test_a_wide_job_on_a_quota_enrolls_everybody() -> None:
    """64 at once on 200/s, halved for a while: nobody fails, few are put off."""
    clock = VirtualClock()
    server = QuotaServer(clock, quota=halved_between(5, 10))
    limits, events = Limits(concurrency="auto"), list[Event]()
    client = VerifikClient(
        "token", server, limits=limits, clock=clock, observers=[events.append]
    )
    numbers = iter(range(3000))

    async def work() -> int:
        attempts = 0
        for number in numbers:
            attempts += (await client.enroll(person(number))).attempts
        return attempts

    attempts = await asyncio.gather(*(work() for _ in range(64)))
    assert server.served == 3000
    assert sum(attempts) == len(server.came)
    assert server.share_throttled <= 0.02
    assert server.share_of_quota(clock.monotonic()) >= 0.6
    waits = [event.wait for event in events if isinstance(event, RetryScheduled)]
    assert len(waits) == len(server.throttled)
    assert all(wait >= 1 for wait in waits)
