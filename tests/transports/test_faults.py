"""The vocabulary of faults: what each one does, and to whom."""

from __future__ import annotations

import pytest
from strategies import request_of

from verifik_async import (
    ConfigurationError,
    ConnectError,
    ConnectionLostError,
    ConnectTimeoutError,
    Fault,
    HttpResponse,
    Late,
    Outcome,
    OutcomeUnknownError,
    RateLimitedError,
    ReadTimeoutError,
    RetryPolicy,
    ScriptedTransport,
    ServerError,
    Timeout,
    UnexpectedResponseError,
    VerifikClient,
    VerifikError,
    WriteError,
)
from verifik_async.sandbox import World
from verifik_async.testing import VirtualClock
from verifik_async.transports.faults import (
    BEFORE_THE_SERVER,
    NEEDS_AN_ANSWER,
    effect,
    waits,
)

ENDS_AS = {
    Fault.REFUSED: (ConnectError, Outcome.NOT_SENT),
    Fault.DNS: (ConnectError, Outcome.NOT_SENT),
    Fault.CONNECT_TIMEOUT: (ConnectTimeoutError, Outcome.NOT_SENT),
    Fault.RESET_WHILE_SENDING: (WriteError, Outcome.NOT_SENT),
    Fault.RESET_WHILE_WAITING: (ConnectionLostError, Outcome.UNKNOWN),
    Fault.READ_TIMEOUT: (ReadTimeoutError, Outcome.UNKNOWN),
    Fault.GARBAGE_STATUS_LINE: (ConnectionLostError, Outcome.UNKNOWN),
    Fault.TRUNCATED_BODY: (ConnectionLostError, Outcome.UNKNOWN),
    Fault.TRUNCATED_JSON: (UnexpectedResponseError, Outcome.UNKNOWN),
    Fault.HTML_502: (ServerError, Outcome.UNKNOWN),
    Fault.EMPTY_200: (UnexpectedResponseError, Outcome.UNKNOWN),
    Fault.HUGE_BODY: (UnexpectedResponseError, Outcome.UNKNOWN),
    Fault.LOST_ANSWER: (ConnectionLostError, Outcome.UNKNOWN),
    Fault.INTERNAL_ERROR: (ServerError, Outcome.UNKNOWN),
    Fault.RATE_LIMITED: (RateLimitedError, Outcome.REJECTED),
    Fault.UNAVAILABLE: (RateLimitedError, Outcome.REJECTED),
}
"""What a caller who sends once gets, by the tree in `errors` and the reference."""

ANSWERED = {
    Fault.TRUNCATED_JSON: 200,
    Fault.HTML_502: 502,
    Fault.EMPTY_200: 200,
    Fault.INTERNAL_ERROR: 500,
    Fault.RATE_LIMITED: 429,
    Fault.UNAVAILABLE: 503,
}
"""Faults that a transport carries as answers, and their status."""


def test_every_fault_is_in_these_tables() -> None:
    """A new fault is documented here; a slow answer is no fault in the end."""
    assert set(ENDS_AS) == set(Fault) - {Fault.SLOW_BODY}
    assert set(ANSWERED) < set(ENDS_AS)


@pytest.mark.parametrize("fault", ENDS_AS)
async def test_a_caller_gets_the_documented_error(fault: Fault) -> None:
    """Through transport and codec each fault ends as one class, with its outcome."""
    transport, clock = ScriptedTransport([fault], clock=VirtualClock()), VirtualClock()
    once = RetryPolicy(max_attempts=1)
    client = VerifikClient("token", transport, retry=once, clock=clock)
    with pytest.raises(VerifikError) as caught:
        await client.enroll(request_of())
    error, (kind, outcome) = caught.value, ENDS_AS[fault]
    assert type(error) is kind
    assert error.outcome is outcome
    assert isinstance(error, OutcomeUnknownError) is (outcome is Outcome.UNKNOWN)


