"""The width: doubles while it goes well and is used, shrinks on trouble."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifik_async.limiter.width import AdaptiveWidth


def answer(
    width: AdaptiveWidth, *, rounds: int = 1, seconds: float = 0.05, used: float = 1.0
) -> None:
    """Rounds of answers, with so much of the width in flight."""
    for _ in range(rounds):
        for _ in range(width.now):
            in_flight = max(1, round(width.now * used))
            width.worked(seconds=seconds, in_flight=in_flight)


def test_it_doubles_with_each_round_up_to_the_most() -> None:
    """From four: eight, sixteen, and so on."""
    width, seen = AdaptiveWidth(40), list[int]()
    for _ in range(5):
        seen.append(width.now)
        answer(width)
    assert seen == [4, 8, 16, 32, 40]


def test_less_than_four_may_be_the_most() -> None:
    """A client of one connection has one."""
    width = AdaptiveWidth(1)
    answer(width, rounds=5)
    assert width.now == 1


def test_it_grows_by_one_with_each_round_after_trouble() -> None:
    """And never doubles again."""
    width = AdaptiveWidth(64)
    answer(width, rounds=2)
    width.cut(0.9)
    before = width.now
    answer(width, rounds=10)
    assert before + 7 <= width.now <= before + 10


@pytest.mark.parametrize("cut", [False, True])
def test_what_is_not_used_does_not_grow(*, cut: bool) -> None:
    """With less than half of it in flight nothing is learned about it."""
    width = AdaptiveWidth(64)
    answer(width, rounds=2)
    if cut:
        width.cut(0.9)
    before = width.now
    answer(width, rounds=50, used=0.4)
    assert width.now == before


def test_doubling_ends_where_a_queue_begins() -> None:
    """A round that takes twice as long as it could is taken back, and told once."""
    width = AdaptiveWidth(64)
    answer(width, rounds=2)
    assert width.now == 16
    ended = [width.worked(seconds=0.2, in_flight=16) for _ in range(16)]
    assert ended == [False] * 15 + [True]
    assert width.now == 16
    answer(width, rounds=3, seconds=0.2)
    assert width.now == 16


def test_times_that_stay_longer_become_the_rule() -> None:
    """A collection that grew is no queue for ever."""
    width = AdaptiveWidth(64)
    answer(width, rounds=2)
    answer(width, rounds=20, seconds=0.15)
    assert width.now == 16
    answer(width, rounds=40, seconds=0.15)
    assert width.now > 16


@given(
    most=st.integers(1, 100),
    events=st.lists(
        st.tuples(st.sampled_from(["work", "cut"]), st.floats(0.001, 5)), max_size=200
    ),
)
def test_it_stays_between_one_and_the_most(
    most: int, events: list[tuple[str, float]]
) -> None:
    """Whatever happens."""
    width = AdaptiveWidth(most)
    for what, value in events:
        if what == "cut":
            width.cut(min(value, 0.99))
        else:
            width.worked(seconds=value, in_flight=width.now)
        assert 1 <= width.now <= most


def test_the_most_can_be_changed() -> None:
    """A stricter limit holds at once, a looser one lets it grow again."""
    width = AdaptiveWidth(64)
    answer(width, rounds=4)
    width.bound(10)
    assert width.now == 10
    width.bound(64)
    answer(width, rounds=1)
    assert width.now == 20
