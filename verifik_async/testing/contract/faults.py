"""Every fault ends as the one table says: `transports.faults.effect`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from verifik_async.bodies import Body
from verifik_async.errors import ConnectionLostError, Outcome, VerifikError
from verifik_async.testing.contract.bench import Bench, Served, expect
from verifik_async.testing.contract.case import Capability, ContractCase, rule
from verifik_async.testing.contract.running import require
from verifik_async.testing.contract.samples import LARGE, enroll, photo
from verifik_async.testing.dead_ends import dead_end
from verifik_async.testing.documented import DOCUMENTED
from verifik_async.transports.faults import (
    BEFORE_THE_SERVER,
    NEEDS_AN_ANSWER,
    Fault,
    effect,
)
from verifik_async.wire import HttpResponse, Timeout

if TYPE_CHECKING:
    from collections.abc import Callable

_BIG = {Fault.RESET_WHILE_SENDING}
_OUT_OF_TIME = {Fault.CONNECT_TIMEOUT, Fault.READ_TIMEOUT}
_WHY = {
    Outcome.NOT_SENT: "What was never sent may be repeated freely; called UNKNOWN it "
    "stops a row of a batch, and sends a person to look for nobody.",
    Outcome.UNKNOWN: "The server may have acted: called NOT_SENT, or sent again by the "
    "transport itself, a person is enrolled, and charged for, twice.",
    None: "It is an answer, and for the codec to judge; an error in its place, or "
    "other bytes, hide what the server said.",
}


class FaultChecks(ContractCase):
    """One check for each fault, and some for what goes beside them."""

    async def ends_as_documented(self, fault: Fault) -> None:
        """Play the fault where it can be played, and compare its end with the table."""
        if fault in BEFORE_THE_SERVER and self.can(Capability.REACHES_URLS):
            with dead_end(fault) as url:
                async with self.opened(self.make_transport()) as transport:
                    await self._ends(fault, Bench(transport=transport, url=url))
            return
        async with self.meeting(fault) as bench:
            await self._ends(fault, bench)
            if isinstance(bench, Served):
                bench.require_arrivals(1)

    async def _ends(self, fault: Fault, bench: Bench) -> None:
        large = fault in _BIG and isinstance(bench, Served)
        request = bench.request(
            image=photo(size=LARGE) if large else None,
            timeout=self.impatient if fault in _OUT_OF_TIME else Timeout(),
        )
        expected = DOCUMENTED if fault is Fault.SLOW_BODY else effect(fault)
        if isinstance(expected, VerifikError):
            expect(await bench.error_of(request), type(expected))
            return
        got = await bench.answer_to(request)
        alike = got.status == expected.status and bench.same_body(got, expected)
        require(alike, f"{fault} came back as {got!r}, not {expected!r}")
        for name, text in expected.headers.items():
            require(got.headers.get(name) == text, f"{name}: {got.headers.get(name)}")

    @rule(Capability.REACHES_URLS, why=_WHY[Outcome.UNKNOWN])
    async def test_a_lost_answer_on_a_used_connection_is_not_sent_again(self) -> None:
        """A connection that served before excuses no second request."""
        for fault in (Fault.LOST_ANSWER, Fault.RESET_WHILE_WAITING):
            async with self.serving(enroll, fault, enroll) as bench:
                await bench.answer_to()
                expect(await bench.error_of(), ConnectionLostError)
                bench.require_arrivals(2)
                await bench.answer_to()

    @rule(Capability.REACHES_URLS, why=_WHY[Outcome.UNKNOWN])
    async def test_a_request_without_a_body_is_whole_at_once(self) -> None:
        """A lost answer to it is UNKNOWN, as to any that was sent."""
        async with self.serving(Fault.LOST_ANSWER) as bench:
            empty = attrs.evolve(bench.request(), body=Body(()))
            expect(await bench.error_of(empty), ConnectionLostError)
            bench.require_arrivals(1)


def _check_of(fault: Fault) -> Callable[[FaultChecks], None]:
    happens = HttpResponse(status=200) if fault is Fault.SLOW_BODY else effect(fault)
    outcome = happens.outcome if isinstance(happens, VerifikError) else None
    doors = [Capability.REACHES_URLS]
    if fault not in NEEDS_AN_ANSWER:
        doors.append(Capability.PLAYS_STEPS)

    async def check(self: FaultChecks) -> None:
        await self.ends_as_documented(fault)

    check.__name__ = name = f"test_fault_{fault}"
    check.__qualname__ = f"{FaultChecks.__qualname__}.{name}"
    check.__doc__ = f"`{fault}` ends as `effect` says."
    return rule(*doors, why=_WHY[outcome])(check)


for _fault in Fault:
    setattr(FaultChecks, f"test_fault_{_fault}", _check_of(_fault))
