"""The virtual clock: minutes in milliseconds, in the same order every time."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import subprocess
import sys
import textwrap

import pytest
from numbered_people import person

from verifik_async import (
    ConnectTimeoutError,
    Event,
    Fault,
    Flaky,
    FlakyTransport,
    RetryPolicy,
    SandboxTransport,
    ScriptedTransport,
    VerifikClient,
    VerifikError,
)
from verifik_async.testing import VirtualClock


async def turns(count: int) -> None:
    """Let the event loop go round so many times."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_minutes_of_back_off_take_few_turns_of_the_loop() -> None:
    """A call that backs off for minutes ends after so many turns for each wait."""
    clock = VirtualClock()
    steps = [Fault.REFUSED, Fault.CONNECT_TIMEOUT] * 50
    client = VerifikClient(
        "token",
        ScriptedTransport(steps, clock=clock),
        clock=clock,
        retry=RetryPolicy(max_attempts=len(steps), max_elapsed=1e6, max_throttled=0),
    )
    call = asyncio.create_task(client.enroll(person(1)))
    await turns(50 * len(steps))
    assert call.done()
    assert isinstance(call.exception(), ConnectTimeoutError)
    assert clock.monotonic() > 5 * 60


async def test_sleepers_wake_by_time_then_in_the_order_of_going_to_sleep() -> None:
    """A thousand sleepers side by side wake sorted, each at its own time."""
    clock, woken = VirtualClock(), list[tuple[float, int]]()
    lengths = [number * 37 % 101 for number in range(1000)]

    async def sleep(number: int) -> None:
        await clock.sleep(lengths[number])
        assert clock.monotonic() == lengths[number]
        woken.append((clock.monotonic(), number))

    await asyncio.gather(*map(sleep, range(1000)))
    assert woken == sorted(woken)
    assert len(woken) == 1000


async def test_one_who_sleeps_often_wakes_between_those_who_sleep_long() -> None:
    """Naps taken one after another add up on the clock that all share."""
    clock, seen = VirtualClock(), list[str]()

    async def naps(name: str, seconds: float, times: int) -> None:
        for _ in range(times):
            await clock.sleep(seconds)
            seen.append(f"{name} {clock.monotonic():g}")

    await asyncio.gather(naps("long", 25, 2), naps("short", 10, 5))
    assert seen == [
        "short 10",
        "short 20",
        "long 25",
        "short 30",
        "short 40",
        "long 50",  # went to sleep at 25, the other at 40
        "short 50",
    ]


async def test_time_waits_for_whoever_can_run() -> None:
    """Work of some turns that ends in a shorter sleep is not overtaken."""
    clock, seen = VirtualClock(), list[str]()

    async def work() -> None:
        await turns(10)
        await clock.sleep(1)
        seen.append("worked")

    async def rest() -> None:
        await clock.sleep(2)
        seen.append("rested")

    await asyncio.gather(rest(), work())
    assert seen == ["worked", "rested"]
    assert clock.monotonic() == 2


@pytest.mark.parametrize("seconds", [0, -0.0, -5, -1e9])
async def test_no_time_passes_in_sleeps_of_nothing(seconds: float) -> None:
    """Zero and negative sleeps let others run, and never set the clock back."""
    clock, others = VirtualClock(), list[int]()

    async def other() -> None:
        others.append(1)

    await clock.sleep(3)
    task = asyncio.create_task(other())
    await clock.sleep(seconds)
    assert clock.monotonic() == 3
    assert others == [1]
    await task


async def test_for_cancelled_sleepers_time_stands_still() -> None:
    """A sleep given up moves no clock, and the next sleeper wakes at its own time."""
    clock = VirtualClock()
    given_up = [asyncio.create_task(clock.sleep(seconds)) for seconds in (1, 5, 100)]
    await asyncio.sleep(0)
    for task in given_up:
        task.cancel()
    await turns(100)
    assert all(task.cancelled() for task in given_up)
    assert clock.monotonic() == 0
    await clock.sleep(7)
    assert clock.monotonic() == 7


async def test_a_sleeper_cancelled_among_others_holds_nobody_up() -> None:
    """Cancelling the earliest of three leaves the other two their own times."""
    clock = VirtualClock()
    first, second, third = (asyncio.create_task(clock.sleep(n)) for n in (1, 2, 3))
    await asyncio.sleep(0)
    first.cancel()
    await second
    assert clock.monotonic() == 2
    await third
    assert clock.monotonic() == 3


