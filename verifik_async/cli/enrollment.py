"""Check, enroll, report: what `enroll` and `demo` have in common."""

from __future__ import annotations

import asyncio
import shlex
import shutil
from contextlib import ExitStack
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

import attrs

from verifik_async.batch.journal import JobTerms, Journal, check_journal
from verifik_async.batch.manifest import Manifest, RowDefaults
from verifik_async.batch.outcomes_file import OutcomesFile
from verifik_async.cli import amounts
from verifik_async.cli.batch_options import BatchOptions
from verifik_async.cli.exit_codes import ExitCode
from verifik_async.cli.job import Result, Run, Taker
from verifik_async.cli.program import program
from verifik_async.cli.progress import CheckProgress
from verifik_async.cli.result_files import check_files, may_replace, write_reports
from verifik_async.cli.resuming import settled_before
from verifik_async.cli.shared_pictures import SharedPictures
from verifik_async.cli.summary import Summary
from verifik_async.cli.targets import Target
from verifik_async.cli.traffic import Traffic
from verifik_async.cli.validation import (
    FaultList,
    Validation,
    interruptible,
    naming,
    validate,
)
from verifik_async.cli.what_next import tell_what_next

if TYPE_CHECKING:
    from collections.abc import Sequence

    from verifik_async.cli.screen import Screen

GRACE = 60.0
"""Seconds: about as long as one request may take, with its answer."""

_MOST_BAD_ROWS_SHOWN = 50


@attrs.frozen(kw_only=True)
class Plan:
    """What is to be enrolled, where, and how.

    Attributes:
        manifest: Who.
        target: Where.
        options: How fast, and who again.
        journal: File that the run is written down in, if wanted.
        outcomes: File for a row a person, if wanted.
        overwrite: Whether that file may take another's place.
        report: File for a report of the job, if wanted.
        failed: File for the rows that failed, if wanted.
        skip_invalid: Enroll the rest where rows have faults.
        grace: Seconds for requests on their way, after a signal.
    """

    manifest: Manifest
    target: Target
    options: BatchOptions = attrs.field(factory=BatchOptions)
    journal: Path | None = None
    outcomes: Path | None = None
    overwrite: bool = False
    report: Path | None = None
    failed: Path | None = None
    skip_invalid: bool = False
    grace: float = GRACE

    def written_in(self, path: Path) -> Journal:
        """The journal, if it is kept there."""
        defaults = self.manifest.defaults
        terms = JobTerms(
            collection_id=defaults.collection_id,
            liveness_min_score=defaults.liveness_min_score,
            min_score=defaults.min_score,
            search_mode=defaults.search_mode,
        )
        return Journal(path, job=terms, service=self.target.address)


def carry_out(plan: Plan, screen: Screen, *takers: Taker) -> ExitCode:
    """Check all rows, then enroll them, then tell what came of it.

    Args:
        plan: What to do.
        screen: Where to show it.
        takers: Each is given every row's outcome.

    Raises:
        VerifikError: Before anything is sent: a setting or a file is wrong.
    """
    with ExitStack() as stack:
        journal = _journal(plan, stack)
        check_files(plan)
        if journal is not None:
            check_journal(journal, base_url=plan.target.address)
        found = _validated(plan, screen, journal)
        if found is None:
            return ExitCode.BAD_INPUT
        result = _enrolled(plan, found, screen, journal, takers)
        if journal is not None and not write_reports(plan, screen, journal.path):
            stack.pop_all()  # a journal for the reports alone is kept for them
    tell_what_next(plan, screen, result)
    return result.exit_code


def _journal(plan: Plan, stack: ExitStack) -> Journal | None:
    """Where the run is written down: only for the reports, if nowhere else."""
    if plan.journal is not None:
        return plan.written_in(plan.journal)
    if plan.report is None and plan.failed is None:
        return None
    folder = mkdtemp(prefix="verifik-")
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    return plan.written_in(Path(folder) / "journal.sqlite3")


def _validated(
    plan: Plan, screen: Screen, journal: Journal | None
) -> Validation | None:
    """What the check found; None, with everything told, if nothing may be sent."""
    most = 0 if plan.skip_invalid else _MOST_BAD_ROWS_SHOWN
    faults = FaultList(screen, most=most)
    shared = SharedPictures()
    before = settled_before(journal, plan.options, base_url=plan.target.address)
    with (
        naming(plan.manifest.path),
        interruptible(screen),
        CheckProgress(screen) as progress,
        before as settled,
    ):
        found = validate(
            plan.manifest,
            on_row=shared.look_at,
            on_progress=progress.count,
            on_faults=faults.show,
            settled=settled,
        )
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


def _enrolled(
    plan: Plan,
    found: Validation,
    screen: Screen,
    journal: Journal | None,
    takers: Sequence[Taker],
) -> Result:
    """The run itself, and its summary."""
    needed: dict[int, float] = {}
    summary = Summary(needed)
    with ExitStack() as stack:
        files: list[Taker] = []
        if plan.outcomes is not None:
            file = OutcomesFile.create(plan.outcomes, overwrite=may_replace(plan))
            files.append(stack.enter_context(file).write)
        _tell_what_begins(plan, found, screen)
        run = Run(
            plan.manifest,
            total=found.rows,
            screen=screen,
            takers=[*files, summary.take, *takers],
            needed=needed,
            traffic=Traffic(),
        )
        result = asyncio.run(_enroll(plan, run, journal))
    summary.show(screen, result)
    return result


async def _enroll(plan: Plan, run: Run, journal: Journal | None) -> Result:
    async with plan.target.client(run.traffic.hear) as client:
        enroller = plan.options.enroller(client, journal)
        return await run.carry_out(enroller, grace=plan.grace)


def _tell_what_begins(plan: Plan, found: Validation, screen: Screen) -> None:
    if plan.journal is None and plan.target.keeps:
        screen.note(
            "Note: without --journal FILE a run that is interrupted can't be resumed"
        )
    before = ""
    if found.settled:
        before = f"{amounts.persons(found.settled)} settled before, by their ids; "
    screen.say(
        f"{before}Enrolling {amounts.persons(found.good)} {plan.target.place}, "
        f"{plan.options}"
    )
