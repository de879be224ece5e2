"""From the first to the last moment of a transport, and of its event loops."""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from verifik_async.errors import ClientClosedError, Outcome, VerifikError
from verifik_async.testing.contract import running
from verifik_async.testing.contract.bench import Bench, Served, described, expect
from verifik_async.testing.contract.case import (
    ANSWERS,
    Capability,
    ContractCase,
    need,
    rule,
)
from verifik_async.testing.contract.running import require
from verifik_async.testing.contract.samples import BASE_URL, enroll
from verifik_async.testing.dead_ends import NotPlayableError
from verifik_async.testing.documented import DOCUMENTED
from verifik_async.testing.misbehaving_server import MisbehavingServer

if TYPE_CHECKING:
    from verifik_async.testing.exchanges import Exchange
    from verifik_async.transports.protocol import Transport

_A_MOMENT = 0.05
_CALLS_EACH = 2


class LifecycleChecks(ContractCase):
    """Made late, closed twice, refused afterwards; and one loop after another."""

    def test_something_is_declared(self) -> None:
        """A contract that declares no way to an answer checks nothing."""
        with running.explained(
            "A suite that skips everything looks like one that passes."
        ):
            names = ", ".join(each.name for each in ANSWERS)
            require(self.can(*ANSWERS), f"capabilities must hold one of {names}")

    @rule(
        Capability.REACHES_URLS,
        Capability.ANSWERS_ENROLLMENTS,
        why="Clients are made when modules are imported: connecting there fails "
        "without a network, and slows every start.",
    )
    async def test_making_a_transport_opens_nothing(self) -> None:
        """A new transport has no socket yet."""
        before = _sockets()
        async with self.opened(self.make_transport()):
            await asyncio.sleep(_A_MOMENT)
            opened = len(_sockets() - before)
        require(not opened, f"{opened} sockets were opened before any request")

    @rule(
        *ANSWERS,
        why="Clean-up code runs twice, or after a failed start; it must not raise.",
        tidy=True,
    )
    async def test_closing_twice_or_unused_is_fine(self) -> None:
        """`aclose` may be called again, and on a transport that sent nothing."""
        async with self.answering() as bench:
            await bench.transport.aclose()
            await bench.transport.aclose()
        async with self.answering() as bench:
            await bench.answer_to()
            await bench.transport.aclose()
            await bench.transport.aclose()

    @rule(
        *ANSWERS,
        why="A call after the end would open connections that nobody closes, or fail "
        "with an error that looks like the network's.",
        tidy=True,
    )
    async def test_a_closed_transport_refuses(self) -> None:
        """After `aclose` every call is ClientClosedError, and nothing is sent."""
        async with self.answering(times=2) as bench:
            await bench.answer_to()
            await bench.transport.aclose()
            expect(await bench.error_of(), ClientClosedError)
        if isinstance(bench, Served):
            bench.require_arrivals(1)

    @rule(
        Capability.REACHES_URLS,
        why="A request that was under way when the transport was closed may have been "
        "acted upon; called NOT_SENT it would be sent again.",
        tidy=True,
    )
    async def test_closing_ends_calls_under_way_as_unknown(self) -> None:
        """A call whose transport is closed gets its answer, or an UNKNOWN outcome."""
        begun = asyncio.Event()

        async def late(exchange: Exchange) -> None:
            await exchange.read_body()
            begun.set()
            await asyncio.sleep(self.short)
            await enroll(exchange)

        async with self.serving(late) as bench:
            sending = asyncio.create_task(bench.end_of(bench.request()))
            await begun.wait()
            await bench.transport.aclose()
            end = await sending
        if isinstance(end, VerifikError):
            require(end.outcome is Outcome.UNKNOWN, f"it ended as {described(end)}")

    @rule(
        Capability.REACHES_URLS,
        why="Whoever closes a client has stopped: what is sent after that enrolls, and "
        "charges for, people whom nobody waits for any more.",
    )
    async def test_closing_refuses_calls_that_wait_for_a_slot(self) -> None:
        """Calls that were not begun when the transport was closed are never sent."""
        if self.slots is None:
            self.skip("slots is None, so nothing waits for a slot")
        go_on, there = asyncio.Event(), asyncio.Semaphore(0)

        async def hold(exchange: Exchange) -> None:
            await exchange.read_body()
            there.release()
            await go_on.wait()
            await enroll(exchange)

        async with self.serving(hold) as bench:
            calls = [
                asyncio.create_task(bench.end_of(bench.request(number)))
                for number in range(2 * self.slots)
            ]
            for _ in range(self.slots):
                await there.acquire()
            await bench.transport.aclose()
            go_on.set()
            ends = (await asyncio.gather(*calls))[self.slots :]
            bench.require_arrivals(self.slots)
        for end in ends:
            outcome = end.outcome if isinstance(end, VerifikError) else None
            require(outcome is Outcome.NOT_SENT, f"a call not begun ended as {end!r}")

    def test_two_event_loops_one_after_another(self) -> None:
        """A transport serves on in a second loop, and the first leaves nothing open."""
        need(self, Capability.SEVERAL_LOOPS)
        need(self, *ANSWERS)
        made: list[Transport] = []

        async def first() -> None:
            await self._serve_in_this_loop(made)

        async def second() -> None:
            await self._serve_in_this_loop(made)
            await made[0].aclose()
            await self.release()

        why = (
            "`asyncio.run` called twice, tests and notebooks have a loop each; a "
            "connection of a dead loop hangs or fails the first call of the next."
        )
        with running.explained(why), running.nothing_left_open():
            running.run(first, patience=self.patience)
            running.run(second, patience=self.patience)

    async def _serve_in_this_loop(self, made: list[Transport]) -> None:
        async with contextlib.AsyncExitStack() as stack:
            url = BASE_URL
            if self.can(Capability.REACHES_URLS):
                server = await stack.enter_async_context(MisbehavingServer(enroll))
                url = server.url
            if not made:
                made.append(await self._any_transport())
            bench = Bench(transport=made[0], url=url)
            for number in range(_CALLS_EACH):
                await bench.answer_to(bench.request(0 if self.is_scripted else number))

    async def _any_transport(self) -> Transport:
        if self.is_scripted:
            return await self.make_scripted([DOCUMENTED] * 2 * _CALLS_EACH)
        return await self.make_transport()


def _sockets() -> set[int]:
    """The sockets of this process, by number.

    Raises:
        NotPlayableError: The system has no list of them.
    """
    listed = Path("/dev/fd")
    if not listed.is_dir():
        raise NotPlayableError("this system does not list what a process has open")
    numbers = {int(entry.name) for entry in listed.iterdir()}
    return {number for number in numbers if _is_socket(number)}


def _is_socket(number: int) -> bool:
    with contextlib.suppress(OSError):  # the listing itself is closed by now
        return stat.S_ISSOCK(os.fstat(number).st_mode)
    return False