async def test_a_sleeper_cancelled_as_it_is_woken_is_cancelled() -> None:
    """A cancel in the turn of the waking is neither lost nor an error."""
    clock = VirtualClock()
    sleeper = asyncio.create_task(clock.sleep(1))
    while clock.monotonic() == 0:  # noqa: ASYNC110 - in this very turn
        await asyncio.sleep(0)
    sleeper.cancel()
    await asyncio.wait([sleeper])
    await clock.sleep(1)
    assert clock.monotonic() == 2


async def test_the_time_of_day_goes_with_it() -> None:
    """`now` is the start, in UTC, and what has been slept."""
    start = dt.datetime(2031, 5, 6, tzinfo=dt.UTC)
    clock = VirtualClock(start)
    await clock.sleep(90)
    assert clock.now() == start + dt.timedelta(seconds=90)
    assert VirtualClock().now() == dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


async def test_the_clock_has_no_task_of_its_own() -> None:
    """Whoever counts the pending tasks of a test finds no stranger among them."""
    clock = VirtualClock()
    sleeper = asyncio.create_task(clock.sleep(1))
    await turns(3)
    assert asyncio.all_tasks() == {sleeper, asyncio.current_task()}
    await sleeper


def test_a_loop_that_died_in_the_middle_of_a_sleep_stops_no_later_one() -> None:
    """A clock goes on in the next loop, from the time of the last."""
    clock = VirtualClock()

    async def sleeping() -> asyncio.Task[None]:
        await clock.sleep(5)
        task = asyncio.create_task(clock.sleep(1000))
        await turns(2)
        return task

    dead = asyncio.new_event_loop()
    left = dead.run_until_complete(sleeping())
    dead.close()  # with a sleeper in it, and no chance to say good-bye
    for _ in range(2):
        asyncio.run(asyncio.wait_for(clock.sleep(5), timeout=10))
    assert clock.monotonic() == 15
    assert not left.done()
    left._log_destroy_pending = False  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue] - its loop is gone on purpose


def test_nothing_is_left_when_a_loop_ends() -> None:
    """Loops that end among cancelled sleepers, or under sleepers, end silently."""
    program = """
        import asyncio, gc
        from verifik_async.testing import VirtualClock

        clock = VirtualClock()

        async def main():
            naps = [asyncio.create_task(clock.sleep(n)) for n in range(1, 5)]
            await naps[0]
            for nap in naps[1:]:
                nap.cancel()
            await asyncio.wait(naps)

        async def leave_sleepers():
            asyncio.create_task(clock.sleep(1e6))
            await clock.sleep(1)

        for _ in range(2):
            loop = asyncio.new_event_loop()
            loop.run_until_complete(main())
            loop.close()
            asyncio.run(leave_sleepers())
        gc.collect()
        print(clock.monotonic())
    """
    ran = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (ran.stdout, ran.stderr, ran.returncode) == ("4.0\n", "", 0)


def enrolled_in_turn(seed: int) -> tuple[list[Event | str], float]:
    """A thousand persons, ten at a time, over a flaky sandbox: events and time."""
    random.seed(seed)  # back-off has jitter
    clock, events = VirtualClock(), list[Event | str]()
    flaky = Flaky(
        probability=0.3,
        faults=(Fault.REFUSED, Fault.RATE_LIMITED, Fault.CONNECT_TIMEOUT),
        seed=seed,
    )
    client = VerifikClient(
        "token",
        FlakyTransport(SandboxTransport(), flaky, clock=clock),
        clock=clock,
        retry=RetryPolicy(max_attempts=3),
        observers=[events.append],
    )
    numbers = iter(range(1000))

    async def work() -> None:
        for number in numbers:
            try:
                await client.enroll(person(number))
            except VerifikError as error:
                events.append(f"{number} {type(error).__name__} {error.attempts}")
            else:
                events.append(f"{number} enrolled")

    async def main() -> None:
        await asyncio.gather(*(work() for _ in range(10)))

    asyncio.run(main())
    return events, clock.monotonic()


def test_a_thousand_enrollments_ten_wide_go_the_same_way_twice() -> None:
    """With retries and timeouts all events come in the same order in each run."""
    first, time = enrolled_in_turn(7)
    again, time_again = enrolled_in_turn(7)
    other, _ = enrolled_in_turn(8)
    assert first == again
    assert time == time_again > 60
    assert first != other
    assert len([event for event in first if isinstance(event, str)]) == 1000
