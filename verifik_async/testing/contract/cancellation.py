"""A cancelled call is over at once, in whatever phase, and frees what it held."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from verifik_async.errors import Outcome, outcome_of
from verifik_async.testing.contract.bench import Bench, Served
from verifik_async.testing.contract.case import Capability, ContractCase, rule
from verifik_async.testing.contract.running import BrokenRuleError, require
from verifik_async.testing.contract.samples import LARGE, enroll, photo
from verifik_async.testing.dead_ends import dead_end
from verifik_async.testing.documented import DOCUMENTED
from verifik_async.transports.faults import Fault
from verifik_async.transports.scripted import Late

if TYPE_CHECKING:
    from verifik_async.testing.exchanges import Behaviour, Exchange

_WHY = (
    "A service cancels calls when its own callers leave: a connection or slot that "
    "is not freed is missing for good, and a cancel that is swallowed never stops."
)
_A_MOMENT = 0.05
_AN_HOUR = 3600.0


class CancellationChecks(ContractCase):
    """Cancelling while connecting, sending, waiting, reading and queueing."""

    @rule(Capability.REACHES_URLS, why=_WHY, tidy=True)
    async def test_cancel_while_connecting(self) -> None:
        """A call that waits for its connection can be cancelled."""
        with dead_end(Fault.CONNECT_TIMEOUT) as url:
            async with self.serving(self._all_at_once()) as bench:
                nowhere = Bench(transport=bench.transport, url=url)
                sending = asyncio.create_task(nowhere.end_of(nowhere.request()))
                await asyncio.sleep(_A_MOMENT)
                await self._cancel(sending)
                await self._wave_passes(bench)

    @rule(Capability.REACHES_URLS, why=_WHY, tidy=True)
    async def test_cancel_while_sending(self) -> None:
        """A call in the middle of its body can be cancelled."""

        async def stall(exchange: Exchange) -> None:
            await exchange.read_some(1)

        await self._cancelled_when(stall, sent=False)

    @rule(Capability.REACHES_URLS, why=_WHY, tidy=True)
    async def test_cancel_while_waiting(self) -> None:
        """A call that waits for its answer can be cancelled."""

        async def take(exchange: Exchange) -> None:
            await exchange.read_body()

        await self._cancelled_when(take, sent=True)

    @rule(Capability.REACHES_URLS, why=_WHY, tidy=True)
    async def test_cancel_while_reading(self) -> None:
        """A call in the middle of its answer can be cancelled."""

        async def begin(exchange: Exchange) -> None:
            await exchange.read_body()
            await exchange.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")

        await self._cancelled_when(begin, sent=True)

    @rule(Capability.REACHES_URLS, why=_WHY, tidy=True)
    async def test_cancel_while_waiting_for_a_slot(self) -> None:
        """A call that was not begun is never sent once it is cancelled."""
        if self.slots is None:
            self.skip("slots is None, so nothing waits for a slot")
        go_on, full = asyncio.Event(), asyncio.Semaphore(0)

        async def hold(exchange: Exchange) -> None:
            await exchange.read_body()
            full.release()
            await go_on.wait()
            await enroll(exchange)

        async with self.serving(*[hold] * self.slots, enroll) as bench:
            numbers = range(self.slots + 1)
            *first, last = [
                asyncio.create_task(bench.answer_to(bench.request(number)))
                for number in numbers
            ]
            for _ in first:
                await full.acquire()
            await self._cancel(last)
            go_on.set()
            await asyncio.gather(*first)
            await bench.answer_to()
            await asyncio.sleep(_A_MOMENT)
            bench.require_arrivals(self.slots + 1)

    @rule(Capability.PLAYS_STEPS, why=_WHY)
    async def test_cancel_in_a_late_step(self) -> None:
        """A call that waits for a scripted answer can be cancelled."""
        async with self.meeting(Late(DOCUMENTED, _AN_HOUR), DOCUMENTED) as bench:
            sending = asyncio.create_task(bench.end_of(bench.request()))
            await asyncio.sleep(_A_MOMENT)
            await self._cancel(sending)
            await bench.answer_to()

    async def _cancelled_when(self, begin: Behaviour, *, sent: bool) -> None:
        """Cancel a request after the server did `begin`; see what is left."""
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def hang(exchange: Exchange) -> None:
            await begin(exchange)
            begun.set()
            await go_on.wait()
            await exchange.gone()

        async with self.serving(hang, self._all_at_once()) as bench:
            image = None if sent else photo(size=LARGE)
            request = bench.request(image=image)
            sending = asyncio.create_task(bench.end_of(request))
            await begun.wait()
            await asyncio.sleep(_A_MOMENT)
            outcome = await self._cancel(sending)
            go_on.set()
            if sent:
                known = outcome is Outcome.UNKNOWN
                require(known, f"a call that had been sent was cancelled as {outcome}")
            await self._is_closed(bench.server.exchanges[0])
            await self._wave_passes(bench)
            bench.require_arrivals(1 + self.wave)

    async def _cancel(self, sending: asyncio.Task[object]) -> Outcome:
        """Cancel a call, and give what is known of its outcome."""
        require(not sending.done(), "the call was over before it was cancelled")
        sending.cancel()
        done, _ = await asyncio.wait([sending], timeout=self.patience / 3)
        require(done, "the call goes on though it was cancelled")
        require(sending.cancelled(), "the call ended otherwise than as cancelled")
        try:
            await sending
        except asyncio.CancelledError as cancelled:
            return outcome_of(cancelled)
        raise AssertionError  # it was cancelled, as we have just seen

    async def _is_closed(self, exchange: Exchange) -> None:
        try:
            async with asyncio.timeout(self.patience / 3):
                await exchange.ended.wait()
        except TimeoutError:
            what = "the connection of the cancelled call stays open"
            raise BrokenRuleError(what) from None

    async def _wave_passes(self, bench: Served) -> None:
        """As many calls as there are slots go through side by side."""
        wave = [bench.answer_to(bench.request(n)) for n in range(self.wave)]
        try:
            async with asyncio.timeout(self.patience / 3):
                await asyncio.gather(*wave)
        except TimeoutError:
            what = f"after a cancelled call not all of {self.wave} slots are free"
            raise BrokenRuleError(what) from None

    def _all_at_once(self) -> Behaviour:
        """A server's step that answers only once a whole wave is there."""
        there = asyncio.Barrier(self.wave)

        async def behave(exchange: Exchange) -> None:
            await exchange.read_body()
            await there.wait()
            await enroll(exchange)

        return behave
