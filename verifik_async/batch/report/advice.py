"""What to do next about a job, in sentences, the most urgent first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from verifik_async.batch.amounts import persons
from verifik_async.batch.journal.records import REFUSED, State
from verifik_async.batch.report.runs import Ending

if TYPE_CHECKING:
    from collections.abc import Iterator

    from verifik_async.batch.report.overview import Overview


def next_steps(overview: Overview) -> tuple[str, ...]:
    """What is left to do; there is always something to say."""
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
            "same command with --resend-unknown."
        )
    yield from _go_on(overview)
    again = overview.counts.get(State.FAILED, 0)
    if again:
        yield (
            f"Run the same command again for those who could not be sent "
            f"({persons(again)}): they are tried once more, and nobody who is enrolled."
        )
    mendable = overview.not_enrolled - overview.unknown - again
    if mendable > 0:
        yield (
            f"Mend the rows that were refused or have faults ({persons(mendable)}): "
            "report --failed failed.csv writes them into a file of their own. Then "
            f"enroll that file with this same journal{_retry(overview)}."
        )


def _retry(overview: Overview) -> str:
    """The option without which whoever was refused is not sent again."""
    refused = sorted(state.value for state in REFUSED if overview.counts.get(state))
    return f" and --retry {','.join(refused)}" if refused else ""


def _go_on(overview: Overview) -> Iterator[str]:
    latest = overview.latest
    if latest is None:
        return
    left = f" Left: {persons(overview.pending)}." if overview.pending else ""
    if latest.ending is Ending.CUT_OFF:
        yield (
            "Run the same command again: the last run ended without a word, as after "
            f"a crash, and the next one goes on where it was.{left}"
        )
    elif latest.ending is Ending.STOPPED:
        reason = (latest.reason or "").rstrip(".")
        yield (
            f"See why the last run stopped ({reason}), then run the same command "
            f"again.{left}"
        )
    elif left:
        yield f"Run the same command again.{left}"
