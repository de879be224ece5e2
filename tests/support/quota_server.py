"""A server with a quota, in memory, and workers who ask it as fast as they may."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

from verifik_async import HttpRequest, HttpResponse, Limiter, Limits, RateLimitedError
from verifik_async.clock import Clock
from verifik_async.events import Event
from verifik_async.testing import VirtualClock

QUOTA = 200.0
PERSON = HttpResponse.of_json(200, {"data": {"_id": "person"}})


def steady(_: float) -> float:
    """The same quota at all times."""
    return QUOTA


def halved_between(start: float, end: float) -> Callable[[float], float]:
    """A quota that is halved for a while."""
    return lambda now: QUOTA / 2 if start <= now < end else QUOTA


class QuotaServer:
    """A token bucket, whose answers take 30 to 80 ms; a transport, too.

    Attributes:
        came: When each request came.
        served: How many were answered well.
        throttled: When each 429 was answered.
        in_flight: Requests that are there now.
        most: How many there were at once.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        seed: int = 0,
        quota: Callable[[float], float] = steady,
        burst: float = 20,
        retry_after: float = 1,
    ) -> None:
        self._clock = clock
        self._random = random.Random(seed)  # noqa: S311 - to be the same each time
        self._quota = quota
        self._burst = self._tokens = burst
        self._counted = clock.monotonic()
        self._retry_after = retry_after
        self.came: list[float] = []
        self.served = 0
        self.throttled: list[float] = []
        self.in_flight = self.most = 0

    def _has_room(self, now: float) -> bool:
        gained = (now - self._counted) * self._quota(now)
        self._tokens = min(self._burst, self._tokens + gained)
        self._counted = now
        room = self._tokens >= 1
        self._tokens -= room
        return room

    async def ask(self) -> bool:
        """One request; returns whether it was within the quota."""
        now = self._clock.monotonic()
        self.came.append(now)
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)
        try:
            room = self._has_room(now)
            await self._clock.sleep(self._random.uniform(0.03, 0.08))
        finally:
            self.in_flight -= 1
        if room:
            self.served += 1
        else:
            self.throttled.append(self._clock.monotonic())
        return room

    def refusal(self) -> RateLimitedError:
        """The error for a request beyond the quota."""
        return RateLimitedError(status=429, retry_after=self._retry_after)

    async def send(self, request: HttpRequest) -> HttpResponse:
        """As a transport."""
        if await self.ask():
            return PERSON
        headers = {"retry-after": f"{self._retry_after:g}"}
        return HttpResponse.of_json(429, {"message": "slow down"}, headers=headers)

    async def aclose(self) -> None:
        """Nothing is held."""

    @property
    def share_throttled(self) -> float:
        """429s among all answers."""
        return len(self.throttled) / (len(self.throttled) + self.served)

    def share_of_quota(self, seconds: float) -> float:
        """What was served, of all that the quota allowed in so many seconds."""
        allowed = sum(
            self._quota(second / 100) / 100 for second in range(round(seconds * 100))
        )
        return self.served / allowed


def limiter_of(
    clock: Clock,
    limits: Limits | None = None,
    *,
    seed: int = 0,
    tell: Callable[[Event], None] = lambda _: None,
) -> Limiter:
    """A limiter whose pauses are drawn out alike each time."""
    jitter = random.Random(seed).random  # noqa: S311 - the same each time
    return Limiter(limits, clock=clock, tell=tell, jitter=jitter)


async def ask_for(
    seconds: float,
    *,
    server: QuotaServer,
    limiter: Limiter,
    clock: VirtualClock,
    workers: int = 64,
) -> None:
    """Ask without rest, so many at once; who is refused waits and asks again."""

    async def work() -> None:
        while clock.monotonic() < seconds:
            try:
                with await limiter.turn(1000):
                    if not await server.ask():
                        raise server.refusal()
            except RateLimitedError as error:
                await clock.sleep(error.retry_after or 0)

    tasks = [asyncio.create_task(work()) for _ in range(workers)]
    await clock.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
