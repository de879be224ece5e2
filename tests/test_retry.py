"""Which attempts may be followed by another, and after how long."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifik_async import (
    AuthenticationError,
    ConfigurationError,
    ConnectError,
    ConnectionLostError,
    ConnectTimeoutError,
    DuplicatePersonError,
    InvalidRequestError,
    LivenessFailedError,
    RateLimitedError,
    ReadTimeoutError,
    RetryPolicy,
    ServerError,
    TokenExpiredError,
    UnexpectedResponseError,
    VerifikError,
    WriteError,
)
from verifik_async.retry import Retrying

UNKNOWN = [
    ReadTimeoutError("late"),
    ConnectionLostError("lost"),
    ServerError(status=500),
    UnexpectedResponseError(status=200, problems=[]),
]
THROTTLED = RateLimitedError(status=429, retry_after=5)
NOT_SENT = [ConnectError("no"), ConnectTimeoutError("no"), WriteError("no")]
FINAL = [
    InvalidRequestError([]),
    AuthenticationError(status=401),
    TokenExpiredError(status=403),
    DuplicatePersonError(status=409),
    LivenessFailedError(status=409),
]


def named(error: VerifikError) -> str:
    """A test's id."""
    return type(error).__name__


@pytest.mark.parametrize("error", NOT_SENT, ids=named)
def test_what_was_not_sent_is_sent_again(error: VerifikError) -> None:
    """The server cannot have acted: as many attempts as the policy allows."""
    retrying = Retrying(RetryPolicy(max_attempts=3))
    assert retrying.wait_after(error, elapsed=0) is not None
    assert retrying.wait_after(error, elapsed=0) is not None
    assert retrying.wait_after(error, elapsed=0) is None


@pytest.mark.parametrize("error", [*FINAL, *UNKNOWN], ids=named)
def test_refusals_and_unknown_outcomes_are_final(error: VerifikError) -> None:
    """Nothing that the server may have acted on is sent again by default."""
    assert Retrying(RetryPolicy()).wait_after(error, elapsed=0) is None


@pytest.mark.parametrize("error", UNKNOWN, ids=named)
def test_unknown_outcomes_are_sent_again_on_request(error: VerifikError) -> None:
    """With resend, and after a while, for the first may still be at work."""
    wait = Retrying(RetryPolicy(on_unknown="resend")).wait_after(error, elapsed=0)
    assert wait is not None
    assert wait >= 2


@pytest.mark.parametrize("error", [*NOT_SENT, *UNKNOWN, THROTTLED], ids=named)
def test_one_attempt_means_one(error: VerifikError) -> None:
    """With max_attempts=1 nothing is ever sent again, whatever happened."""
    retrying = Retrying(RetryPolicy(max_attempts=1, on_unknown="resend"))
    assert retrying.wait_after(error, elapsed=0) is None


def waits(retrying: Retrying, errors: list[VerifikError]) -> list[bool]:
    """Whether there is another attempt after each of them."""
    return [retrying.wait_after(error, elapsed=0) is not None for error in errors]


def test_being_put_off_uses_up_no_attempts() -> None:
    """429s, however many up to the bound, leave what failed attempts may need."""
    retrying = Retrying(RetryPolicy(max_attempts=3, max_throttled=50))
    refused = ConnectError("no")
    assert all(waits(retrying, [*[THROTTLED] * 25, refused, *[THROTTLED] * 25]))
    assert waits(retrying, [refused, refused]) == [True, False]


@pytest.mark.parametrize("bound", [0, 1, 50])
def test_beyond_the_bound_being_put_off_counts(bound: int) -> None:
    """A call makes no more than max_attempts + max_throttled requests."""
    retrying = Retrying(RetryPolicy(max_attempts=3, max_throttled=bound))
    again = waits(retrying, [THROTTLED] * (bound + 3))
    assert again == [True] * (bound + 2) + [False]


def test_being_put_off_is_not_waited_out_twice() -> None:
    """The first wait after a 429 is what it asks for; back-off does not add to it."""
    retrying = Retrying(RetryPolicy())
    assert retrying.wait_after(THROTTLED, elapsed=0) == 5


@given(
    asked=st.none() | st.floats(0, 200),
    longest=st.floats(0, 200),
    failed=st.integers(0, 8),
)
def test_retry_after_is_never_undercut(
    asked: float | None, longest: float, failed: int
) -> None:
    """A wait is at least what was asked for, and at most what the policy allows."""
    policy = RetryPolicy(max_attempts=10, max_wait=longest, max_elapsed=10_000)
    retrying = Retrying(policy)
    for _ in range(failed):
        retrying.wait_after(ConnectError("no"), elapsed=0)
    error = RateLimitedError(status=429, retry_after=asked)
    wait = retrying.wait_after(error, elapsed=0)
    if asked is not None and asked > longest:
        assert wait is None
    else:
        assert wait is not None
        assert (asked or 0) <= wait <= longest


def test_waits_grow_and_stay_bounded() -> None:
    """The mean wait grows with the failures, up to eight seconds."""

    def wait(failures: int) -> float:
        retrying = Retrying(RetryPolicy(max_attempts=99))
        waits = [
            retrying.wait_after(ConnectError("no"), elapsed=0) for _ in range(failures)
        ]
        return waits[-1] or 0

    early = [wait(1) for _ in range(200)]
    late = [wait(9) for _ in range(200)]
    assert max(early) <= 0.5
    assert max(late) <= 8
    assert math.fsum(late) > 4 * math.fsum(early)


def test_no_attempt_begins_after_the_time_is_up() -> None:
    """max_elapsed bounds the start of the next attempt, its wait included."""
    retrying = Retrying(RetryPolicy(max_elapsed=10))
    error = RateLimitedError(status=429, retry_after=5)
    assert retrying.wait_after(error, elapsed=5.1) is None
    assert retrying.wait_after(error, elapsed=0) is not None


@pytest.mark.parametrize("later", [*FINAL[:2], *NOT_SENT, FINAL[-1]], ids=named)
def test_a_later_refusal_does_not_settle_an_unknown(later: VerifikError) -> None:
    """Once an answer was lost, only a person or a duplicate tells what became."""
    retrying = Retrying(RetryPolicy(on_unknown="resend"))
    lost = ReadTimeoutError("late")
    retrying.wait_after(lost, elapsed=0)
    retrying.wait_after(later, elapsed=0)
    verdict = retrying.verdict(later)
    assert verdict is lost
    assert verdict.__cause__ is later


def test_a_duplicate_after_an_unknown_may_be_our_own() -> None:
    """The person found may be the one that the lost attempt enrolled."""
    retrying = Retrying(RetryPolicy(on_unknown="resend"))
    retrying.wait_after(ReadTimeoutError("late"), elapsed=0)
    duplicate = DuplicatePersonError(status=409)
    assert retrying.verdict(duplicate) is duplicate
    assert duplicate.may_be_own_write


def test_a_duplicate_after_a_refused_connection_is_another() -> None:
    """An attempt that was not sent enrolled nobody."""
    retrying = Retrying(RetryPolicy())
    retrying.wait_after(ConnectError("no"), elapsed=0)
    duplicate = DuplicatePersonError(status=409)
    assert retrying.verdict(duplicate) is duplicate
    assert not duplicate.may_be_own_write


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_attempts": 0},
        {"max_attempts": True},
        {"on_unknown": "replay"},
        {"max_wait": -1},
        {"max_wait": math.nan},
        {"max_elapsed": math.inf},
        {"max_throttled": -1},
        {"max_throttled": True},
    ],
)
def test_policies_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    """A policy that exists makes sense."""
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        RetryPolicy(**wrong)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
