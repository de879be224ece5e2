"""One test: what it was lent, and what to ask once it is over."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Protocol

import pytest

from verifik_async.client import DEFAULT_BASE_URL, VerifikClient
from verifik_async.fixtures.errors import CassetteUnusedError
from verifik_async.testing.plugin.lending import Lent, finish
from verifik_async.testing.plugin.settings import Settings
from verifik_async.testing.plugin.state import CASE, RECORDINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from verifik_async.clock import Clock
    from verifik_async.fixtures.transport import FixtureTransport
    from verifik_async.retry import RetryPolicy
    from verifik_async.transports.protocol import Transport
    from verifik_async.wire import Timeout


class Watch(Protocol):
    """Something that a test plays, and should play to the end."""

    @property
    def policy(self) -> str:
        """What comes of leftovers: `fail`, `warn` or `ignore`."""
        ...

    def swallowed(self) -> AssertionError | None:
        """The error for a request that could not be answered."""
        ...

    def unused(self) -> AssertionError | None:
        """The error for what was left over."""
        ...


class PlayedCassette:
    """Watches a cassette that is played."""

    def __init__(self, transport: FixtureTransport, policy: str) -> None:
        self.policy = policy
        self._transport = transport

    def swallowed(self) -> AssertionError | None:
        """The first miss."""
        misses = self._transport.misses
        return misses[0] if misses else None

    def unused(self) -> AssertionError | None:
        """Entries that were not played."""
        try:
            self._transport.assert_all_played()
        except CassetteUnusedError as error:
            return error
        return None


class Case:
    """A test that uses our fixtures.

    Attributes:
        settings: How it is run.
    """

    def __init__(self, item: pytest.Item) -> None:
        self.settings = Settings.of(item)
        self._lent: list[Lent] = []
        self._clients: list[VerifikClient] = []
        self._watches: list[Watch] = []

    @classmethod
    def of(cls, item: pytest.Item) -> Case:
        """That of a test.

        Raises:
            pytest.fail.Exception: Its marker says something that there is not.
        """
        if CASE not in item.stash:
            try:
                item.stash[CASE] = cls(item)
            except ValueError as error:  # also our ConfigurationError
                pytest.fail(str(error), pytrace=False)
        return item.stash[CASE]

    def lend(self, transport: Transport) -> Lent:
        """A transport for as long as the test runs."""
        lent = Lent(transport)
        self._lent.append(lent)
        return lent

    def watch(self, watch: Watch) -> None:
        """Ask this one too, in the end."""
        self._watches.append(watch)

    def client(  # noqa: PLR0913 - as the client's constructor, all but one by keyword
        self,
        transport: Transport,
        *,
        token: str,
        clock: Clock | None = None,
        base_url: str | None = None,
        retry: RetryPolicy | None = None,
        timeout: Timeout | None = None,
    ) -> VerifikClient:
        """A client for as long as the test runs."""
        client = VerifikClient(
            token,
            transport,
            base_url=base_url or DEFAULT_BASE_URL,
            clock=clock,
            retry=retry,
            timeout=timeout,
        )
        self._clients.append(client)
        return client

    def check_swallowed(self) -> None:
        """Raise what somebody swallowed."""
        for error in self._swallowed():
            raise error

    def remarks(self, raised: BaseException) -> Iterator[str]:
        """What to tell of a failed test besides the error that it raised."""
        for error in self._swallowed():
            if error is not raised:
                yield str(error)

    def _swallowed(self) -> Iterator[AssertionError]:
        for watch in self._watches:
            error = watch.swallowed()
            if error is not None:
                yield error

    def end(self, *, passed: bool) -> None:
        """Take everything back; fail for what was left over if the test passed."""
        for lent in self._lent:
            lent.take_back()
        for client in self._clients:
            finish(client.aclose())
        if passed:
            self.check_swallowed()
            for watch in self._watches:
                _complain(watch)


def _complain(watch: Watch) -> None:
    error = None if watch.policy == "ignore" else watch.unused()
    if error is None:
        return
    if watch.policy == "fail":
        raise error
    warnings.warn(pytest.PytestWarning(str(error)), stacklevel=2)


def end(item: pytest.Item, *, passed: bool) -> None:
    """End what a test has in hand, once all its fixtures are gone.

    A recording is written here and not by its fixture: only now it is known whether
    the test has passed with all that belongs to it.
    """
    case = item.stash.get(CASE, None)
    recordings = item.config.stash.get(RECORDINGS, None)
    try:
        if case is not None:
            del item.stash[CASE]
            case.end(passed=passed)
    except BaseException:
        passed = False
        raise
    finally:
        if recordings is not None:
            recordings.end(item, passed=passed)
