"""The pause: as long as asked for, once for all, and no rush after it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifik_async.limiter.gate import Gate

SECONDS = st.floats(0, 4000)


def closed(*pauses: tuple[float, float | None], jitter: float = 0.0) -> Gate:
    """A gate that was told to pause at these times for so long."""
    gate = Gate()
    for now, asked in pauses:
        gate.close(now=now, asked=asked, status=429, jitter=jitter)
    return gate


@given(
    pauses=st.lists(st.tuples(st.floats(0, 10), SECONDS), min_size=1, max_size=8),
    jitter=st.floats(0, 1),
)
def test_no_retry_after_is_undercut(
    pauses: list[tuple[float, float]], jitter: float
) -> None:
    """Whatever the order of the answers, the gate opens after the last of them."""
    pauses.sort()
    gate = closed(*pauses, jitter=jitter)
    least = max(now + asked for now, asked in pauses)
    now = pauses[-1][0]
    assert gate.wait(now) >= least - now - 1e-9


@given(asked=SECONDS, jitter=st.floats(0, 1))
def test_a_pause_is_drawn_out_by_a_second_at_the_most(
    asked: float, jitter: float
) -> None:
    """Others were told the same; but nobody waits twice as long for that."""
    gate = closed((0.0, asked), jitter=jitter)
    assert asked <= gate.wait(0.0) <= asked + min(1.0, 0.05 * asked) + 1e-9


def test_answers_of_one_flight_make_one_pause() -> None:
    """Those that come during the pause stretch it to what they ask, no further."""
    gate = closed((0.0, 2.0), (0.05, 2.0), (0.08, None), (0.09, 0.0))
    assert gate.wait(0.0) == gate.until == pytest.approx(2.05)


def test_pauses_in_vain_grow_until_something_is_answered_well() -> None:
    """A server that takes nothing is asked ever more rarely, up to once a minute."""
    gate, now, waits = Gate(), 0.0, list[float]()
    for _ in range(10):
        gate.close(now=now, asked=None, status=429, jitter=0)
        waits.append(gate.wait(now))
        now = gate.opens
    assert waits == [1, 1, 2, 4, 8, 16, 32, 60, 60, 60]
    gate.bore_fruit()
    gate.close(now=now, asked=None, status=429, jitter=0)
    assert gate.wait(now) == 1


@given(asked=st.floats(0.1, 100), late=st.floats(0, 5))
def test_nobody_rushes_after_a_pause(asked: float, late: float) -> None:
    """At most two in the first 10 ms, ten in 40 ms, whenever the first one comes."""
    gate = closed((0.0, asked))
    now, times = gate.opens + late, list[float]()
    while len(times) < 60:
        now += max(0.0, gate.wait(now))
        gate.passed(now)
        times.append(now)
    start = times[0]
    assert sum(time < start + 0.0099 for time in times) == 1
    assert sum(time < start + 0.0101 for time in times) <= 2
    assert sum(time < start + 0.04 for time in times) <= 10


def test_the_restart_comes_to_an_end() -> None:
    """After a second the gate holds back nobody any more."""
    gate = closed((0.0, 1.0))
    assert gate.passed(gate.opens)
    assert not gate.passed(gate.opens + 1.1)
    assert gate.wait(gate.opens) < 0
