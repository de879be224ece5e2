"""`verifik-async demo`: 200 drawn people through everything, on this machine."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from verifik_async.batch.manifest import Manifest, RowDefaults
from verifik_async.batch.outcomes import BatchOutcome, OutcomeStatus
from verifik_async.cli import demo_folder
from verifik_async.cli.enrollment import Plan, carry_out
from verifik_async.cli.exit_codes import ExitCode
from verifik_async.cli.program import program
from verifik_async.cli.screen import Screen
from verifik_async.cli.targets import embedded_sandbox
from verifik_async.retry import RetryPolicy

_COLLECTION = "demo"
_LATENCY = 0.4
"""Seconds, so that there is time to see the progress bar: about three in all."""


def demo(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER", help="Where to write; made if it does not exist."
        ),
    ] = Path("verifik-demo"),
) -> None:
    """Write a manifest of 200 drawn people and enroll it into a sandbox.

    Needs no account, no token and no network; takes a few seconds. Some people are
    staged to be refused, and the end compares what came with what was staged.
    Exit code 0 if it went as staged, else 3.
    """
    raise typer.Exit(_demo(folder, Screen()))


def _demo(folder: Path, screen: Screen) -> ExitCode:
    stage = demo_folder.write(folder)
    path = folder / demo_folder.MANIFEST
    counts = stage.counts()
    screen.say(
        f"Wrote {path}: {demo_folder.PEOPLE} invented people with drawn faces.",
        f"Staged among them: {counts[OutcomeStatus.DUPLICATE]} with the face of "
        f"somebody else, {counts[OutcomeStatus.LIVENESS_FAILED]} photographs of a "
        f"screen, and {counts[OutcomeStatus.INVALID]} rows with faults.",
        "",
    )
    came: dict[int, OutcomeStatus] = {}

    def hear(row: int, outcome: BatchOutcome) -> None:
        came[row] = outcome.status

    plan = Plan(
        manifest=Manifest.open(path, defaults=RowDefaults(collection_id=_COLLECTION)),
        target=embedded_sandbox(RetryPolicy(), latency=_LATENCY),
        outcomes=folder / demo_folder.OUTCOMES,
        overwrite=True,
        skip_invalid=True,
    )
    code = carry_out(plan, screen, hear)
    if code is not ExitCode.SOME_NOT_ENROLLED:
        return code
    return _compare(stage, came, screen) or _tell_next(path, screen)


def _compare(
    stage: demo_folder.Stage, came: dict[int, OutcomeStatus], screen: Screen
) -> ExitCode | None:
    differences = stage.differences(came)
    if not differences:
        screen.say("", "Everything came as it was staged.", style="bold green")
        return None
    screen.say("", *differences)
    screen.complain("not everything came as it was staged", "Please report this.")
    return ExitCode.SOME_NOT_ENROLLED


def _tell_next(path: Path, screen: Screen) -> ExitCode:
    check = f"check {shlex.quote(str(path))} --collection {_COLLECTION}"
    mine = "enroll people.csv --collection ID"
    screen.say("", "Next: see what a check tells about the faulty rows,")
    called = program()
    screen.command(f"{called} {check}")
    screen.say(
        "then write a manifest of your own like this one, and try it for nothing,"
    )
    screen.command(f"{called} {mine} --sandbox")
    screen.say("and in earnest, with VERIFIK_TOKEN in the environment:")
    screen.command(f"{called} {mine} --journal job.sqlite3 --report report.html")
    return ExitCode.OK
