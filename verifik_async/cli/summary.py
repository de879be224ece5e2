"""What came of a run, for people: counts, and who is not enrolled and why."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from verifik_async.batch.outcomes import OutcomeStatus
from verifik_async.batch.report.reasons import MEANINGS
from verifik_async.cli import amounts
from verifik_async.cli.job import ENROLLED
from verifik_async.errors import (
    ApiError,
    InvalidRequestError,
    LivenessFailedError,
    VerifikError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from verifik_async.batch.outcomes import BatchOutcome, BatchReport
    from verifik_async.cli.job import Result
    from verifik_async.cli.screen import Screen

_MOST_LISTED = 20
_MOST_ALIKE = 3
"""Rows listed for one reason, so that a frequent one does not hide the rare."""

_NOT_LISTED = (*ENROLLED, OutcomeStatus.NOT_ATTEMPTED, OutcomeStatus.SKIPPED)

_MEANINGS = {
    **{OutcomeStatus(state.value): meaning for state, meaning in MEANINGS.items()},
    OutcomeStatus.NOT_ATTEMPTED: "pending: the run stopped, and enrolled none of them",
    OutcomeStatus.SKIPPED: "settled by an earlier run",
}


class Summary:
    """Collects what the end of a run should tell; keeps a few persons only.

    Args:
        needed: Least liveness scores of persons who are being enrolled, by row.
    """

    def __init__(self, needed: Mapping[int, float] | None = None) -> None:
        self._needed = dict[int, float]() if needed is None else needed
        self._listed: list[tuple[int, BatchOutcome, float | None]] = []
        self._not_listed = 0
        self._alike: Counter[str] = Counter()

    def take(self, row: int, outcome: BatchOutcome) -> None:
        """Hear of a person."""
        if outcome.status in _NOT_LISTED:
            return
        reason, _ = _why(outcome)
        if len(self._listed) < _MOST_LISTED and self._alike[reason] < _MOST_ALIKE:
            self._alike[reason] += 1
            self._listed.append((row, outcome, self._needed.get(row)))
        else:
            self._not_listed += 1

    def show(self, screen: Screen, result: Result) -> None:
        """Print it all."""
        report = result.report
        before = sum(report.skipped.values())
        partly = f" ({before:,} were settled before)" if before else ""
        screen.say(
            "",
            f"{result.enrolled:,} of {amounts.persons(result.total)} enrolled{partly} "
            f"in {amounts.duration(report.elapsed)} "
            f"({report.rate:,.0f} persons/s, {amounts.requests(result.requests)}, "
            f"{amounts.size(result.sent)} sent)",
            style="bold",
        )
        screen.table(("Outcome", "Persons", "Meaning"), _counts(result))
        if self._listed:
            self._show_listed(screen)

    def _show_listed(self, screen: Screen) -> None:
        title = "Not enrolled"
        if self._not_listed:
            total = len(self._listed) + self._not_listed
            title += f", {len(self._listed)} of {total:,}"
        screen.say("", title, style="bold")
        screen.table(
            ("Row", "Id", "Outcome", "Reason", "What to do"),
            [
                (
                    str(row),
                    outcome.key or "",
                    outcome.status.value,
                    *_why(outcome, needed),
                )
                for row, outcome, needed in sorted(
                    self._listed, key=lambda listed: listed[0]
                )
            ],
        )


def show_unwritten(screen: Screen, result: Result) -> None:
    """List who was sent, but is in no outcomes file, as nothing else tells of them."""
    screen.say("", "Sent, and not in the outcomes file", style="bold")
    screen.table(
        ("Row", "Id", "Outcome", "Person"),
        [
            (
                str(row),
                outcome.key or "",
                outcome.status.value,
                outcome.enrollment.person.id if outcome.enrollment else "",
            )
            for row, outcome in sorted(result.unwritten, key=lambda pair: pair[0])
        ],
    )


def _counts(result: Result) -> list[tuple[str, str, str]]:
    counts = dict(result.report.counts)
    counts[OutcomeStatus.NOT_ATTEMPTED] = result.not_attempted
    return [
        (status.value, f"{counts[status]:,}", _meaning(status, result.report))
        for status in OutcomeStatus
        if counts[status]
    ]


def _meaning(status: OutcomeStatus, report: BatchReport) -> str:
    """What the status says; of those skipped also what they were settled as."""
    if status is not OutcomeStatus.SKIPPED:
        return _MEANINGS[status]
    told = (f"{count:,} {kind}" for kind, count in report.skipped.items() if count)
    return f"{_MEANINGS[status]}: {', '.join(told)}"


def _why(outcome: BatchOutcome, needed: float | None = None) -> tuple[str, str]:
    """Reason and advice, without personal data."""
    error = outcome.error
    if isinstance(error, InvalidRequestError):
        first, *others = error.faults
        more = f" (and {len(others)} more)" if others else ""
        return f"{first.field}: {first.problem}{more}", first.hint or error.hint
    if not isinstance(error, VerifikError):
        # a bug: its text may hold anything
        return type(error).__name__, "report this"
    reason = type(error).__name__
    if isinstance(error, ApiError):
        told = error.reason or error.code or ""
        reason = f"{reason} {told}".rstrip()
    if isinstance(error, LivenessFailedError) and error.score is not None:
        reason += f", score {error.score:g}"
        if needed is not None and error.score < needed:
            reason += f" below {needed:g}"
    return reason, error.hint
