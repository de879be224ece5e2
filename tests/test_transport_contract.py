"""The transport contract, over every transport of ours."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Sequence
from pathlib import Path

import aiohttp

from verifik_async import (
    AiohttpTransport,
    Fault,
    FixtureTransport,
    Flaky,
    FlakyTransport,
    HttpResponse,
    Late,
    RecordingTransport,
    SandboxTransport,
    ScriptedTransport,
    Transport,
    VerifikError,
)
from verifik_async.testing import (
    Capability,
    NotPlayableError,
    TransportContract,
    VirtualClock,
)
from verifik_async.testing.contract.samples import sample_request


class TestAiohttp(TransportContract):
    """With a session of its own."""

    capabilities = frozenset(
        {
            Capability.REACHES_URLS,
            Capability.STREAMS_BODIES,
            Capability.SEVERAL_LOOPS,
        }
    )
    slots = 10
    short = 0.2

    async def make_transport(self) -> Transport:
        """As the client makes it, but with fewer connections."""
        return AiohttpTransport(connections=10)


class TestAiohttpInASessionOfYours(TransportContract):
    """With a borrowed session, which belongs to one event loop."""

    capabilities = frozenset({Capability.REACHES_URLS, Capability.STREAMS_BODIES})
    slots = 10
    short = 0.2
    session: aiohttp.ClientSession

    async def make_transport(self) -> Transport:
        """Around a session as an application may have it."""
        self.session = aiohttp.ClientSession()
        return AiohttpTransport(self.session, connections=10)

    async def release(self) -> None:
        """The session is ours to close."""
        assert not self.session.closed
        await self.session.close()


class TestRecording(TransportContract):
    """Around the live one: recording changes nothing that a caller sees.

    Not STREAMS_BODIES: it reads a body once more, for the cassette.
    """

    capabilities = frozenset({Capability.REACHES_URLS, Capability.SEVERAL_LOOPS})
    slots = 10
    short = 0.2

    async def make_transport(self) -> Transport:
        """Into a folder of its own."""
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name, "cassette.json")
        return RecordingTransport(AiohttpTransport(connections=10), path)

    async def release(self) -> None:
        """The folder goes."""
        self.folder.cleanup()


class TestScripted(TransportContract):
    """In memory: answers, errors and faults by script."""

    capabilities = frozenset({Capability.PLAYS_STEPS, Capability.SEVERAL_LOOPS})
    short = 0.05

    async def make_scripted(
        self, steps: Sequence[HttpResponse | Fault | Late]
    ) -> Transport:
        """The steps are the script."""
        return ScriptedTransport(steps)


class TestFlakyThatSparesAll(TransportContract):
    """In memory: a wrapper breaks no rule that the wrapped one keeps."""

    capabilities = frozenset({Capability.PLAYS_STEPS, Capability.SEVERAL_LOOPS})
    short = 0.05

    async def make_scripted(
        self, steps: Sequence[HttpResponse | Fault | Late]
    ) -> Transport:
        """Around a script."""
        return FlakyTransport(ScriptedTransport(steps), Flaky(probability=0))


class TestSandbox(TransportContract):
    """In memory: the documented API."""

    capabilities = frozenset({Capability.ANSWERS_ENROLLMENTS, Capability.SEVERAL_LOOPS})

    async def make_transport(self) -> Transport:
        """A sandbox of its own."""
        return SandboxTransport()


class TestFixture(TransportContract):
    """In memory: what was recorded of a script."""

    capabilities = frozenset({Capability.PLAYS_STEPS, Capability.SEVERAL_LOOPS})

    async def make_scripted(
        self, steps: Sequence[HttpResponse | Fault | Late]
    ) -> Transport:
        """Record the steps first, each with the request that every check sends."""
        if any(isinstance(step, Late) for step in steps):
            raise NotPlayableError("a cassette does not tell how late an answer was")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "cassette.json")
            script = ScriptedTransport(steps, clock=VirtualClock())
            async with RecordingTransport(script, path) as recording:
                for _ in steps:
                    with contextlib.suppress(VerifikError):
                        await recording.send(sample_request())
            return FixtureTransport(path)


class TestFixtureOfACrowd(TransportContract):
    """In memory: what was recorded of a sandbox, for everybody in the crowd."""

    capabilities = frozenset({Capability.ANSWERS_ENROLLMENTS})

    recorded = b""

    async def make_transport(self) -> Transport:
        """Play it from a file that is gone once it was read."""
        kind = type(self)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "cassette.json")
            if kind.recorded:
                path.write_bytes(kind.recorded)  # noqa: ASYNC240 - nobody else runs
            else:
                kind.recorded = await self.record(path)
            return FixtureTransport(path)

    async def record(self, path: Path) -> bytes:
        """The cassette, with an entry for each."""
        async with RecordingTransport(SandboxTransport(), path) as recording:
            for number in range(500):
                await recording.send(sample_request(number=number))
        return path.read_bytes()  # noqa: ASYNC240
