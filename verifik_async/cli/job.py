"""One enrollment run: the manifest's rows through a client, to one verdict each."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs

from verifik_async.batch.journal import JournalError, JournalMismatchError
from verifik_async.batch.outcomes import (
    BatchItem,
    BatchOutcome,
    BatchReport,
    OutcomeStatus,
)
from verifik_async.batch.report.runs import PLANNED
from verifik_async.cli import amounts
from verifik_async.cli.exit_codes import ExitCode
from verifik_async.cli.progress import RunProgress, Standing
from verifik_async.cli.signals import Signals
from verifik_async.errors import VerifikError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from verifik_async.batch.enroller import BatchEnroller
    from verifik_async.batch.manifest import Manifest, ManifestRow
    from verifik_async.cli.screen import Screen
    from verifik_async.cli.traffic import Traffic
    from verifik_async.models import EnrollmentRequest

_NOTHING_TO_KEEP = (
    OutcomeStatus.NOT_ATTEMPTED,
    OutcomeStatus.INVALID,
    OutcomeStatus.SKIPPED,
)

ENROLLED = (OutcomeStatus.ENROLLED, OutcomeStatus.PRESUMED_ENROLLED)
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
        """Persons who are enrolled, by this run or an earlier one."""
        return enrolled_in(self.report)

    @property
    def exit_code(self) -> ExitCode:
        """What to tell the caller's script."""
        if self.asked_to_end is not None:
            return self.asked_to_end
        if isinstance(self.report.stop_error, JournalMismatchError):
            return ExitCode.OTHER_JOB
        if self.report.stop_reason is not None:
            return ExitCode.STOPPED
        if self.enrolled < self.total:
            return ExitCode.SOME_NOT_ENROLLED
        return ExitCode.OK


def enrolled_in(report: BatchReport) -> int:
    """Persons who are enrolled, by this run or an earlier one."""
    earlier = sum(report.skipped.get(status, 0) for status in ENROLLED)
    return earlier + sum(report.counts[status] for status in ENROLLED)


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

    Attributes:
        traffic: What went over the network.
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
        self._drain: asyncio.TimerHandle | None = None
        self.traffic = traffic
        self._unwritten: list[tuple[int, BatchOutcome]] = []
        self._cancelled = False
        self._taker_failed = False

    async def carry_out(self, enroller: BatchEnroller, *, grace: float) -> Result:
        """Enroll everybody; signals end it early, but in order.

        Args:
            enroller: Not entered yet.
            grace: Seconds for requests on their way after the first signal.

        Raises:
            JournalError: The run can't begin, or its last outcomes can't be kept.
        """
        task = asyncio.current_task()
        cancel = functools.partial(self._cancel, task)
        with (
            Signals(
                functools.partial(self._stop, enroller, cancel, grace), cancel
            ) as signals,
            RunProgress(self._screen, total=self._total) as progress,
        ):
            ticking = asyncio.create_task(self._tick(enroller, progress))
            try:
                error = await self._enroll(enroller)
            finally:
                ticking.cancel()
                if self._drain is not None:
                    self._drain.cancel()
            progress.finish(self._standing(enroller))
        return Result(
            report=enroller.report,
            total=self._total,
            sent=self.traffic.sent,
            requests=self.traffic.requests,
            asked_to_end=signals.exit_code,
            error=error,
            unwritten=tuple(self._unwritten),
        )

    async def _enroll(self, enroller: BatchEnroller) -> VerifikError | None:
        failure = None
        try:
            async with enroller:
                enroller.note(PLANNED, {"persons": self._total})
                async for outcome in enroller.enroll(self._items()):
                    self._take(enroller, outcome)
        except JournalError:
            raise  # nothing was sent
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
            yield BatchItem(request=build, key=row.key, row=row.number)

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

    def _stop(
        self, enroller: BatchEnroller, cancel: Callable[[], None], grace: float
    ) -> None:
        enroller.stop("interrupted")
        self._drain = asyncio.get_running_loop().call_later(grace, cancel)
        flying = amounts.requests(enroller.standing.on_the_way)
        self._screen.note(
            f"Stopping: {flying} on the way may finish, for {amounts.duration(grace)}. "
            "Again, and they are cancelled; then it is unknown if they are enrolled."
        )

    def _cancel(self, task: asyncio.Task[object] | None) -> None:
        self._cancelled = True
        if task is not None:
            task.cancel()

    def _standing(self, enroller: BatchEnroller) -> Standing:
        report = enroller.report
        now = enroller.standing
        done = report.total - report.counts[OutcomeStatus.NOT_ATTEMPTED]
        return Standing(
            done=done,
            total=self._total,
            skipped=report.counts[OutcomeStatus.SKIPPED],
            sent=self.traffic.sent,
            in_flight=now.on_the_way,
            limit=now.concurrency,
            not_enrolled=done - enrolled_in(report),
            waits_for=now.waits_for,
        )

    async def _tick(self, enroller: BatchEnroller, progress: RunProgress) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            while True:
                await asyncio.sleep(progress.interval)
                progress.show(self._standing(enroller))
