"""The lookout: which outcomes are too much, and what it says then."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs
import pytest
from batch_runs import error_of
from hypothesis import given
from hypothesis import strategies as st

from verifik_async import (
    BatchOutcome,
    ConfigurationError,
    ConnectError,
    DuplicatePersonError,
    LivenessFailedError,
    OutcomeStatus,
    OutcomeUnknownError,
    ParameterError,
    RateLimitedError,
    ReadTimeoutError,
    ServerError,
    VerifikError,
)
from verifik_async.batch.outcomes import status_of
from verifik_async.batch.stops import Lookout, Stop, StopRules

NO_RULES = StopRules(canary=None, max_failure_rate=None, outage_after=None)
ENROLLED = BatchOutcome(index=0, status=OutcomeStatus.ENROLLED)


def met(kind: type[VerifikError]) -> BatchOutcome:
    """The outcome of somebody who met this error."""
    error = error_of(kind)
    return BatchOutcome(index=0, status=status_of(error), error=error)


def stops(rules: StopRules, outcomes: Sequence[BatchOutcome]) -> list[Stop | None]:
    """What the lookout says of each."""
    lookout = Lookout(rules)
    return [lookout.see(outcome) for outcome in outcomes]


def only(found: Sequence[Stop | None]) -> tuple[int, Stop]:
    """The one stop, and after how many outcomes it came."""
    ((count, stop),) = [(i, stop) for i, stop in enumerate(found, 1) if stop]
    return count, stop


OUT_OF_RANGE: list[tuple[str, Callable[[], StopRules]]] = [
    ("canary", lambda: StopRules(canary=0)),
    ("canary", lambda: StopRules(canary=True)),
    ("canary_share", lambda: StopRules(canary_share=0.5)),
    ("canary_share", lambda: StopRules(canary_share=1.1)),
    ("canary_share", lambda: StopRules(canary_share=True)),
    ("canary_width", lambda: StopRules(canary_width=0)),
    ("max_failures", lambda: StopRules(max_failures=-1)),
    ("max_failure_rate", lambda: StopRules(max_failure_rate=1.0)),
    ("max_reject_rate", lambda: StopRules(max_reject_rate=float("nan"))),
    ("window", lambda: StopRules(window=0)),
    ("minimum", lambda: StopRules(minimum=201)),
    ("outage_after", lambda: StopRules(outage_after=0)),
    ("outage_span", lambda: StopRules(outage_span=-1)),
    ("outage_span", lambda: StopRules(outage_span=float("inf"))),
    ("max_outage", lambda: StopRules(max_outage=0)),
    ("max_outage", lambda: StopRules(max_outage=float("inf"))),
]


@pytest.mark.parametrize(("field", "make"), OUT_OF_RANGE)
def test_rules_out_of_range_are_refused(
    field: str, make: Callable[[], StopRules]
) -> None:
    """A limit that can't be meant is told by name, before anything is sent."""
    with pytest.raises(ConfigurationError, match=rf"StopRules\.{field} must"):
        make()


def test_none_switches_a_rule_off() -> None:
    """With all of them off, nothing stops a run."""
    rules = StopRules(
        canary=None,
        max_failures=None,
        max_failure_rate=None,
        max_reject_rate=None,
        outage_after=None,
        max_outage=None,
    )
    kinds = (ConnectError, ServerError, ParameterError)
    assert not any(stops(rules, [met(kind) for kind in kinds for _ in range(300)]))


def test_more_failures_than_are_borne_stop_the_run() -> None:
    """It is told how many, of which kinds, what is likely, and what to do."""
    rules = attrs.evolve(NO_RULES, max_failures=5)
    failures = [met(ConnectError)] * 4 + [met(ReadTimeoutError), met(ConnectError)]
    outcomes = [*[ENROLLED] * 1000, *failures[:5], *[ENROLLED] * 9, failures[5]]
    count, stop = only(stops(rules, outcomes))
    assert count == len(outcomes)
    assert stop.rule == "max_failures"
    assert stop.reason == (
        "6 persons failed or ended unknown, more than the 5 allowed by max_failures "
        "(ConnectError 5, ReadTimeoutError 1): most likely the network or the service "
        "is down. To do: check the network, the proxy and the base URL. Then run "
        "again: whoever was not attempted is still to come."
    )
    assert isinstance(stop.error, ConnectError)


def test_no_failure_may_be_borne() -> None:
    """With 0 the first one stops the run."""
    rules = attrs.evolve(NO_RULES, max_failures=0)
    assert only(stops(rules, [ENROLLED, met(ServerError)]))[0] == 2


@pytest.mark.parametrize(
    "outcome",
    [
        BatchOutcome(index=0, status=OutcomeStatus.SKIPPED),
        BatchOutcome(index=0, status=OutcomeStatus.NOT_ATTEMPTED),
        BatchOutcome(index=0, status=OutcomeStatus.UNKNOWN),
        BatchOutcome(index=0, status=OutcomeStatus.FAILED),
    ],
)
def test_only_what_this_run_attempted_counts(outcome: BatchOutcome) -> None:
    """Skipped, not attempted, or lost by an earlier run: neither good nor bad."""
    rules = StopRules(max_failures=0, max_failure_rate=0, max_reject_rate=0, minimum=1)
    lookout = Lookout(rules)
    for _ in range(300):
        assert lookout.see(outcome) is None
    assert lookout.width == rules.canary_width


