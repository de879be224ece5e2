"""Limits as a value: what is refused, and what is the stricter of two."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifik_async import ConfigurationError, Limits

RATES = st.none() | st.floats(0.1, 1e4)
COUNTS = st.integers(1, 500)
LIMITS = st.builds(
    Limits,
    rate=RATES,
    concurrency=st.none() | st.just("auto") | COUNTS,
    bytes_per_second=RATES,
    max_concurrency=COUNTS,
)


@pytest.mark.parametrize(
    "wrong",
    [
        {"rate": 0},
        {"rate": math.nan},
        {"rate": math.inf},
        {"rate": True},
        {"rate": "10"},
        {"bytes_per_second": -1},
        {"concurrency": 0},
        {"concurrency": True},
        {"concurrency": 1.5},
        {"concurrency": "all"},
        {"max_concurrency": 0},
        {"max_concurrency": None},
    ],
)
def test_values_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    """Limits that exist make sense."""
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        Limits(**wrong)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def strict(one: float | None, other: float | None) -> float | None:
    """The smaller, where none is no limit."""
    given = [value for value in (one, other) if value is not None]
    return min(given) if given else None


@given(one=LIMITS, other=LIMITS)
def test_tightened_limits_are_the_stricter_of_both(one: Limits, other: Limits) -> None:
    """In every respect, whichever of them comes first."""
    both = one.tightened(other)
    assert both.rate == strict(one.rate, other.rate)
    assert both.bytes_per_second == strict(one.bytes_per_second, other.bytes_per_second)
    assert both.widest == strict(one.widest, other.widest)
    assert both.adaptive == (one.adaptive or other.adaptive)
    assert both.widest == other.tightened(one).widest


def test_a_default_is_no_limit_to_others() -> None:
    """What a client without limits could go up to does not bind a batch's."""
    wide = Limits(concurrency="auto", max_concurrency=500)
    assert Limits().tightened(wide) == wide
    assert Limits(concurrency=8).tightened(wide).widest == 8
    assert Limits().widest is None


@pytest.mark.parametrize(
    ("limits", "learns"),
    [
        (Limits(), False),
        (Limits(bytes_per_second=1e6), False),
        (Limits(rate=5), True),
        (Limits(concurrency=5), True),
        (Limits(concurrency="auto"), True),
    ],
)
def test_only_limited_clients_learn(limits: Limits, *, learns: bool) -> None:
    """A service without limits is not held to its own quiet hours after a 429."""
    assert limits.learns is learns
