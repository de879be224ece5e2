"""`verifik-async status`: how a job stands, while it runs or later."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from verifik_async.batch.journal import JournalView
from verifik_async.batch.report import Overview, next_steps, overview_of
from verifik_async.batch.report.moments import iso, moment
from verifik_async.batch.report.reasons import MEANINGS
from verifik_async.batch.report.runs import Ending, Run
from verifik_async.cli import options
from verifik_async.cli.amounts import duration, persons, rate
from verifik_async.cli.screen import Screen

_RUNS_SHOWN = 5


def status(
    journal: options.JournalPath,
    *,
    as_json: Annotated[
        bool,
        typer.Option("--json", metavar="", help="Print it as JSON, for programs."),
    ] = False,
) -> None:
    """Tell how a job stands: counts, speed, runs, and what to do next.

    Looks into the journal while a run goes on, after it, or after it was killed, and
    changes nothing. Exit code 0 if the journal could be read, else 2.
    """
    screen = Screen()
    with JournalView.open(journal) as view:
        overview = overview_of(view)
    if as_json:
        text = json.dumps(_as_json(overview), indent=2)  # ASCII, whatever is in it
        screen.console.print(Text(text), soft_wrap=True)
    else:
        _show(screen, overview, journal)


def _show(screen: Screen, overview: Overview, journal: Path) -> None:
    screen.say(_headline(overview), style="bold")
    screen.say(f"{journal}, at {overview.fingerprint.base_url}", "")
    rows = [
        (state.value, f"{overview.counts[state]:,}", meaning)
        for state, meaning in MEANINGS.items()
        if overview.counts.get(state)
    ]
    if overview.in_flight:
        rows.append(("in flight", f"{overview.in_flight:,}", "being sent now"))
    if overview.pending:
        rows.append(("pending", f"{overview.pending:,}", "not sent yet"))
    if rows:
        screen.table(("Outcome", "Persons", "Meaning"), rows)
    if len(overview.runs) > 1:
        screen.say("", "Runs", style="bold")
        screen.table(
            ("Began", "Worked", "Persons", "Ended"),
            [_run_row(run) for run in overview.runs[-_RUNS_SHOWN:]],
        )
    screen.say("", "What to do next", style="bold")
    screen.say(*(f"- {step}" for step in _steps(overview)))


def _headline(overview: Overview) -> str:
    speed = ""
    if overview.rate is not None:
        speed = f", {rate(overview.rate)}{' lately' if overview.holder else ''}"
    enrolled = f"{overview.enrolled:,}"
    if overview.planned:
        enrolled += f" of {persons(overview.total)}"
    return f"{_state_of_runs(overview)}: {enrolled} enrolled{speed}"


def _state_of_runs(overview: Overview) -> str:
    latest = overview.latest
    if latest is None:
        return "No run yet"
    if overview.holder is not None:
        by = overview.holder
        who = "" if by.pid is None else f", process {by.pid}"
        where = f" on {by.host}" if by.host else ""
        return f"Running since {moment(latest.began)}{who}{where}"
    when = moment(latest.last)
    return {
        Ending.FINISHED: f"Finished {when}",
        Ending.STOPPED: f"Stopped {when}",
    }.get(latest.ending, f"Cut off {when}, as by a crash")


def _run_row(run: Run) -> tuple[str, str, str, str]:
    ended = f"{run.ending.value}: {run.reason}" if run.reason else run.ending.value
    return moment(run.began), duration(run.seconds), f"{run.persons:,}", ended


def _steps(overview: Overview) -> list[str]:
    """A terminal has no other type for what is to be typed."""
    return [step.replace("`", "") for step in next_steps(overview)]


def _as_json(overview: Overview) -> dict[str, object]:
    holder = overview.holder
    return {
        "journal": str(overview.path),
        "base_url": overview.fingerprint.base_url,
        "at": iso(overview.at),
        "running": holder is not None,
        "process": None if holder is None else holder.pid,
        "host": None if holder is None else holder.host,
        "counts": {state.value: overview.counts.get(state, 0) for state in MEANINGS},
        "in_flight": overview.in_flight,
        "pending": overview.pending,
        "planned": overview.planned,
        "persons_per_second": overview.rate,
        "runs": [
            {
                "began": iso(run.began),
                "last": iso(run.last),
                "ending": run.ending.value,
                "reason": run.reason,
                "persons": run.persons,
            }
            for run in overview.runs
        ],
        "next": _steps(overview),
    }
