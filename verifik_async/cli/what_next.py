"""What is left to do after a run, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING

from verifik_async.batch.journal import (
    JournalError,
    JournalMismatchError,
    JournalView,
)
from verifik_async.batch.journal.records import REFUSED
from verifik_async.batch.outcomes import OutcomeStatus
from verifik_async.cli import amounts
from verifik_async.cli.summary import show_unwritten
from verifik_async.errors import AuthenticationError

if TYPE_CHECKING:
    from verifik_async.cli.enrollment import Plan
    from verifik_async.cli.job import Result
    from verifik_async.cli.screen import Screen

_AGAIN = "To go on: run the same command again"


def tell_what_next(plan: Plan, screen: Screen, result: Result) -> None:
    """Say where everything is, how to go on, and why the run stopped."""
    read = result.report.total
    if result.unwritten:
        show_unwritten(screen, result)
    elif plan.outcomes is not None and read < result.total:
        written = f"The outcomes of {amounts.persons(read)} are in {plan.outcomes}"
        screen.say("", f"{written}; the turn of the others did not come")
    elif plan.outcomes is not None:
        screen.say("", f"Every person's outcome is in {plan.outcomes}")
    for line in (*_unrecorded(plan, result), *_left_open(plan, result)):
        screen.say("", line)
    _tell_why(screen, result)


def _tell_why(screen: Screen, result: Result) -> None:
    """Say why the run stopped, or did not reach all."""
    read, reason = result.report.total, result.report.stop_reason
    if result.error is not None:
        screen.complain_of(result.error)
    elif reason is not None and result.asked_to_end is None:
        hint = getattr(result.report.stop_error, "hint", "")
        if isinstance(result.report.stop_error, AuthenticationError):
            hint += " It is read from VERIFIK_TOKEN."
        screen.complain(f"stopped: {reason}", hint)
    elif reason is None and read < result.total:
        screen.complain(
            f"the manifest had {amounts.rows(result.total)} when it was checked, and "
            f"{read:,} when it was read again",
            "It was changed during the run: whoever was in the others is not enrolled.",
        )


def _unrecorded(plan: Plan, result: Result) -> list[str]:
    """Who was sent, but could not be written down, as on a full disk."""
    journal = plan.journal
    if journal is None or not isinstance(result.report.stop_error, JournalError):
        return []
    try:
        with JournalView.open(journal) as view:
            number = view.in_flight
    except JournalError:
        return []
    if not number:
        return []
    told = (
        f"The journal could not be told how {amounts.persons(number)} ended: they are "
        "unknown to the next run."
    )
    if plan.outcomes is not None:
        told += (
            f" The answers that came are in {plan.outcomes}. Keep a copy: the next run "
            "writes that file anew."
        )
    return [told]


def _left_open(plan: Plan, result: Result) -> list[str]:
    """How to go on with those who are not settled, a paragraph each."""
    counts = result.report.counts
    unknown = counts[OutcomeStatus.UNKNOWN]
    again = counts[OutcomeStatus.FAILED] + result.not_attempted
    refused = _refused(result) if plan.journal is not None else {}
    if not unknown and not again and not refused:
        return []
    if isinstance(result.report.stop_error, JournalMismatchError):
        return []  # the same command would be refused again
    if not plan.target.keeps:
        return [f"{_AGAIN}."]
    if plan.journal is None:
        return [_without_journal(plan)]
    lines: list[str] = []
    if again:
        lines.append(f"{_AGAIN}. Whoever is settled is skipped.")
    if unknown:
        lines.append(
            f"{amounts.persons(unknown)} may or may not be enrolled: look them up, or "
            "run the same command with --resend-unknown, which may charge them twice "
            "and is right where the server refuses duplicates."
        )
    if refused:
        lines.append(
            f"{_were(sum(refused.values()))} refused: only with this same journal and "
            f"--retry {','.join(refused)} are such rows sent again, mended or not."
        )
    return lines


def _were(number: int) -> str:
    return f"{amounts.persons(number)} {'was' if number == 1 else 'were'}"


def _refused(result: Result) -> dict[str, int]:
    """Whom the journal will not send again by itself, now or from before."""
    counts, before = result.report.counts, result.report.skipped
    refused = (OutcomeStatus(state.value) for state in sorted(REFUSED))
    found = {status.value: counts[status] + before.get(status, 0) for status in refused}
    return {name: number for name, number in found.items() if number}


def _without_journal(plan: Plan) -> str:
    where = f"here or in {plan.outcomes}" if plan.outcomes else "here"
    return (
        f"To go on: take out of the manifest whoever is enrolled ({where}), look up "
        "who is unknown, and run it again, this time with --journal FILE."
    )
