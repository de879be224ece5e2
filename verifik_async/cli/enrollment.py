"""Check, enroll, report: what `enroll` and `demo` have in common."""

from __future__ import annotations

import asyncio
import shlex
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from verifik_async.batch.manifest import Manifest, RowDefaults
from verifik_async.batch.outcomes import OutcomeStatus
from verifik_async.batch.outcomes_file import OutcomesFile
from verifik_async.cli import amounts
from verifik_async.cli.exit_codes import ExitCode
from verifik_async.cli.job import Result, Run, Taker
from verifik_async.cli.program import program
from verifik_async.cli.progress import CheckProgress
from verifik_async.cli.shared_pictures import SharedPictures
from verifik_async.cli.summary import Summary, show_unwritten
from verifik_async.cli.targets import Target
from verifik_async.cli.traffic import Traffic
from verifik_async.cli.validation import (
    FaultList,
    Validation,
    interruptible,
    naming,
    validate,
)
from verifik_async.errors import AuthenticationError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from verifik_async.batch.manifest import ManifestRow
    from verifik_async.cli.screen import Screen

_MOST_BAD_ROWS_SHOWN = 50
_LEFT_OPEN = (OutcomeStatus.FAILED, OutcomeStatus.UNKNOWN)


@attrs.frozen(kw_only=True)
class Plan:
    """What is to be enrolled, where, and how.

    Attributes:
        manifest: Who.
        target: Where.
        concurrency: How many at a time.
        outcomes: File for a row a person, if wanted.
        overwrite: Whether that file may take another's place.
        skip_invalid: Enroll the rest where rows have faults.
    """

    manifest: Manifest
    target: Target
    concurrency: int
    outcomes: Path | None = None
    overwrite: bool = False
    skip_invalid: bool = False


def carry_out(plan: Plan, screen: Screen, *takers: Taker) -> ExitCode:
    """Check all rows, then enroll them, then tell what came of it.

    Args:
        plan: What to do.
        screen: Where to show it.
        takers: Each is given every row's outcome.

    Raises:
        VerifikError: Before anything is sent: a setting or a file is wrong.
    """
    if plan.outcomes is not None:
        # before the check, which may take a while
        OutcomesFile.check(plan.outcomes, overwrite=plan.overwrite)
        if plan.outcomes.resolve() == plan.manifest.path.resolve():
            raise ConfigurationError("the outcomes file would replace the manifest")
    found = _validated(plan, screen)
    if found is None:
        return ExitCode.BAD_INPUT
    needed: dict[int, float] = {}
    summary = Summary(needed)
    with ExitStack() as stack:
        files: list[Taker] = []
        if plan.outcomes is not None:
            file = OutcomesFile.create(plan.outcomes, overwrite=plan.overwrite)
            files.append(stack.enter_context(file).write)
        elif plan.target.keeps:
            screen.note(
                "Note: without --outcomes FILE.csv ids and verdicts are only counted "
                "and shown, not kept"
            )
        screen.say(
            f"Enrolling {amounts.persons(found.good)} {plan.target.place}, "
            f"{plan.concurrency} at a time"
        )
        result = asyncio.run(
            _enroll(
                plan,
                found,
                screen=screen,
                takers=[*files, summary.take, *takers],
                needed=needed,
            )
        )
    summary.show(screen, result)
    _tell_what_next(plan, screen, result)
    return result.exit_code


def _validated(plan: Plan, screen: Screen) -> Validation | None:
    """What the check found; None, with everything told, if nothing may be sent."""
    most = 0 if plan.skip_invalid else _MOST_BAD_ROWS_SHOWN
    faults = FaultList(screen, most=most)
    shared = SharedPictures()
    with (
        naming(plan.manifest.path),
        interruptible(screen),
        CheckProgress(screen) as progress,
    ):

        def on_row(row: ManifestRow, standing: Validation) -> None:
            progress.count(standing)
            shared.look_at(row)

        found = validate(plan.manifest, on_row=on_row, on_faults=faults.show)
    for note in (*plan.manifest.notes, *shared.notes()):
        screen.note(f"Note: {note}")
    if not found.bad:
        return found
    have = "has" if found.bad == 1 else "have"
    bad = f"{found.bad:,} of {amounts.rows(found.rows)} {have} faults"
    command = _check_command(plan.manifest)
    if plan.skip_invalid:
        screen.say(f"{bad} and are left out. To see them all:")
        screen.command(command)
        return found
    if found.bad > faults.shown:
        screen.say(f"… and {amounts.rows(found.bad - faults.shown)} more")
    screen.complain(
        f"{bad}; nothing was sent",
        f"Mend them, or leave them out with --skip-invalid. To see them all: {command}",
    )
    return None


def _check_command(manifest: Manifest) -> str:
    """The check that this run made, with all that was given for it."""
    usual = RowDefaults()
    words = [str(manifest.path)]
    for option, value, other in (
        ("--collection", manifest.defaults.collection_id, usual.collection_id),
        (
            "--liveness-min-score",
            manifest.defaults.liveness_min_score,
            usual.liveness_min_score,
        ),
        ("--min-score", manifest.defaults.min_score, usual.min_score),
        ("--search-mode", manifest.defaults.search_mode, usual.search_mode),
    ):
        if value != other:
            words += [option, str(value)]
    if manifest.allow_outside:
        words.append("--allow-outside")
    return f"{program()} check {shlex.join(words)}"


async def _enroll(
    plan: Plan,
    found: Validation,
    *,
    screen: Screen,
    takers: Sequence[Taker],
    needed: dict[int, float],
) -> Result:
    traffic = Traffic()
    async with plan.target.client(traffic.hear) as client:
        run = Run(
            plan.manifest,
            total=found.rows,
            screen=screen,
            takers=takers,
            needed=needed,
            traffic=traffic,
        )
        return await run.carry_out(client, concurrency=plan.concurrency)


def _tell_what_next(plan: Plan, screen: Screen, result: Result) -> None:
    read = result.report.total
    if result.unwritten:
        show_unwritten(screen, result)
    elif plan.outcomes is not None and read < result.total:
        written = f"The outcomes of {amounts.persons(read)} are in {plan.outcomes}"
        screen.say("", f"{written}; the turn of the others did not come")
    elif plan.outcomes is not None:
        screen.say("", f"Every person's outcome is in {plan.outcomes}")
    if result.not_attempted or any(result.report.counts[open_] for open_ in _LEFT_OPEN):
        screen.say("", _how_to_go_on(plan))
    reason = result.report.stop_reason
    if result.error is not None:
        screen.complain_of(result.error)
    elif reason is not None and result.asked_to_end is None:
        hint = getattr(result.report.stop_error, "hint", "")
        if isinstance(result.report.stop_error, AuthenticationError):
            hint += " It is read from VERIFIK_TOKEN."
        screen.complain(f"stopped: {reason}", hint)


def _how_to_go_on(plan: Plan) -> str:
    if not plan.target.keeps:
        return "To go on: run the same command again."
    if plan.outcomes is None:
        return (
            "To go on: run the same command again, with --outcomes FILE.csv. Whoever "
            "is enrolled already is sent once more, and is mostly a duplicate then."
        )
    return (
        "To go on: take out of the manifest whoever is enrolled (here or in "
        f"{plan.outcomes}), look up who is unknown, and run it again with another "
        "--outcomes file."
    )
