"""One enrollment run: the manifest's rows through a client, to one verdict each."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs

from verifik_async.batch.enroller import BatchEnroller
from verifik_async.batch.outcomes import (
    BatchItem,
    BatchOutcome,
    BatchReport,
    OutcomeStatus,
)
from verifik_async.cli import amounts
from verifik_async.cli.exit_codes import ExitCode
from verifik_async.cli.progress import RunProgress, Standing
from verifik_async.cli.signals import Signals
from verifik_async.errors import VerifikError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from verifik_async.batch.manifest import Manifest, ManifestRow
    from verifik_async.cli.screen import Screen
    from verifik_async.cli.traffic import Traffic
    from verifik_async.client import VerifikClient
    from verifik_async.models import EnrollmentRequest

_NOTHING_TO_KEEP = (
    OutcomeStatus.NOT_ATTEMPTED,
    OutcomeStatus.INVALID,
    OutcomeStatus.SKIPPED,
)

ENROLLED = (
    OutcomeStatus.ENROLLED,
    OutcomeStatus.PRESUMED_ENROLLED,
    OutcomeStatus.SKIPPED,
)
"""Verdicts after which nothing is left to do for a person."""

Taker = Callable[[int, BatchOutcome], None]
"""Is given each person's row and outcome."""


@attrs.frozen(kw_only=True)
class Result:
    """How a run ended.

    Attributes:
        report: The enroller's last word.
        total: Persons that there were to enroll.
        sent: Bytes of requests that reached the network.
        requests: How many those were.
        asked_to_end: The exit code that a signal asks for.
        error: What was wrong with the manifest while it was read again.
        unwritten: Rows and outcomes of persons who were sent, and of whom a taker
            that failed, such as a file on a full disk, knows nothing.
    """

    report: BatchReport
    total: int
    sent: int
    requests: int = 0
    asked_to_end: ExitCode | None = None
    error: VerifikError | None = None
    unwritten: tuple[tuple[int, BatchOutcome], ...] = ()

    @property
    def not_attempted(self) -> int:
        """Persons whose turn did not come, also those never read."""
        unread = max(0, self.total - self.report.total)
        return self.report.counts[OutcomeStatus.NOT_ATTEMPTED] + unread

    @property
    def enrolled(self) -> int:
        """Persons for whom nothing is left to do."""
        return sum(self.report.counts[status] for status in ENROLLED)

    @property
    def exit_code(self) -> ExitCode:
        """What to tell the caller's script."""
        if self.asked_to_end is not None:
            return self.asked_to_end
        if self.report.stop_reason is not None:
            return ExitCode.STOPPED
        if self.enrolled < self.total:
            return ExitCode.SOME_NOT_ENROLLED
        return ExitCode.OK


class Run:
    """A run, which is made for one use.

    Args:
        manifest: Checked already; each row is checked again when its turn comes.
        total: Rows that it has.
        screen: Where progress is shown.
        takers: Each is given every outcome. An OSError from one, such as a full
            disk, stops the run without losing what is in flight.
        traffic: Observes the client.
        needed: Is kept filled with the least liveness score of each person who is
            being enrolled, by row.
    """

    def __init__(  # noqa: PLR0913 - all but one by keyword
        self,
        manifest: Manifest,
        *,
        total: int,
        screen: Screen,
        takers: Iterable[Taker],
        traffic: Traffic,
        needed: dict[int, float],
    ) -> None:
        self._manifest = manifest
        self._total = total
        self._screen = screen
        self._takers = list(takers)
        self._needed = needed
        self._rows: dict[int, int] = {}
        self._traffic = traffic
        self._unwritten: list[tuple[int, BatchOutcome]] = []
        self._cancelled = False
        self._taker_failed = False

    async def carry_out(self, client: VerifikClient, *, concurrency: int) -> Result:
        """Enroll everybody; signals end it early, but in order."""
        enroller = BatchEnroller(client, concurrency=concurrency)
        task = asyncio.current_task()
        with (
            Signals(
                functools.partial(self._stop, enroller),
                functools.partial(self._cancel, task),
            ) as signals,
            RunProgress(self._screen, total=self._total) as progress,
        ):
            ticking = asyncio.create_task(self._tick(enroller, progress))
            try:
                error = await self._enroll(enroller)
            finally:
                ticking.cancel()
            progress.finish(self._standing(enroller))
        return Result(
            report=enroller.report,
            total=self._total,
            sent=self._traffic.sent,
            requests=self._traffic.requests,
            asked_to_end=signals.exit_code,
            error=error,
            unwritten=tuple(self._unwritten),
        )

    async def _enroll(self, enroller: BatchEnroller) -> VerifikError | None:
        failure = None
        try:
            async with enroller:
                async for outcome in enroller.enroll(self._items()):
                    self._take(enroller, outcome)
        except VerifikError as error:
            failure = error
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not self._cancelled or task is None:
                raise
            task.uncancel()
        for outcome in enroller.undelivered:
            self._take(enroller, outcome)
        return failure

    def _items(self) -> Iterator[BatchItem]:
        for index, row in enumerate(self._manifest):
            self._rows[index] = row.number
            build = functools.partial(self._build, row)
            yield BatchItem(request=build, key=row.key)

    def _build(self, row: ManifestRow) -> EnrollmentRequest:
        request = row.build()
        self._needed[row.number] = request.liveness_min_score
        return request

    def _take(self, enroller: BatchEnroller, outcome: BatchOutcome) -> None:
        number = self._rows.pop(outcome.index)
        for taker in tuple(self._takers):
            try:
                taker(number, outcome)
            except OSError as error:
                self._takers.remove(taker)
                self._taker_failed = True
                enroller.stop(f"the outcomes file can't be written: {error.strerror}")
        self._needed.pop(number, None)
        if self._taker_failed and outcome.status not in _NOTHING_TO_KEEP:
            self._unwritten.append((number, outcome))

    def _stop(self, enroller: BatchEnroller) -> None:
        enroller.stop("interrupted")
        flying = amounts.persons(enroller.report.in_flight)
        self._screen.note(
            f"Stopping: {flying} in flight may finish. "
            "Again, and they are cancelled; then it is unknown if they are enrolled."
        )

    def _cancel(self, task: asyncio.Task[object] | None) -> None:
        self._cancelled = True
        if task is not None:
            task.cancel()

    def _standing(self, enroller: BatchEnroller) -> Standing:
        report = enroller.report
        waiting = report.counts[OutcomeStatus.NOT_ATTEMPTED]
        enrolled = sum(report.counts[status] for status in ENROLLED)
        return Standing(
            done=report.total - waiting,
            total=self._total,
            sent=self._traffic.sent,
            in_flight=report.in_flight,
            not_enrolled=report.total - waiting - enrolled,
        )

    async def _tick(self, enroller: BatchEnroller, progress: RunProgress) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            while True:
                await asyncio.sleep(progress.interval)
                progress.show(self._standing(enroller))
