"""Against a simulated quota: 200/s, burst 20, Retry-After 1 s, 64 who ask at once."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from quota_server import QUOTA, QuotaServer, ask_for, halved_between, limiter_of

from verifik_async import Event, Limits, Paused
from verifik_async.testing import VirtualClock

MINUTE = 60.0
AUTO = Limits(concurrency="auto")
HALVED = halved_between(25, 35)


def asked(
    server: QuotaServer,
    *,
    limits: Limits | None,
    clock: VirtualClock,
    seconds: float = MINUTE,
    seed: int = 0,
) -> list[Event]:
    """What the limiter told while the server was asked for so long."""
    events: list[Event] = []
    limiter = limiter_of(clock, limits, seed=seed, tell=events.append)
    running = ask_for(seconds, server=server, limiter=limiter, clock=clock)
    asyncio.run(running)
    assert limiter.snapshot().in_flight == limiter.snapshot().waiting == 0
    return events


@pytest.mark.parametrize("seed", range(4))
def test_auto_finds_the_quota_and_follows_it(seed: int) -> None:
    """Three quarters of a quota that is halved for a while, one 429 in a hundred."""
    clock = VirtualClock()
    server = QuotaServer(clock, seed=seed, quota=HALVED)
    asked(server, limits=AUTO, clock=clock, seed=seed)
    assert server.share_of_quota(MINUTE) >= 0.75
    assert server.share_throttled <= 0.01
    assert server.most <= 64


@pytest.mark.parametrize("seed", range(2))
def test_a_rate_below_the_quota_uses_it_and_meets_no_429(seed: int) -> None:
    """Who knows the quota gets all of it."""
    clock = VirtualClock()
    server = QuotaServer(clock, seed=seed)
    asked(server, limits=Limits(rate=197), clock=clock, seed=seed)
    assert server.share_of_quota(MINUTE) >= 0.98
    assert server.throttled == []


def test_a_rate_that_is_too_high_for_a_while_is_lowered_and_comes_back() -> None:
    """A halved quota costs little, and the rate given is never exceeded."""
    clock = VirtualClock()
    server = QuotaServer(clock, quota=HALVED)
    asked(server, limits=Limits(rate=197), clock=clock)
    assert server.share_of_quota(MINUTE) >= 0.9
    assert server.share_throttled <= 0.01
    last_second = [time for time in server.came if time >= MINUTE - 1]
    assert 190 <= len(last_second) <= 210


def test_a_fixed_width_learns_the_rate_too() -> None:
    """A wide batch on a small quota does not live on 429s."""
    clock = VirtualClock()
    server = QuotaServer(clock, quota=HALVED)
    asked(server, limits=Limits(concurrency=64), clock=clock)
    assert server.share_of_quota(MINUTE) >= 0.6
    assert server.share_throttled <= 0.02


@pytest.mark.parametrize("limits", [None, AUTO, Limits(rate=400)], ids=str)
def test_after_each_pause_sending_begins_with_two(limits: Limits | None) -> None:
    """Nothing is sent during a pause, and at most two in the 10 ms after it."""
    clock = VirtualClock()
    server = QuotaServer(clock, quota=HALVED)
    asked(server, limits=limits, clock=clock, seconds=20)
    pauses = [list(group) for group in _pauses(server.throttled)]
    assert len(pauses) >= 2
    for throttled in pauses:
        since = [time for time in server.came if time > throttled[0]]
        first = min(since, default=None)
        if first is not None:
            assert first >= throttled[-1] + 1
            assert sum(time < first + 0.01 for time in since) <= 2


def _pauses(throttled: list[float]) -> list[list[float]]:
    """429s that came within the same pause."""
    groups: list[list[float]] = []
    for time in throttled:
        if groups and time < groups[-1][-1] + 1:
            groups[-1].append(time)
        else:
            groups.append([time])
    return groups


@pytest.mark.parametrize(("quota", "burst", "seconds"), [(5, 2, 300), (500, 50, 20)])
def test_other_quotas_are_found_as_well(
    quota: float, burst: float, seconds: float
) -> None:
    """Small ones and large ones."""
    clock = VirtualClock()
    server = QuotaServer(clock, quota=lambda _: quota, burst=burst)
    asked(server, limits=AUTO, clock=clock, seconds=seconds)
    assert server.share_of_quota(seconds) >= 0.7
    assert server.share_throttled <= 0.01


def test_a_server_without_a_quota_is_used_in_full() -> None:
    """Nothing is learned where there is nothing to learn: up to the most."""
    clock = VirtualClock()
    server = QuotaServer(clock, quota=lambda _: 1e9, burst=1e9)
    events = asked(server, limits=AUTO, clock=clock, seconds=2)
    assert server.most == 64
    assert events == []
    assert server.served > 0.8 * 2 * 64 / 0.055


def test_requests_are_evenly_spaced_under_a_rate() -> None:
    """No clumps once it runs: each goes when its time has come."""
    clock = VirtualClock()
    server = QuotaServer(clock)
    asked(server, limits=Limits(rate=QUOTA / 2), clock=clock, seconds=5)
    running = [time for time in server.came if 1 < time < 5]
    gaps = [later - sooner for sooner, later in itertools.pairwise(running)]
    assert gaps == pytest.approx([0.01] * len(gaps))


def test_every_cut_is_told() -> None:
    """Pauses are told as often as there are, each with its length."""
    clock = VirtualClock()
    server = QuotaServer(clock, quota=HALVED)
    events = asked(server, limits=AUTO, clock=clock)
    pauses = [event for event in events if isinstance(event, Paused)]
    assert len(pauses) == len(_pauses(server.throttled))
    assert all(1 <= pause.seconds <= 1.05 for pause in pauses)