@pytest.mark.parametrize("fault", ENDS_AS)
def test_an_effect_is_an_answer_or_a_new_error(fault: Fault) -> None:
    """Answers have the documented status; errors are one's own, to note attempts on."""
    happens = effect(fault)
    if isinstance(happens, HttpResponse):
        assert ANSWERED[fault] == happens.status
        return
    assert fault not in ANSWERED
    assert type(happens) is ENDS_AS[fault][0]
    assert effect(fault) is not happens


def test_faults_before_the_server_are_those_without_a_connection() -> None:
    """Exactly the faults that end without a connection need no server to be played."""
    no_connection = {
        fault
        for fault, (kind, _) in ENDS_AS.items()
        if kind in (ConnectError, ConnectTimeoutError)
    }
    assert no_connection == BEFORE_THE_SERVER
    assert {ENDS_AS[fault][1] for fault in BEFORE_THE_SERVER} == {Outcome.NOT_SENT}


def test_faults_that_need_an_answer() -> None:
    """Only a slow and a lost answer let the server act first."""
    assert {Fault.SLOW_BODY, Fault.LOST_ANSWER} == NEEDS_AN_ANSWER
    assert not NEEDS_AN_ANSWER & BEFORE_THE_SERVER


def test_a_slow_body_has_no_effect_of_its_own() -> None:
    """Without an answer there is nothing to be slow with."""
    with pytest.raises(ConfigurationError, match="needs an answer"):
        effect(Fault.SLOW_BODY)


@pytest.mark.parametrize("step", [Fault.SLOW_BODY, Late(Fault.SLOW_BODY, 1)])
def test_a_script_refuses_a_slow_body_at_once(step: Fault | Late) -> None:
    """A step that can't be played is refused where the script is written."""
    with pytest.raises(ConfigurationError, match=r"Late\(answer, seconds\)"):
        ScriptedTransport([HttpResponse(status=200), step])


@pytest.mark.parametrize("fault", Fault)
def test_only_timeouts_take_their_time(fault: Fault) -> None:
    """A timeout shows after its limit; all else at once."""
    expected = {Fault.CONNECT_TIMEOUT: 3, Fault.READ_TIMEOUT: 8}.get(fault, 0)
    assert waits(fault, connect=3, read=8) == expected


@pytest.mark.parametrize("fault", ENDS_AS)
async def test_a_script_passes_the_limits_of_the_request(fault: Fault) -> None:
    """On the transport's clock a timeout takes as long as the request allows."""
    clock = VirtualClock()
    client = VerifikClient(
        "token",
        ScriptedTransport([fault], clock=clock),
        timeout=Timeout(connect=11, read=22),
        retry=RetryPolicy(max_attempts=1),
    )
    with pytest.raises(VerifikError):
        await client.enroll(request_of())
    assert clock.monotonic() == waits(fault, connect=11, read=22)


@pytest.mark.parametrize("fault", [Fault.RATE_LIMITED, Fault.UNAVAILABLE])
@pytest.mark.parametrize(("seconds", "text"), [(1, "1"), (30, "30"), (2.5, "2.5")])
def test_retry_after_is_told(fault: Fault, seconds: float, text: str) -> None:
    """The two refusals for now say how long to wait."""
    happens = effect(fault, retry_after=seconds)
    assert isinstance(happens, HttpResponse)
    assert happens.headers["retry-after"] == text
    assert happens.headers["content-type"] == "application/json"


@pytest.mark.parametrize("fault", sorted(set(ANSWERED) - {Fault.RATE_LIMITED}))
def test_other_answers_tell_no_time(fault: Fault) -> None:
    """Only refusals for now carry Retry-After: on a 500 it would be a promise."""
    happens = effect(fault)
    assert isinstance(happens, HttpResponse)
    assert ("retry-after" in happens.headers) is (fault is Fault.UNAVAILABLE)


def test_the_sandbox_speaks_the_same_language() -> None:
    """A sandbox can be armed with each fault that a server can play."""
    world = World()
    for fault in set(Fault) - BEFORE_THE_SERVER:
        world.arm(fault)
