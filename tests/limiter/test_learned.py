"""The learned rate: below what was answered, back soon, then probing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifik_async.limiter.learned import LearnedRate
from verifik_async.limiter.meter import Meter


def learned(*throttled: tuple[int, float, float], grown: float = 0.0) -> LearnedRate:
    """What is learned from 429s: answers, in how long, and since when."""
    rate = LearnedRate()
    for answers, seconds, after in throttled:
        rate.throttled(answers=answers, seconds=seconds, after=after)
    rate.grow(grown)
    return rate


def rate_of(rate: LearnedRate) -> float:
    """The rate, which has to be known."""
    assert rate.rate is not None
    return rate.rate


def test_nothing_is_known_before_the_first() -> None:
    """No 429, no limit; and none from a server that answered nothing else."""
    assert LearnedRate().rate is None
    assert learned((0, 5.0, 5.0)).rate is None


@given(
    answers=st.integers(1, 10_000),
    seconds=st.floats(0.1, 10),
    after=st.floats(0, 100),
    grown=st.floats(0, 100),
    again=st.integers(1, 100_000),
)
def test_a_429_only_ever_lowers_the_rate(
    answers: int, seconds: float, after: float, grown: float, again: int
) -> None:
    """However much had been answered, it is less than before."""
    rate = learned((answers, seconds, after), grown=grown)
    before = rate_of(rate)
    rate.throttled(answers=again, seconds=1.0, after=after)
    assert rate_of(rate) < before


@given(answers=st.integers(1, 10_000), grown=st.lists(st.floats(0.01, 20), max_size=30))
def test_it_only_ever_grows_between_two(answers: int, grown: list[float]) -> None:
    """From cut to top to beyond, without a step back."""
    rate = learned((answers, 1.0, 5.0))
    for seconds in grown:
        before = rate_of(rate)
        rate.grow(seconds)
        assert rate_of(rate) >= before


def test_a_sequel_is_cut_deeper() -> None:
    """A 429 right after the last one's pause says that the cut was not enough."""
    once, soon = (1000, 5.0, 10.0), (100, 0.5, 0.5)
    assert rate_of(learned(once)) == pytest.approx(200 * 0.97 * 0.9)
    assert rate_of(learned(once, soon)) < 0.75 * rate_of(learned(once))


def seconds_to(rate: LearnedRate, wanted: float) -> float:
    """How long it grows until it is so much."""
    seconds = 0.0
    while rate_of(rate) < wanted:
        rate.grow(0.1)
        seconds += 0.1
    return seconds


def test_a_confirmed_rate_is_probed_less_often() -> None:
    """429s at the same rate, one after the other, take ever longer to come back."""
    rate, took = learned((1000, 5.0, 10.0)), list[float]()
    for _ in range(4):
        took.append(seconds_to(rate, 205))
        rate.throttled(answers=1030, seconds=5.0, after=took[-1])
    assert took == sorted(took)
    assert took[-1] > 3 * took[0]


def test_a_rate_that_had_been_higher_is_back_soon() -> None:
    """A short fall is not taken for a new quota; a long one is."""
    high, low = (1000, 5.0, 10.0), (500, 5.0, 3.0)
    short, long = learned(high, low), learned(high, *[low] * 20)
    assert seconds_to(short, 200) < 10
    assert seconds_to(long, 200) > 2 * seconds_to(learned(high, low), 200)


def test_small_quotas_are_probed_by_requests_not_by_seconds() -> None:
    """At one a second it takes a hundred seconds to be back."""
    rate = learned((100, 100.0, 100.0), (100, 100.0, 100.0))
    assert seconds_to(rate, 0.93) > 90


def test_little_evidence_is_outgrown_soon() -> None:
    """A 429 to one of the first handful says next to nothing about the rate."""
    assert seconds_to(learned((2, 0.1, 0.05)), 200) < 5


def test_what_is_steady_is_counted_over_longer() -> None:
    """So a burst weighs less; while the rate runs up, only the latest tells."""
    rate = LearnedRate()
    assert rate.window == 0
    rate = learned((1000, 5.0, 10.0), grown=3.0)
    assert rate.window == 5.0 / 4
    rate.grow(100.0)
    assert rate.window == 0


def test_the_meter_counts_the_last_windows() -> None:
    """Old answers are forgotten, the span of time is the one that was counted."""
    meter = Meter(100.0)
    for tenth in range(100):
        meter.answered(100 + tenth / 10)
    for hundredth in range(300):
        meter.answered(110 + hundredth / 100)
    answers, seconds = meter.counted(113.0)
    assert answers / seconds == pytest.approx(100, rel=0.05)
    assert 1 <= seconds <= 2.1
    meter.restart(200.0)
    assert meter.counted(200.0) == (0, 0.1)
    assert meter.running(203.0) == 3.0


def test_a_window_has_some_answers() -> None:
    """At one answer a second, a second's count would be chance."""
    meter = Meter(0.0)
    for second in range(60):
        meter.answered(float(second))
    answers, seconds = meter.counted(60.0)
    assert answers >= 8
    assert answers / seconds == pytest.approx(1, rel=0.2)


def test_a_longer_window_can_be_asked_for() -> None:
    """What is steady is counted over longer, so that a burst weighs less."""
    meter = Meter(0.0)
    meter.window = 5.0
    for tenth in range(200):
        meter.answered(tenth / 10)
    assert meter.counted(20.0)[1] >= 5
