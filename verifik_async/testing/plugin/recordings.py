"""The cassettes that this run records.

Each is written after the last of its tests, if all of them have passed. Most cassettes
have one test; those that a marker names may have many.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import pytest

from verifik_async.fixtures.recording import RecordingTransport
from verifik_async.testing.plugin.lending import finish
from verifik_async.testing.plugin.marks import options_of
from verifik_async.testing.plugin.places import named_cassette
from verifik_async.testing.plugin.state import NOTES, PASSED, RECORDINGS

if TYPE_CHECKING:
    from pathlib import Path

    from verifik_async.testing.plugin.settings import Settings
    from verifik_async.transports.protocol import Transport
    from verifik_async.wire import HttpRequest, HttpResponse


class _Relay:
    """Carries each test's requests with that test's own transport."""

    def __init__(self, inner: Transport) -> None:
        self.inner = inner

    async def send(self, request: HttpRequest) -> HttpResponse:
        return await self.inner.send(request)

    async def aclose(self) -> None:
        """Nothing: the transport belongs to the fixture that gave it."""


@attrs.define(kw_only=True)
class _Recording:
    relay: _Relay
    transport: RecordingTransport
    tests: list[pytest.Item]
    """Those that share the cassette, in the order in which they run."""

    failed: bool

    def end(self, *, write: bool) -> None:
        if not write:
            self.transport.discard()
        finish(self.transport.aclose())


class Recordings:
    """What is being recorded by the tests of this process."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._open: dict[Path, _Recording] = {}
        # Should one of these be begun again (by a plugin that repeats tests, say) it
        # would hold the rest only.
        self._incomplete: set[Path] = set()

    @classmethod
    def of(cls, config: pytest.Config) -> Recordings:
        """Those of a run."""
        return config.stash.setdefault(RECORDINGS, cls(config))

    def take_part(
        self, item: pytest.Item, settings: Settings, inner: Transport
    ) -> Transport:
        """What records a test's cassette, together with those that share it.

        Raises:
            pytest.fail.Exception: Other workers of xdist would record it too.
            CassetteError: It is locked, or there is a file and no cassette.
        """
        path = settings.cassette
        recording = self._open.get(path)
        if recording is not None:
            recording.relay.inner = inner
            return recording.transport
        tests = _sharing(item, path) if settings.is_named else [item]
        if len(tests) > 1 and hasattr(self._config, "workerinput"):
            pytest.fail(
                f"{len(tests)} tests share {self._shown(path)}, and the workers of "
                "xdist would overwrite each other: record it without -n",
                pytrace=False,
            )
        relay = _Relay(inner)
        transport = RecordingTransport(relay, path)
        self._open[path] = _Recording(
            relay=relay,
            transport=transport,
            tests=tests,
            failed=path in self._incomplete,
        )
        return transport

    def end(self, item: pytest.Item, *, passed: bool) -> None:
        """A test is over: write what it was the last to record.

        Raises:
            UnsafeCassetteError: A secret or a face would be in it.
            OSError: It can't be written.
        """
        for path, recording in list(self._open.items()):
            if item not in recording.tests:
                continue
            recording.failed = recording.failed or not passed
            if item is recording.tests[-1]:
                del self._open[path]
                self._finish(path, recording)

    def _finish(self, path: Path, recording: _Recording) -> None:
        *others, last = recording.tests
        absent = [test for test in others if not test.stash.get(PASSED, False)]
        write = not recording.failed and not absent
        recording.end(write=write)
        if write:
            note = f"recorded {self._shown(path)}"
        else:
            if others:
                self._incomplete.add(path)
            who = "since not all of its tests have passed"
            note = f"not recorded, {who}: {self._shown(path)}"
        last.stash[NOTES] = [note]

    def abandon(self) -> None:
        """The run is over, maybe too early: write nothing more."""
        while self._open:
            _, recording = self._open.popitem()
            recording.end(write=False)

    def _shown(self, path: Path) -> str:
        root = self._config.rootpath
        return str(path.relative_to(root) if path.is_relative_to(root) else path)


def _sharing(item: pytest.Item, path: Path) -> list[pytest.Item]:
    """The tests of this run whose markers name this cassette."""

    def shares(other: pytest.Item) -> bool:
        name = options_of(other).get("cassette")
        return name is not None and named_cassette(other, name) == path

    return [other for other in item.session.items if other is item or shares(other)]
