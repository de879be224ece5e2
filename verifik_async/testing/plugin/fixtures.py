"""The plugin's fixtures; each loads what it needs when a test asks for it."""

# ruff: noqa: PLC0415 - every run of pytest imports this module, few use it

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

    from verifik_async.client import VerifikClient
    from verifik_async.clock import Clock
    from verifik_async.sandbox.server import Sandbox
    from verifik_async.sandbox.world import World
    from verifik_async.testing.plugin.faces import Faces
    from verifik_async.testing.plugin.loop_thread import LoopThread
    from verifik_async.testing.plugin.script import Script
    from verifik_async.testing.plugin.switched_clock import SwitchedClock
    from verifik_async.transports.protocol import Transport


@pytest.fixture
def verifik_client(
    request: pytest.FixtureRequest,
    verifik_transport: Transport,
    verifik_clock: Clock,
    verifik_token: str,
) -> VerifikClient:
    """A client whose answers come from the test's own cassette."""
    from verifik_async.testing.plugin.case import Case
    from verifik_async.testing.plugin.doors import base_url_of

    return Case.of(request.node).client(
        verifik_transport,
        token=verifik_token,
        clock=verifik_clock,
        base_url=base_url_of(request.node),
    )


@pytest.fixture
def verifik_transport(
    request: pytest.FixtureRequest, verifik_clock: SwitchedClock
) -> Transport:
    """The test's own cassette as a transport, for clients that you make yourself."""
    from verifik_async.testing.plugin import doors

    return doors.cassette_transport(request, verifik_clock)


@pytest.fixture
def verifik_inner(request: pytest.FixtureRequest) -> Generator[Transport]:
    """Who answers while a cassette is recorded. Override it to record your own way.

    The plugin does not close what your fixture gives.
    """
    from verifik_async.testing.plugin import doors

    with doors.inner(request) as transport:
        yield transport


@pytest.fixture
def verifik_token(request: pytest.FixtureRequest) -> str:
    """The access token: VERIFIK_TOKEN for the live API, else made up."""
    from verifik_async.testing.plugin import doors

    return doors.token_of(request.node)


@pytest.fixture
def verifik_clock(request: pytest.FixtureRequest) -> SwitchedClock:
    """The test's clock: virtual, unless it is marked real or goes live."""
    from verifik_async.testing.plugin import doors

    return doors.clock_of(request.node)


@pytest.fixture
def verifik_script(request: pytest.FixtureRequest, verifik_clock: Clock) -> Script:
    """Makes clients from lists of answers and faults."""
    from verifik_async.testing.plugin.case import Case
    from verifik_async.testing.plugin.script import Script

    return Script(Case.of(request.node), verifik_clock)


@pytest.fixture
def verifik_faces(tmp_path_factory: pytest.TempPathFactory) -> Faces:
    """Drawn faces as images and files."""
    from verifik_async.testing.plugin.faces import Faces

    return Faces(lambda: tmp_path_factory.mktemp("faces"))


@pytest.fixture
def verifik_world(verifik_clock: Clock) -> World:
    """The sandbox's memory: whom the test enrolled, and what is armed.

    It is the same behind all doors, and another one for each test.
    """
    from verifik_async.sandbox.world import World

    return World(clock=verifik_clock.now)


@pytest.fixture
def verifik_memory_client(
    request: pytest.FixtureRequest, verifik_world: World, verifik_clock: Clock
) -> VerifikClient:
    """A client of the sandbox in memory."""
    from verifik_async.testing.plugin import doors

    return doors.memory_client(request.node, verifik_world, verifik_clock)


@pytest.fixture
def verifik_sandbox(
    verifik_world: World, _verifik_thread: LoopThread
) -> Generator[Sandbox]:
    """A sandbox over HTTP, for code that takes a base URL: `verifik_sandbox.base_url`.

    It belongs to the test alone. Time is real there.
    """
    from verifik_async.sandbox.server import Sandbox

    sandbox = Sandbox(world=verifik_world)
    _verifik_thread.run(sandbox.__aenter__())
    yield sandbox
    _verifik_thread.run(sandbox.__aexit__(None, None, None))


@pytest.fixture
def verifik_http_client(
    request: pytest.FixtureRequest, verifik_sandbox: Sandbox
) -> Generator[VerifikClient]:
    """A client of the sandbox over HTTP."""
    from verifik_async.testing.plugin import doors

    with doors.live(request) as transport:
        yield doors.http_client(request.node, transport, verifik_sandbox.base_url)


@pytest.fixture(scope="session")
def _verifik_thread() -> Generator[LoopThread]:
    from verifik_async.testing.plugin.loop_thread import LoopThread

    thread = LoopThread()
    yield thread
    thread.close()
