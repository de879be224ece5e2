"""What to do next about a job, in sentences, the most urgent first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from verifik_async.batch.amounts import persons
from verifik_async.batch.journal.records import REFUSED, State
from verifik_async.batch.report.runs import Ending

if TYPE_CHECKING:
    from collections.abc import Iterator

    from verifik_async.batch.report.overview import Overview
    from verifik_async.batch.report.runs import Run


def next_steps(overview: Overview) -> tuple[str, ...]:
    """What is left to do; there is always something to say.

    What is to be typed stands between backquotes.
    """
    if overview.holder is not None:
        return ("Nothing for now: a run goes on. This is how it stood a moment ago.",)
    steps = tuple(_steps(overview))
    if steps:
        return steps
    if overview.settled:
        return ("Nothing: everybody is enrolled.",)
    return ("Nobody was sent yet: run the job with this journal.",)


def _steps(overview: Overview) -> Iterator[str]:
    if overview.unknown:
        yield (
            f"Look up who is unknown ({persons(overview.unknown)}): they may be "
            "enrolled and charged. Whoever is not enrolled can be sent again, by the "
            "same command with `--resend-unknown`."
        )
    again = overview.counts.get(State.FAILED, 0)
    go_on = _go_on(overview.latest, more=bool(overview.pending or again))
    if go_on:
        left = f" Left: {persons(overview.pending)}." if overview.pending else ""
        tried = f" Could not be sent, and are tried again: {persons(again)}."
        yield go_on + left + (tried if again else "")
    mendable = overview.not_enrolled - overview.unknown - again
    if mendable > 0:
        yield (
            f"Mend the rows that were refused or have faults ({persons(mendable)}): "
            "`report JOURNAL --manifest MANIFEST --failed failed.csv` writes them into "
            "a file of their own. Then enroll that file with this same journal"
            f"{_retry(overview)}."
        )


def _go_on(latest: Run | None, *, more: bool) -> str:
    if latest is not None and latest.ending is Ending.CUT_OFF:
        return (
            "Run the same command again: the last run ended without a word, as after "
            "a crash, and the next one goes on where it was."
        )
    if latest is not None and latest.ending is Ending.STOPPED:
        reason = (latest.reason or "").rstrip(".")
        return (
            f"See why the last run stopped ({reason}), then run the same command again."
        )
    return "Run the same command again: whoever is settled is skipped." if more else ""


def _retry(overview: Overview) -> str:
    """The option without which whoever was refused is not sent again."""
    refused = sorted(state.value for state in REFUSED if overview.counts.get(state))
    return f" and `--retry {','.join(refused)}`" if refused else ""
