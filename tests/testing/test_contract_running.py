"""What the checks of the contract stand on."""

from __future__ import annotations

import asyncio
import logging
import socket
import unittest
from collections.abc import Sequence

import pytest

from verifik_async import (
    ConnectError,
    Fault,
    HttpResponse,
    Late,
    ScriptedTransport,
    Transport,
    VerifikError,
    testing,
)
from verifik_async.testing import (
    BrokenRuleError,
    Capability,
    NotPlayableError,
    TransportContract,
)
from verifik_async.testing.contract import running
from verifik_async.testing.contract.bench import Bench, expect
from verifik_async.testing.contract.secrets import all_logs, leaks_of

SECRETS = ("a-secret", "another")


async def nothing() -> None:
    """A check that holds."""


async def raise_timeout() -> None:
    """A check with a timeout of its own."""
    raise TimeoutError("mine")


async def hang() -> None:
    """A check that never ends."""
    await asyncio.Event().wait()


def test_a_check_has_a_loop_of_its_own() -> None:
    """The thread's current loop is neither used nor replaced."""
    theirs = asyncio.new_event_loop()
    asyncio.set_event_loop(theirs)
    running.run(nothing, patience=1)
    assert asyncio.get_event_loop() is theirs
    theirs.close()
    asyncio.set_event_loop(None)


def test_a_check_that_hangs_has_failed() -> None:
    """After its patience a check is over; a timeout of its own is something else."""
    with pytest.raises(BrokenRuleError, match=r"nothing happens any more after 0.05 s"):
        running.run(hang, patience=0.05)
    with pytest.raises(TimeoutError, match="mine"):
        running.run(raise_timeout, patience=1)


def test_every_failure_says_why() -> None:
    """Broken rules and unexpected errors alike end with the reason for the rule."""
    with (
        pytest.raises(BrokenRuleError, match="seen\nWhy it matters: reason"),
        running.explained("reason"),
    ):
        running.require(0, "seen")
    with (
        pytest.raises(BrokenRuleError, match=r"builtins\.KeyError: 'x'\nWhy") as caught,
        running.explained("reason"),
    ):
        raise KeyError("x")
    assert isinstance(caught.value.__cause__, KeyError)


def test_what_a_machine_cannot_play_is_skipped() -> None:
    """A fault that this system can't make says so, instead of failing."""
    with (
        pytest.raises(unittest.SkipTest, match="can't be played here: no queue"),
        running.explained("reason"),
    ):
        raise NotPlayableError("no queue")


def test_a_socket_left_open_is_noticed() -> None:
    """What the collector closes, nobody has closed; what others left is theirs."""
    with pytest.raises(BrokenRuleError, match="left open: unclosed <socket"):
        leave_a_socket()
    with running.nothing_left_open():
        socket.socket().close()


def leave_a_socket() -> None:
    """Open, and forget."""
    with running.nothing_left_open():
        socket.socket()


class ChainedError(VerifikError):
    """An error to hang things on."""


def test_secrets_are_found_wherever_they_hang() -> None:
    """In the text, in attributes however deep, and in what is chained."""
    assert leaks_of(ChainedError("fine"), SECRETS) == []
    told = leaks_of(ChainedError("has a-secret"), SECRETS)
    assert told == ["repr", "str", "traceback", "pickle", "attributes"]
    deep = ChainedError("fine")
    vars(deep)["kept"] = [{"headers": (b"x another x",)}]
    assert leaks_of(deep, SECRETS) == ["vars", "pickle", "attributes"]
    caused = ChainedError("fine")
    caused.__cause__ = KeyError({"token": bytearray(b"a-secret")})
    assert "__cause__ or __context__" in leaks_of(caused, SECRETS)


def test_secrets_of_the_running_program_are_not_the_errors() -> None:
    """Modules, functions and frames lead everywhere, and are not looked through."""
    error = ChainedError("fine")
    error.__cause__ = LookupError(test_secrets_are_found_wherever_they_hang, logging)
    assert leaks_of(error, SECRETS) == []


