"""What every check stands on: the author's hooks, and what makes it a test."""

from __future__ import annotations

import contextlib
import enum
import unittest
from typing import TYPE_CHECKING, ClassVar, NoReturn, TypeVar

from verifik_async.testing.contract import running
from verifik_async.testing.contract.bench import Bench, Served
from verifik_async.testing.contract.samples import BASE_URL, enroll
from verifik_async.testing.documented import DOCUMENTED
from verifik_async.testing.misbehaving_server import MisbehavingServer
from verifik_async.wire import Timeout

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        Awaitable,
        Callable,
        Coroutine,
        Sequence,
    )

    from verifik_async.testing.exchanges import Behaviour
    from verifik_async.transports.faults import Fault
    from verifik_async.transports.protocol import Transport
    from verifik_async.transports.scripted import Late
    from verifik_async.wire import HttpResponse

_WAVE = 3
"""Requests side by side where a transport has no limit of its own."""


class Capability(enum.Enum):
    """What a transport can do; checks that need more are reported as skipped."""

    REACHES_URLS = "requests go to the server that their URL names"
    STREAMS_BODIES = "with REACHES_URLS: a body is read only as fast as it is sent"
    PLAYS_STEPS = "make_scripted() gives a transport that answers with given steps"
    ANSWERS_ENROLLMENTS = "it answers the documented request itself, as a sandbox does"
    SEVERAL_LOOPS = "it may be used from one event loop after another"


class ContractCase:
    """Hooks of the author's, and benches; see `TransportContract`."""

    __test__: ClassVar[object] = False
    capabilities: frozenset[Capability] = frozenset()
    slots: int | None = None
    patience: float = 30.0
    short: float = 0.3

    async def make_transport(self) -> Transport:
        """A new transport."""
        raise NotImplementedError("a transport contract needs make_transport()")

    async def make_scripted(
        self, steps: Sequence[HttpResponse | Fault | Late]
    ) -> Transport:
        """A new transport that meets these steps in turn."""
        raise NotImplementedError("PLAYS_STEPS needs make_scripted()")

    async def release(self) -> None:
        """Free what `make_transport` borrowed, after the transport was closed."""

    def can(self, *any_of: Capability) -> bool:
        """Whether one of these is declared."""
        return not self.capabilities.isdisjoint(any_of)

    @property
    def is_scripted(self) -> bool:
        """Whether there is no other way to an answer than a script."""
        return not self.can(Capability.REACHES_URLS, Capability.ANSWERS_ENROLLMENTS)

    def skip(self, reason: str) -> NoReturn:
        """End the test as skipped, visibly."""
        raise unittest.SkipTest(f"{type(self).__name__}: {reason}")

    @property
    def wave(self) -> int:
        """As many requests as can be under way at the same time."""
        return self.slots or _WAVE

    @property
    def impatient(self) -> Timeout:
        """Limits that run out soon."""
        return Timeout(connect=self.short, write=self.short, read=self.short)

    @contextlib.asynccontextmanager
    async def serving(
        self, *steps: HttpResponse | Fault | Late | Behaviour
    ) -> AsyncGenerator[Served]:
        """The transport, and a server with these steps; without any it enrolls."""
        async with (
            MisbehavingServer(*(steps or (enroll,))) as server,
            self.opened(self.make_transport()) as transport,
        ):
            yield Served(transport=transport, url=server.url, server=server)

    @contextlib.asynccontextmanager
    async def meeting(
        self, *steps: HttpResponse | Fault | Late
    ) -> AsyncGenerator[Bench]:
        """The transport about to meet these steps: of a server, else of a script."""
        if self.can(Capability.REACHES_URLS):
            async with self.serving(*steps) as served:
                yield served
        else:
            async with self.opened(self.make_scripted(steps)) as transport:
                yield Bench(transport=transport, url=BASE_URL)

    @contextlib.asynccontextmanager
    async def answering(self, times: int = 1) -> AsyncGenerator[Bench]:
        """The transport, which will answer so many enrollments, however it can."""
        own = Capability.ANSWERS_ENROLLMENTS
        if self.can(own) and not self.can(Capability.REACHES_URLS):
            async with self.opened(self.make_transport()) as transport:
                yield Bench(transport=transport, url=BASE_URL)
        elif self.can(Capability.REACHES_URLS):
            async with self.serving() as served:
                yield served
        else:
            async with self.meeting(*[DOCUMENTED] * times) as bench:
                yield bench

    @contextlib.asynccontextmanager
    async def opened(self, making: Awaitable[Transport]) -> AsyncGenerator[Transport]:
        """A transport that is closed at the end, with what it borrowed."""
        transport = await making
        try:
            yield transport
        finally:
            try:
                await transport.aclose()
            finally:
                await self.release()


Case = TypeVar("Case", bound=ContractCase)
ANSWERS = (
    Capability.REACHES_URLS,
    Capability.PLAYS_STEPS,
    Capability.ANSWERS_ENROLLMENTS,
)
"""Any of these gives an answer to the documented request."""


def rule(
    *any_of: Capability, why: str, tidy: bool = False
) -> Callable[
    [Callable[[Case], Coroutine[object, object, None]]], Callable[[Case], None]
]:
    """Turn a check into a test that any runner can call; see `running`.

    Args:
        any_of: The check needs one of these, and is skipped without.
        why: Why the rule matters, for the failure's text.
        tidy: Also look for sockets and sessions left open; takes a little time.
    """

    def of(
        check: Callable[[Case], Coroutine[object, object, None]],
    ) -> Callable[[Case], None]:
        def test(self: Case) -> None:
            need(self, *any_of)
            with running.explained(why), contextlib.ExitStack() as watched:
                if tidy:
                    watched.enter_context(running.nothing_left_open())
                running.run(lambda: check(self), patience=self.patience)

        # Not functools.wraps: plugins would look through it at the coroutine.
        test.__name__, test.__doc__ = check.__name__, check.__doc__
        test.__qualname__, test.__module__ = check.__qualname__, check.__module__
        return test

    return of


def need(case: ContractCase, *any_of: Capability) -> None:
    """Skip the test, visibly, unless one of these is declared."""
    if not case.can(*any_of):
        wanted = " or ".join(f"{each.name} ({each.value})" for each in any_of)
        case.skip(f"not declared: {wanted}")
