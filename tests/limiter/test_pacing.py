"""The pace: even, exact, with a little to be made up for."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifik_async.limiter.pacing import SLACK, Pacer


def paced(pacer: Pacer, arrivals: list[tuple[float, float]]) -> list[float]:
    """When those who come at these times, with these costs, are let pass."""
    now, passed = 0.0, list[float]()
    for gap, cost in arrivals:
        now += gap
        now += max(0.0, pacer.wait(now))
        pacer.take(now, cost)
        passed.append(now)
    return passed


ARRIVALS = st.lists(st.tuples(st.floats(0, 2), st.floats(0.1, 20)), max_size=60)


@given(pace=st.floats(0.5, 500), arrivals=ARRIVALS)
def test_no_span_of_time_sees_more_than_its_share(
    pace: float, arrivals: list[tuple[float, float]]
) -> None:
    """Between any two: what the pace allows, the slack, and the last one."""
    pacer = Pacer()
    pacer.pace = pace
    times = paced(pacer, arrivals)
    costs = [cost for _, cost in arrivals]
    for first, last in itertools.combinations(range(len(times)), 2):
        between = times[last] - times[first]
        spent = math.fsum(costs[first:last])
        assert spent <= pace * (between + SLACK) * 1.0001 + 0.001


@given(pace=st.floats(0.5, 500), count=st.integers(1, 60))
def test_whoever_waits_gets_all_of_the_pace(pace: float, count: int) -> None:
    """With always somebody waiting, nothing of the pace is lost."""
    pacer = Pacer()
    pacer.pace = pace
    times = paced(pacer, [(0.0, 1.0)] * count)
    assert times[-1] <= (count - 1) / pace + 1e-6


def test_no_pace_is_any_pace() -> None:
    """Nobody waits without one, and nothing is remembered."""
    pacer = Pacer()
    assert paced(pacer, [(0.0, 1e9)] * 5) == [0.0] * 5
    pacer.pace = 1.0
    assert pacer.wait(0.0) <= 0


def test_what_did_not_go_is_given_back() -> None:
    """After a refund the next waits as if the one had never come."""
    pacer = Pacer()
    pacer.pace = 10.0
    pacer.take(0.0, 1)
    before = pacer.wait(0.0)
    pacer.take(0.0, 1)
    pacer.refund(1)
    assert math.isclose(pacer.wait(0.0), before)


def test_nothing_is_made_up_for_after_a_hold() -> None:
    """A pause is no time in which something could be saved up."""
    pacer = Pacer()
    pacer.pace = 100.0
    pacer.hold(5.0)
    assert math.isclose(pacer.wait(0.0), 5.0)
    times = [5.0 + time for time in paced_from(pacer, 5.0, 4)]
    gaps = [later - sooner for sooner, later in itertools.pairwise(times)]
    assert all(math.isclose(gap, 0.01) for gap in gaps)


def paced_from(pacer: Pacer, start: float, count: int) -> list[float]:
    """When so many pass who all wait from `start`, counted from there."""
    now, passed = start, list[float]()
    for _ in range(count):
        now += max(0.0, pacer.wait(now))
        pacer.take(now, 1)
        passed.append(now - start)
    return passed


@pytest.mark.parametrize(("pace", "wait"), [(10, 0.1), (0.01, 100), (None, 0)])
def test_a_debt_is_paid_at_the_pace_of_now(pace: float | None, wait: float) -> None:
    """After a slow pace nobody waits longer than the new one asks; nor shorter."""
    pacer = Pacer()
    pacer.pace = 0.1
    pacer.take(100, 1)
    pacer.pace = pace
    assert pacer.wait(100) == pytest.approx(wait - SLACK if wait else 0)
    pacer.pace = None
    pacer.pace = 1
    assert pacer.wait(100) <= 0


def test_what_is_held_is_held_at_any_pace() -> None:
    """It is a time, and no debt."""
    pacer = Pacer()
    pacer.pace = 1
    pacer.take(100, 1)
    pacer.hold(105)
    pacer.pace = 1000
    assert pacer.wait(100) == pytest.approx(5)
