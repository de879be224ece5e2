"""What the fixtures give out: the ways from a test to somebody who answers."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import pytest

from verifik_async.fixtures.errors import CassetteError, CassetteNotFoundError
from verifik_async.fixtures.modes import FixtureMode
from verifik_async.fixtures.transport import FixtureTransport
from verifik_async.sandbox.transport import SandboxTransport
from verifik_async.testing.plugin.case import Case, PlayedCassette
from verifik_async.testing.plugin.loop_thread import ElsewhereTransport
from verifik_async.testing.plugin.recordings import Recordings
from verifik_async.testing.plugin.switched_clock import SwitchedClock

if TYPE_CHECKING:
    from collections.abc import Generator

    from verifik_async.client import VerifikClient
    from verifik_async.clock import Clock
    from verifik_async.sandbox.world import World
    from verifik_async.testing.plugin.loop_thread import LoopThread
    from verifik_async.transports.protocol import Transport

_NO_ACCOUNT = """\
to record from the live API set VERIFIK_TOKEN; to record without an account use \
--verifik-record-from=sandbox, or give another transport by a fixture verifik_inner"""
_FROM_SANDBOX = "\n  without an account: add --verifik-record-from=sandbox"
_SANDBOX_TOKEN = "verifik-sandbox"  # noqa: S105 - the sandbox takes any


class _SecretText(str):
    """A text that pytest can't print: it shows the arguments of functions that fail."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<token>"


def token_of(item: pytest.Item) -> str:
    """VERIFIK_TOKEN for a test that goes live, else one that is made up."""
    given = os.environ.get("VERIFIK_TOKEN", "")
    live = Case.of(item).settings.goes_live
    return _SecretText(given if live and given else "verifik-made-up-for-tests")


def base_url_of(item: pytest.Item) -> str | None:
    """Of the marker, else VERIFIK_BASE_URL for a test that goes live."""
    settings = Case.of(item).settings
    live = os.environ.get("VERIFIK_BASE_URL") if settings.goes_live else None
    return settings.base_url or live


def clock_of(item: pytest.Item) -> SwitchedClock:
    """A virtual one, unless a marker says otherwise."""
    return SwitchedClock(real=Case.of(item).settings.real_time)


def cassette_transport(
    request: pytest.FixtureRequest, clock: SwitchedClock
) -> Transport:
    """What plays the test's cassette, or records it, or does neither.

    Raises:
        pytest.fail.Exception: The cassette is missing, can't be read, or is locked.
    """
    case = Case.of(request.node)
    settings = case.settings
    inner: Transport | None = None
    if settings.carries:
        inner = request.getfixturevalue("verifik_inner")
        if settings.goes_live:
            clock.be_real()
    try:
        return case.lend(_carrier(request.node, inner, clock))
    except CassetteError as error:
        hint = _FROM_SANDBOX if isinstance(error, CassetteNotFoundError) else ""
        problem = f"{type(error).__name__}: {error}{hint}"
    pytest.fail(problem, pytrace=False)  # none of the trace is the user's code


def _carrier(
    item: pytest.Item, inner: Transport | None, clock: SwitchedClock
) -> Transport:
    case = Case.of(item)
    settings = case.settings
    if inner is not None:
        if settings.mode is FixtureMode.OFF:
            return inner
        return Recordings.of(item.config).take_part(item, settings, inner)
    player = FixtureTransport(
        settings.cassette,
        record_again=settings.record_again,
        # where time is real, recorded timeouts of a minute take none
        clock=clock if clock.is_virtual else None,
    )
    case.watch(PlayedCassette(player, settings.unused_entries))
    return player


@contextlib.contextmanager
def inner(request: pytest.FixtureRequest) -> Generator[Transport]:
    """Who answers while a cassette is recorded, unless a fixture overrides it.

    Raises:
        pytest.fail.Exception: The API itself should, and there is no token.
    """
    if Case.of(request.node).settings.source == "sandbox":
        yield SandboxTransport(request.getfixturevalue("verifik_world"))
        return
    if not os.environ.get("VERIFIK_TOKEN"):
        pytest.fail(_NO_ACCOUNT, pytrace=False)
    with live(request) as transport:
        yield transport


@contextlib.contextmanager
def live(request: pytest.FixtureRequest) -> Generator[Transport]:
    """A transport that uses the network, until the test is over."""
    from verifik_async.transports.live import (  # noqa: PLC0415 - few tests need aiohttp
        AiohttpTransport,
    )

    thread: LoopThread = request.getfixturevalue("_verifik_thread")
    transport = ElsewhereTransport(AiohttpTransport(), thread)
    yield transport
    transport.close()


def memory_client(item: pytest.Item, world: World, clock: Clock) -> VerifikClient:
    """A client of the sandbox in memory."""
    case = Case.of(item)
    transport = case.lend(SandboxTransport(world))
    return case.client(transport, token=_SANDBOX_TOKEN, clock=clock)


def http_client(
    item: pytest.Item, transport: Transport, base_url: str
) -> VerifikClient:
    """A client of the sandbox over HTTP."""
    case = Case.of(item)
    return case.client(case.lend(transport), token=_SANDBOX_TOKEN, base_url=base_url)