def test_the_failure_rate_is_that_of_the_last_persons() -> None:
    """What lies further back is forgotten; a quarter is borne, more is not."""
    rules = attrs.evolve(NO_RULES, max_failure_rate=0.25, window=40, minimum=20)
    long_ago = [*[ENROLLED] * 300, *[met(ServerError), *[ENROLLED] * 3] * 50]
    assert not any(stops(rules, long_ago))
    count, stop = only(stops(rules, [*long_ago, met(ServerError), met(ConnectError)]))
    assert count == len(long_ago) + 2
    assert stop.rule == "max_failure_rate"
    assert stop.reason.startswith(
        "11 of the last 40 persons failed or ended unknown, more than 25% "
        "(ServerError 10, ConnectError 1): most likely the service is in trouble"
    )
    assert isinstance(stop.error, ServerError)


def test_a_rate_needs_so_many_persons() -> None:
    """Nobody knows a rate of three."""
    rules = attrs.evolve(NO_RULES, max_failure_rate=0.25, window=40, minimum=20)
    count, stop = only(stops(rules, [met(ServerError)] * 30))
    assert count == 20
    assert "20 of the last 20" in stop.reason


@pytest.mark.parametrize(
    "kind", [ParameterError, DuplicatePersonError, LivenessFailedError]
)
def test_refusals_are_no_failures(kind: type[VerifikError]) -> None:
    """The server's no is a decision: it works, and only `max_reject_rate` minds."""
    people = [*[ENROLLED] * 30, *[met(kind)] * 300]
    rules = attrs.evolve(NO_RULES, max_failures=0, max_failure_rate=0)
    assert not any(stops(rules, people))
    strict = attrs.evolve(NO_RULES, max_reject_rate=0.5)
    count, stop = only(stops(strict, people))
    assert count == 61
    assert stop.rule == "max_reject_rate"
    assert "31 of the last 61 persons were refused, more than 50%" in stop.reason
    assert type(stop.error) is kind


def test_an_outage_is_for_the_breaker_and_no_matter_of_rates() -> None:
    """Of failures in a row only the first ten count, so that it can be waited for."""
    bad = [met(ConnectError)] * 190
    assert not any(stops(StopRules(), [*[ENROLLED] * 40, *bad]))
    without = StopRules(outage_after=None)
    assert only(stops(without, [*[ENROLLED] * 40, *bad]))[0] == 54


def test_refusals_of_persons_lost_before_are_no_outage() -> None:
    """They stay `unknown`, but the server answers: there is nothing to wait for."""
    error = OutcomeUnknownError("an earlier run sent this person")
    error.__cause__ = ParameterError(status=409, reason="collection_not_set")
    lost = BatchOutcome(index=0, status=status_of(error), error=error)
    rules = StopRules(canary=None)
    count, stop = only(stops(rules, [*[ENROLLED] * 100, *[lost] * 90]))
    assert count == 134
    assert "(ParameterError collection_not_set 34)" in stop.reason


def test_outage_after_outage_is_too_many_failures() -> None:
    """A service that answers one in many is not waited for again and again."""
    flapping = [*[met(ServerError)] * 30, ENROLLED, ENROLLED] * 20
    count, stop = only(stops(StopRules(), [*[ENROLLED] * 100, *flapping]))
    assert stop.rule == "max_failure_rate"
    assert count < 300


def test_a_run_is_stopped_once() -> None:
    """Whatever comes after, the first reason is the reason."""
    rules = attrs.evolve(NO_RULES, max_failures=3, max_failure_rate=0.1, minimum=4)
    assert only(stops(rules, [met(ServerError)] * 100))[1].rule == "max_failures"


def test_the_kind_that_comes_most_is_the_one_explained() -> None:
    """Few others do not hide it, and more than three kinds are summed up."""
    kinds = [ServerError, OutcomeUnknownError, ReadTimeoutError, ConnectError]
    failures = [*[met(RateLimitedError)] * 5, *map(met, kinds)]
    rules = attrs.evolve(NO_RULES, max_failures=8)
    _, stop = only(stops(rules, failures))
    assert "others 2" in stop.reason
    assert "quota" in stop.reason
    rate = attrs.evolve(NO_RULES, max_failure_rate=0.0, minimum=9)
    _, by_rate = only(stops(rate, failures))
    assert "quota" in by_rate.reason
    assert isinstance(by_rate.error, RateLimitedError)


def test_an_error_of_no_known_kind_has_a_reason_too() -> None:
    """A text always tells what to do."""
    rules = attrs.evolve(NO_RULES, max_failures=0)
    _, stop = only(stops(rules, [met(OutcomeUnknownError)]))
    assert "see the outcomes" in stop.reason


KINDS = st.sampled_from([None, None, ConnectError, ServerError, ParameterError])


@given(
    st.lists(KINDS, max_size=120),
    st.integers(1, 30),
    st.integers(1, 30),
    st.sampled_from([0, 0.25, 0.5, 0.9]),
)
def test_rates_are_those_of_counting_anew(
    kinds: list[type[VerifikError] | None], window: int, minimum: int, most: float
) -> None:
    """The lookout says stop where counting the last persons says so, and not before."""
    minimum = min(window, minimum)
    rules = attrs.evolve(
        NO_RULES, max_failure_rate=most, window=window, minimum=minimum
    )
    found = stops(rules, [ENROLLED if kind is None else met(kind) for kind in kinds])
    expected = False
    for end in range(1, len(kinds) + 1):
        last = kinds[max(0, end - window) : end]
        bad = sum(kind in (ConnectError, ServerError) for kind in last)
        too_bad = len(last) >= minimum and bad > most * len(last)
        assert (found[end - 1] is not None) == (too_bad and not expected)
        expected = expected or too_bad
