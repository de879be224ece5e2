"""Limits run from where they should, and end as what is known then."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from verifik_async.errors import ConnectTimeoutError, ReadTimeoutError, WriteError
from verifik_async.testing.contract.answers import raw
from verifik_async.testing.contract.bench import expect
from verifik_async.testing.contract.case import Capability, ContractCase, rule
from verifik_async.testing.contract.running import require
from verifik_async.testing.contract.samples import (
    LARGE,
    enroll,
    photo,
    sample_request,
)
from verifik_async.transports.faults import Fault
from verifik_async.wire import Timeout

if TYPE_CHECKING:
    from verifik_async.testing.exchanges import Exchange

_AMPLE = 30.0
_READ_EVERY = 0.05
_READ_EACH = 2_000_000
_SLOT_HELD = 0.25
_LIMIT = 0.45
_BEYOND = 1.5
"""How much longer than `short` a server takes that is not to be timed out."""


class TimeoutChecks(ContractCase):
    """`Timeout` is kept, and nothing is counted that it does not count."""

    @rule(
        Capability.REACHES_URLS,
        why="TLS is a part of connecting: nothing was sent, so the call may be "
        "repeated freely. Without a limit it hangs for ever.",
    )
    async def test_a_tls_handshake_that_never_ends_was_not_sent(self) -> None:
        """No TLS within Timeout.connect is ConnectTimeoutError."""
        async with self.serving() as bench:
            url = bench.url.replace("http://", "https://")
            request = sample_request(url, timeout=self.impatient)
            expect(await bench.error_of(request), ConnectTimeoutError)

    @rule(
        Capability.REACHES_URLS,
        why="A network that takes no more data holds an upload for ever; what has not "
        "been handed over can't be acted upon.",
    )
    async def test_a_stalled_upload_was_not_sent(self) -> None:
        """No block taken within Timeout.write is WriteError."""
        over = asyncio.Event()

        async def stall(exchange: Exchange) -> None:
            await over.wait()
            await exchange.gone()

        async with self.serving(stall) as bench:
            limits = Timeout(connect=_AMPLE, write=self.short, read=_AMPLE)
            request = bench.request(image=photo(size=LARGE), timeout=limits)
            try:
                expect(await bench.error_of(request), WriteError)
            finally:
                over.set()

    @rule(
        Capability.REACHES_URLS,
        why="Timeout.write is for each block: a slow link that keeps moving is no "
        "fault, and large images would never get through.",
    )
    async def test_a_slow_upload_that_moves_never_times_out(self) -> None:
        """A body taken bit by bit arrives, though it takes longer than the limit."""

        async def sip(exchange: Exchange) -> None:
            while not exchange.complete:
                await asyncio.sleep(_READ_EVERY)
                for _ in range(_READ_EACH >> 16):
                    await exchange.read_some(1 << 16)
            await enroll(exchange)

        async with self.serving(sip) as bench:
            limits = Timeout(connect=_AMPLE, write=self.short, read=_AMPLE)
            image = photo(size=LARGE)
            await bench.answer_to(bench.request(image=image, timeout=limits))

    @rule(
        Capability.REACHES_URLS,
        why="Half an answer and then silence is no answer: the person may exist, and "
        "without a limit the caller waits for ever.",
    )
    async def test_a_stall_inside_the_answer_is_unknown(self) -> None:
        """No further part within Timeout.read is ReadTimeoutError."""
        half = raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
        async with self.serving(half) as bench:
            limits = Timeout(connect=_AMPLE, write=_AMPLE, read=self.short)
            expect(
                await bench.error_of(bench.request(timeout=limits)), ReadTimeoutError
            )

    @rule(
        Capability.REACHES_URLS,
        why="An interim answer promises nothing: with no limit after it, a server that "
        "says 100 and dies holds the caller for ever.",
    )
    async def test_silence_after_an_interim_answer_is_unknown(self) -> None:
        """No answer within Timeout.read of an interim one is ReadTimeoutError."""
        interim = raw(b"HTTP/1.1 102 Processing\r\n\r\n")
        async with self.serving(interim) as bench:
            request = bench.request(timeout=self.impatient)
            expect(await bench.error_of(request), ReadTimeoutError)

    @rule(
        Capability.REACHES_URLS,
        why="Liveness and search take seconds: an answer that is waited for with the "
        "limit of another phase is lost, and its person unknown.",
    )
    async def test_limits_of_one_phase_do_not_end_another(self) -> None:
        """An answer later than the connect and write limits is in time for read's."""

        async def late(exchange: Exchange) -> None:
            await exchange.read_body()
            await asyncio.sleep(_BEYOND * self.short)
            await enroll(exchange)

        async with self.serving(late) as bench:
            limits = Timeout(connect=self.short, write=self.short, read=_AMPLE)
            await bench.answer_to(bench.request(timeout=limits))

    @rule(
        Capability.REACHES_URLS,
        why="A limit for the whole answer would end slow ones that are coming; it is "
        "for the time between their parts.",
    )
    async def test_the_read_limit_begins_anew_with_every_part(self) -> None:
        """A slow body whose parts are each in time comes whole."""
        async with self.serving(Fault.SLOW_BODY) as bench:
            limits = Timeout(connect=_AMPLE, write=_AMPLE, read=self.short)
            await bench.answer_to(bench.request(timeout=limits))

    @rule(
        Capability.REACHES_URLS,
        why="A batch keeps more requests waiting than there are slots; a limit which "
        "counts that wait times out healthy calls.",
    )
    async def test_the_wait_for_a_slot_is_not_counted(self) -> None:
        """Calls in three waves, each of them longer than half of each limit."""
        if self.slots is None:
            self.skip("slots is None, so nothing waits for a slot")
        under_way = most = 0

        async def slow(exchange: Exchange) -> None:
            nonlocal under_way, most
            await exchange.read_body()
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(_SLOT_HELD)
            under_way -= 1
            await enroll(exchange)

        async with self.serving(slow) as bench:
            limits = Timeout(connect=_LIMIT, write=_LIMIT, read=_LIMIT)
            requests = [
                bench.request(number, timeout=limits) for number in range(3 * self.wave)
            ]
            await asyncio.gather(*map(bench.answer_to, requests))
        require(most <= self.wave, f"{most} requests were under way at the same time")