def test_all_logs_are_heard_and_levels_put_back() -> None:
    """Also of loggers that are quiet, or pass nothing on, or are disabled."""
    quiet = logging.getLogger("quiet.one")
    proud = logging.getLogger("proud.one")
    quiet.setLevel(logging.ERROR)
    proud.propagate = False
    logging.disable(logging.CRITICAL)
    try:
        with all_logs() as texts:
            quiet.debug("said %s", "softly")
            proud.info("said", extra={"person": "loudly"})
    finally:
        logging.disable(logging.NOTSET)
    assert "said softly" in texts[0]
    assert "loudly" in texts[1]
    assert quiet.level == logging.ERROR
    assert proud.handlers == []


class Nobody(TransportContract):
    """Declares nothing, and makes nothing."""


class Unfinished(TransportContract):
    """Declares what it does not make."""

    capabilities = frozenset({Capability.REACHES_URLS})


class Unscripted(TransportContract):
    """Declares what it does not make."""

    capabilities = frozenset({Capability.PLAYS_STEPS})


def test_a_contract_that_declares_nothing_fails() -> None:
    """A suite of skipped checks must not look like one that passes."""
    with pytest.raises(BrokenRuleError, match="capabilities must hold one of"):
        Nobody().test_something_is_declared()
    with pytest.raises(unittest.SkipTest, match="Nobody: not declared: REACHES_URLS"):
        Nobody().test_headers_arrive_once_each()


def test_a_hook_that_is_missing_is_named() -> None:
    """What has to be written is said."""
    with pytest.raises(BrokenRuleError, match=r"needs make_transport\(\)"):
        Unfinished().test_headers_arrive_once_each()
    with pytest.raises(BrokenRuleError, match=r"needs make_scripted\(\)"):
        Unscripted().test_every_status_is_an_answer()


class Endless(Unscripted):
    """Without a limit of requests under way."""

    async def make_scripted(
        self, steps: Sequence[HttpResponse | Fault | Late]
    ) -> Transport:
        """As told."""
        return ScriptedTransport(steps)


def test_a_transport_without_slots_waits_for_none() -> None:
    """Checks of waiting calls are skipped where none has to wait."""

    class Limitless(Endless):
        capabilities = frozenset({Capability.REACHES_URLS})

    for name in (
        "the_wait_for_a_slot_is_not_counted",
        "cancel_while_waiting_for_a_slot",
    ):
        with pytest.raises(unittest.SkipTest, match="slots is None"):
            getattr(Limitless(), f"test_{name}")()
    assert Limitless().wave == 3


def test_errors_are_told_from_answers() -> None:
    """A bench says what came in place of what."""

    async def look() -> None:
        answer = HttpResponse.of_json(200, {"a": 1})
        script = ScriptedTransport([answer, ConnectError("no"), LookupError()])
        bench = Bench(transport=script, url="https://api.verifik.co")
        with pytest.raises(BrokenRuleError, match="an answer with status 200"):
            await bench.error_of()
        with pytest.raises(
            BrokenRuleError, match=r"ConnectError \(NOT_SENT\), gave no"
        ):
            await bench.answer_to()
        with pytest.raises(BrokenRuleError, match=r"builtins\.LookupError, no Verifik"):
            await bench.end_of(bench.request())
        spaced = HttpResponse(status=200, body=b'{"a":1}')
        assert bench.same_body(answer, spaced)
        assert not bench.same_body(answer, HttpResponse(status=200, body=b"no json"))
        assert not bench.same_body(
            HttpResponse(status=200), HttpResponse(status=200, body=b"x")
        )

    asyncio.run(look())
    with pytest.raises(BrokenRuleError, match=r"not ConnectError \(NOT_SENT\)"):
        expect(ChainedError("x"), ConnectError)


def test_the_tools_are_those_that_are_listed() -> None:
    """Every public name can be had, and no other."""
    for name in testing.__all__:
        assert getattr(testing, name).__name__ == name
    with pytest.raises(AttributeError, match="has no attribute 'no_such_tool'"):
        getattr(testing, "no_such_tool")  # noqa: B009 - type checkers know better
