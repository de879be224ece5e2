"""A batch against a simulated quota: 200/s, burst 20, halved for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from batch_runs import Persons
from journal_runs import asked, without_thread
from quota_server import QuotaServer, halved_between, steady

from verifik_async import BatchEnroller, Journal, OutcomeStatus, VerifikClient
from verifik_async.testing import VirtualClock

GOOD = {OutcomeStatus.ENROLLED, OutcomeStatus.NOT_ATTEMPTED}


class Shift:
    """So many seconds of a job that has no end, on a virtual clock."""

    def __init__(
        self, seconds: float, *, quota: Callable[[float], float], seed: int = 0
    ) -> None:
        self.seconds = seconds
        self.clock = VirtualClock()
        self.server = QuotaServer(self.clock, seed=seed, quota=quota)
        self.client = VerifikClient("token", self.server, clock=self.clock)

    def pass_by(self, enroller: BatchEnroller) -> None:
        """Enroll until it is over, and everybody is back; nobody has failed."""
        asyncio.run(self._pass(enroller))
        report = enroller.report
        assert report.counts[OutcomeStatus.ENROLLED] == self.server.served
        assert report.attempts == len(self.server.came)

    async def _pass(self, enroller: BatchEnroller) -> None:
        async def ring() -> None:
            await self.clock.sleep(self.seconds)
            enroller.stop("the shift is over")

        async with enroller:
            ringing = asyncio.create_task(ring())
            async for outcome in enroller.enroll(Persons().later()):
                assert outcome.status in GOOD
            await ringing


def journal_at(path: Path, *, journalled: bool) -> Journal | None:
    """One that spares the disk: this is about the time that passes on the clock."""
    return Journal(path, durability="process") if journalled else None


@pytest.mark.parametrize(("seed", "journalled"), [(0, False), (1, False), (2, True)])
def test_auto_finds_the_quota_and_follows_it(
    seed: int, path: Path, monkeypatch: pytest.MonkeyPatch, *, journalled: bool
) -> None:
    """At least three quarters of it, and one 429 in a hundred at most."""
    without_thread(monkeypatch)
    shift = Shift(60, quota=halved_between(25, 35), seed=seed)
    journal = journal_at(path, journalled=journalled)
    shift.pass_by(BatchEnroller(shift.client, concurrency="auto", journal=journal))
    assert shift.server.share_of_quota(60) >= 0.75
    assert shift.server.share_throttled <= 0.01
    assert shift.server.most <= 64
    if journalled:
        assert asked(path, "SELECT count(*) FROM item") == [(shift.server.served,)]


@pytest.mark.parametrize(("seconds", "journalled"), [(60, False), (20, True)])
def test_a_rate_below_the_quota_uses_it_and_meets_no_429(
    seconds: float, path: Path, monkeypatch: pytest.MonkeyPatch, *, journalled: bool
) -> None:
    """Who knows the quota gets all of it."""
    without_thread(monkeypatch)
    shift = Shift(seconds, quota=steady)
    journal = journal_at(path, journalled=journalled)
    shift.pass_by(BatchEnroller(shift.client, rate=198, journal=journal))
    assert shift.server.share_of_quota(seconds) >= 0.98
    assert shift.server.throttled == []
