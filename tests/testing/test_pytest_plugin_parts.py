"""Parts of the plugin that need no suite: names of files, and the loop in a thread."""

from __future__ import annotations

import asyncio
import string

import pytest
from guests import guest
from hypothesis import given
from hypothesis import strategies as st

from verifik_async import (
    AiohttpTransport,
    ClientClosedError,
    HttpRequest,
    HttpResponse,
    SandboxTransport,
    Transport,
    VerifikClient,
)
from verifik_async.testing import Capability, TransportContract
from verifik_async.testing.plugin.lending import Lent, finish
from verifik_async.testing.plugin.loop_thread import ElsewhereTransport, LoopThread
from verifik_async.testing.plugin.places import LONGEST, stem

PLAIN = set(string.ascii_letters + string.digits + "_-.")
IDS = st.text(max_size=150)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("test_jane", "test_jane"),
        ("TestJane.test_twice", "TestJane.test_twice"),
        ("test_jane[F-0.65]", "test_jane-F-0.65"),
        ("test_jane[]", "test_jane-"),
    ],
)
def test_plain_names(name: str, file: str) -> None:
    """A name that can be kept is kept."""
    assert stem(name) == file


@given(st.tuples(IDS, IDS))
def test_no_two_tests_have_one_file(ids: tuple[str, str]) -> None:
    """Different tests have different files, of plain names that are not too long."""
    names = {f"test_x[{one}]" for one in ids} | {"test_x", "test_x_"}
    files = {stem(name) for name in names}
    assert len(files) == len(names)
    for file in files:
        assert set(file) <= PLAIN
        assert len(file) <= LONGEST


def test_finishing_needs_no_wait() -> None:
    """What has to wait is told so, and does not stay half done."""

    async def two() -> int:
        return 2

    assert finish(two()) == 2
    ended = list[str]()

    async def wait() -> None:
        try:
            await asyncio.sleep(0)
        finally:
            ended.append("ended")

    with pytest.raises(RuntimeError, match="without an event loop"):
        finish(wait())
    assert ended == ["ended"]


async def test_lent_transports_outlive_their_clients() -> None:
    """Clients close it in vain; once it is taken back it refuses."""
    inner = SandboxTransport()
    lent = Lent(inner)
    for name in ("One", "Two"):
        async with VerifikClient("token", lent) as client:
            await client.enroll(guest(name))
    lent.take_back()
    with pytest.raises(ClientClosedError):
        await VerifikClient("token", lent).enroll(guest("Three"))
    assert len(inner.world.people()) == 2


class Waiting:
    """Answers when it is let, and tells of cancelled requests."""

    def __init__(self) -> None:
        self.cancelled = 0
        self.asked = asyncio.Event()
        self.closed = False

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Wait for ever."""
        self.asked.set()
        try:
            await asyncio.Event().wait()
            return HttpResponse(status=200)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    async def aclose(self) -> None:
        """Note it."""
        self.closed = True


async def test_cancelling_reaches_the_other_loop() -> None:
    """Who cancels a request carried elsewhere cancels it there; so does the end."""
    thread = LoopThread()
    waiting = Waiting()
    transport = ElsewhereTransport(waiting, thread)
    client = VerifikClient("token", transport)
    first = asyncio.create_task(client.enroll(guest()))
    await asyncio.to_thread(thread.run, waiting.asked.wait())
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    waiting.asked.clear()
    second = asyncio.create_task(client.enroll(guest()))
    await asyncio.to_thread(thread.run, waiting.asked.wait())
    await client.aclose()
    assert waiting.closed
    with pytest.raises(ClientClosedError):
        await VerifikClient("token", transport).enroll(guest())
    await asyncio.to_thread(thread.close)
    with pytest.raises(asyncio.CancelledError):
        await second
    assert waiting.cancelled == 2
    assert thread.loop.is_closed()


class TestElsewhere(TransportContract):
    """Carried by another loop, as by the caller's own."""

    capabilities = frozenset(
        {
            Capability.REACHES_URLS,
            Capability.STREAMS_BODIES,
            Capability.SEVERAL_LOOPS,
        }
    )
    slots = 10
    short = 0.2
    thread: LoopThread

    @classmethod
    def setup_class(cls) -> None:
        """The thread is there before the checks, as in a run of pytest."""
        cls.thread = LoopThread()

    @classmethod
    def teardown_class(cls) -> None:
        """It is ours to end."""
        cls.thread.close()

    async def make_transport(self) -> Transport:
        """With as few connections as the live one has in its own check."""
        return ElsewhereTransport(AiohttpTransport(connections=10), self.thread)
