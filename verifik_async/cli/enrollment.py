"""Check, enroll, report: what `enroll` and `demo` have in common."""

from __future__ import annotations

import asyncio
import shlex
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from verifik_async.batch.manifest import Manifest
from verifik_async.batch.outcomes_file import OutcomesFile
from verifik_async.cli import amounts
from verifik_async.cli.exit_codes import ExitCode
from verifik_async.cli.job import Result, Run, Taker
from verifik_async.cli.progress import CheckProgress
from verifik_async.cli.summary import Summary, show_unwritten
from verifik_async.cli.targets import Target
from verifik_async.cli.traffic import Traffic
from verifik_async.cli.validation import (
    FaultList,
    Validation,
    interruptible,
    validate,
)
from verifik_async.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from verifik_async.cli.screen import Screen

_MOST_BAD_ROWS_SHOWN = 50


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
    summary = Summary()
    with ExitStack() as stack:
        files: list[Taker] = []
        if plan.outcomes is not None:
            file = OutcomesFile.create(plan.outcomes, overwrite=plan.overwrite)
            files.append(stack.enter_context(file).write)
        screen.say(
            f"Enrolling {amounts.persons(found.good)} {plan.target.place}, "
            f"{plan.concurrency} at a time"
        )
        result = asyncio.run(
            _enroll(plan, found, screen, [*files, summary.take, *takers])
        )
    summary.show(screen, result)
    _tell_what_next(plan, screen, result)
    return result.exit_code


def _validated(plan: Plan, screen: Screen) -> Validation | None:
    """What the check found; None, with everything told, if nothing may be sent."""
    most = 0 if plan.skip_invalid else _MOST_BAD_ROWS_SHOWN
    faults = FaultList(screen, most=most)
    with interruptible(screen), CheckProgress(screen) as progress:
        found = validate(
            plan.manifest,
            on_row=lambda _, standing: progress.count(standing),
            on_faults=faults.show,
        )
    for note in plan.manifest.notes:
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
    words = ["verifik-async", "check", str(manifest.path)]
    if manifest.defaults.collection_id is not None:
        words += ["--collection", manifest.defaults.collection_id]
    return shlex.join(words)


async def _enroll(
    plan: Plan, found: Validation, screen: Screen, takers: Sequence[Taker]
) -> Result:
    traffic = Traffic()
    async with plan.target.client(traffic.hear) as client:
        run = Run(
            plan.manifest,
            total=found.rows,
            screen=screen,
            takers=takers,
            traffic=traffic,
        )
        return await run.carry_out(client, concurrency=plan.concurrency)


def _tell_what_next(plan: Plan, screen: Screen, result: Result) -> None:
    read = result.report.total
    if result.unwritten:
        show_unwritten(screen, result)
    elif plan.outcomes is not None and read < result.total:
        written = f"The outcomes of {amounts.persons(read)} are in {plan.outcomes}"
        screen.say("", f"{written}; the others were not attempted")
    elif plan.outcomes is not None:
        screen.say("", f"Every person's outcome is in {plan.outcomes}")
    reason = result.report.stop_reason
    if result.error is not None:
        screen.complain_of(result.error)
    elif reason is not None and result.asked_to_end is None:
        hint = getattr(result.report.stop_error, "hint", "")
        screen.complain(f"stopped: {reason}", hint)
