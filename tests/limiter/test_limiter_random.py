"""The limiter under random calls, errors and cancellations: its rules hold always."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable

import attrs
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from quota_server import limiter_of

from verifik_async import (
    AuthenticationError,
    Limits,
    RateLimitedError,
    ReadTimeoutError,
)
from verifik_async.limiter.pacing import SLACK
from verifik_async.testing import VirtualClock

Error = Callable[[], Exception] | None
ERRORS: dict[str, Error] = {
    "none": None,
    "429": lambda: RateLimitedError(status=429, retry_after=0.5),
    "bare 429": lambda: RateLimitedError(status=429, retry_after=None),
    "401": lambda: AuthenticationError(status=401),
    "lost": lambda: ReadTimeoutError("lost"),
}
RARELY = st.sampled_from(["none"] * 8 + list(ERRORS))
CALM = st.just("none")


@attrs.frozen(kw_only=True)
class Call:
    """Someone who comes, sends, and perhaps is cancelled.

    Attributes:
        comes: After how many seconds.
        takes: How long the request takes.
        size: Bytes of the request.
        ends: What it ends with: a key of `ERRORS`.
        cancelled: How long after coming it is cancelled, if it is.
    """

    comes: float
    takes: float
    size: int
    ends: str
    cancelled: float | None


def calls(ends: st.SearchStrategy[str]) -> st.SearchStrategy[list[Call]]:
    """Up to thirty, many of them at the same moments."""
    moment = st.sampled_from([0.0, 0.0, 0.05, 0.1, 0.25, 1.0]) | st.floats(0, 2)
    call = st.builds(
        Call,
        comes=moment,
        takes=moment,
        size=st.integers(1, 2000),
        ends=ends,
        cancelled=st.none() | moment,
    )
    return st.lists(call, max_size=30)


@attrs.define
class Seen:
    """What was seen of a run.

    Attributes:
        came: Who came, in order.
        sent: Who went, and when, in order.
        most: How many were in flight at once.
        paused: From when until when nobody may go.
        left: In flight and waiting, when all was over.
        tasks: Tasks that run on.
    """

    came: list[int] = attrs.Factory(list[int])
    sent: list[tuple[int, float]] = attrs.Factory(list[tuple[int, float]])
    most: int = 0
    paused: list[tuple[float, float]] = attrs.Factory(list[tuple[float, float]])
    left: tuple[int, int] = (-1, -1)
    tasks: int = -1


async def run(limits: Limits, given_calls: list[Call]) -> Seen:
    """All of them on one limiter, on a virtual clock."""
    clock, seen = VirtualClock(), Seen()
    limiter = limiter_of(clock, limits)
    flying = 0

    async def make(number: int, call: Call) -> None:
        nonlocal flying
        await clock.sleep(call.comes)
        seen.came.append(number)
        with await limiter.turn(call.size):
            seen.sent.append((number, clock.monotonic()))
            flying += 1
            seen.most = max(seen.most, flying)
            try:
                await clock.sleep(call.takes)
            finally:
                flying -= 1
            error = ERRORS[call.ends]
            if error is not None:
                raised = error()
                if isinstance(raised, RateLimitedError):
                    now = clock.monotonic()
                    seen.paused.append((now, now + (raised.retry_after or 0)))
                raise raised

    async def cancel(task: asyncio.Task[None], call: Call) -> None:
        if call.cancelled is not None:
            await clock.sleep(call.comes + call.cancelled)
            task.cancel()

    tasks = [asyncio.create_task(make(*pair)) for pair in enumerate(given_calls)]
    killers = map(cancel, tasks, given_calls)
    await asyncio.gather(*tasks, *killers, return_exceptions=True)
    await asyncio.sleep(0)
    snapshot = limiter.snapshot()
    seen.left = snapshot.in_flight, snapshot.waiting
    seen.tasks = len(asyncio.all_tasks()) - 1
    return seen


LIMITS = st.builds(
    Limits,
    rate=st.none() | st.floats(1, 100),
    concurrency=st.none() | st.just("auto") | st.integers(1, 8),
    bytes_per_second=st.none() | st.floats(500, 50_000),
    max_concurrency=st.integers(1, 12),
)


@examples(150)
@given(limits=LIMITS, given_calls=calls(RARELY))
def test_the_rules_hold_whatever_happens(
    limits: Limits, given_calls: list[Call]
) -> None:
    """First come first served, never too wide or too fast, no pause undercut."""
    seen = asyncio.run(run(limits, given_calls))
    assert seen.left == (0, 0)
    assert seen.tasks == 0
    assert seen.most <= (limits.widest or len(given_calls))
    assert_in_order(seen)
    assert_all_went(seen, given_calls)
    assert_paced(seen, rate=limits.rate, cost=lambda _: 1)
    assert_paced(
        seen, rate=limits.bytes_per_second, cost=lambda number: given_calls[number].size
    )
    for start, end in seen.paused:
        assert not [time for _, time in seen.sent if start < time < end - 1e-6]


def assert_in_order(seen: Seen) -> None:
    """Who went did so in the order in which they came."""
    place = {number: place for place, number in enumerate(seen.came)}
    places = [place[number] for number, _ in seen.sent]
    assert places == sorted(places)


def assert_all_went(seen: Seen, given_calls: list[Call]) -> None:
    """Only who was cancelled can have missed its turn."""
    gone = {number for number, _ in seen.sent}
    stayed = [call for number, call in enumerate(given_calls) if number not in gone]
    assert all(call.cancelled is not None for call in stayed)


def assert_paced(
    seen: Seen, *, rate: float | None, cost: Callable[[int], float]
) -> None:
    """No span of time between two requests sees more than the rate and its slack."""
    if rate is None:
        return
    for (first, (_, start)), (last, (_, end)) in itertools.combinations(
        enumerate(seen.sent), 2
    ):
        spent = sum(cost(number) for number, _ in seen.sent[first:last])
        assert spent <= rate * (end - start + SLACK + 1e-5) + 1e-6


@examples(50)
@given(width=st.integers(1, 5), given_calls=calls(CALM))
def test_no_slot_stays_empty_while_somebody_waits(
    width: int, given_calls: list[Call]
) -> None:
    """Cancelled or not, whoever is next goes in the moment in which it may."""
    seen = asyncio.run(run(Limits(concurrency=width), given_calls))
    came = {number: call.comes for number, call in enumerate(given_calls)}
    ends = {number: start + given_calls[number].takes for number, start in seen.sent}
    for number, call in enumerate(given_calls):
        if number in ends and call.cancelled is not None:
            ends[number] = min(ends[number], call.comes + call.cancelled)
    for number, start in seen.sent:
        if start > came[number] + 1e-9:  # it waited: a slot has become free just now
            assert any(abs(end - start) < 1e-9 for end in ends.values())
