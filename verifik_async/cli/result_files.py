"""The files that a run leaves behind: checked before it, written after it."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from verifik_async.batch.outcomes_file import OutcomesFile
from verifik_async.batch.report import (
    beside_for_unknown,
    check_failed,
    check_report,
    write_failed,
    write_report,
)
from verifik_async.cli import amounts
from verifik_async.cli.program import program
from verifik_async.errors import ConfigurationError, VerifikError

if TYPE_CHECKING:
    from pathlib import Path

    from verifik_async.batch.report import FailedRows
    from verifik_async.cli.enrollment import Plan
    from verifik_async.cli.screen import Screen


def check_files(plan: Plan) -> None:
    """Refuse what can't be written before the rows are checked, which may take long.

    Raises:
        ConfigurationError: A file would replace another, or can't be made.
    """
    taken = {plan.manifest.path.resolve(): "the manifest"}
    for path, what in (
        (plan.journal, "the journal"),
        (plan.outcomes, "the outcomes file"),
        (plan.report, "the report"),
        (plan.failed, "the file of failed rows"),
    ):
        if path is not None:
            _check_place(path, what, taken)
    if plan.outcomes is not None:
        OutcomesFile.check(plan.outcomes, overwrite=may_replace(plan))
    if plan.report is not None:
        check_report(plan.report)
    if plan.failed is not None:
        check_failed(plan.failed, plan.manifest, overwrite=may_replace(plan))


def _check_place(path: Path, what: str, taken: dict[Path, str]) -> None:
    """Refuse a place that another file of the run has, or that can't be written."""
    other = taken.setdefault(path.resolve(), what)
    if other != what:
        raise ConfigurationError(f"{what} would replace {other}")
    if not path.parent.is_dir():
        raise ConfigurationError(f"the folder of {what} does not exist")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise ConfigurationError(f"the folder of {what} can't be written to")


def may_replace(plan: Plan) -> bool:
    """Whether files of an earlier run may be written anew: one that goes on does."""
    resumes = plan.journal is not None and plan.journal.exists()
    return plan.overwrite or resumes


def write_reports(plan: Plan, screen: Screen, journal: Path) -> bool:
    """Write the files for people that were asked for, and say where they are.

    Returns:
        Whether that went well. If not, it is told how to make them of the journal: it
        changes nothing about the run, whose persons are enrolled and charged.
    """
    page, failed = plan.report, plan.failed
    made = True
    if page is not None:
        try:
            write_report(journal, page)
            screen.say("", f"The report is in {page}")
        except VerifikError as error:
            made = False
            _tell_how_later(screen, error, journal, "-o", page)
    if failed is not None:
        try:
            _write_failed(plan, failed, screen, journal)
        except VerifikError as error:
            made = False
            rows = ("--manifest", plan.manifest.path, "--failed", failed)
            _tell_how_later(screen, error, journal, *rows)
    return made


def _tell_how_later(
    screen: Screen, error: VerifikError, journal: Path, *words: str | Path
) -> None:
    command = shlex.join(map(str, ("report", journal, *words)))
    screen.complain(
        str(error),
        "The run was made, and is told above and in its journal: don't repeat it for "
        f"this file, but mend that and then run: {program()} {command}",
    )


def _write_failed(plan: Plan, failed: Path, screen: Screen, journal: Path) -> None:
    path = failed if plan.overwrite else _free_name(failed)
    written = write_failed(journal, plan.manifest, path, overwrite=True)
    if written.failed:
        rows = amounts.rows(written.failed)
        screen.say("", f"{rows} to be mended and enrolled again, with reasons: {path}")
    else:
        path.unlink()
    if written.unknown_path is not None:
        rows = amounts.rows(written.unknown)
        screen.say(f"{rows} to be looked up first: {written.unknown_path}")
    tell_missing(screen, written)


def tell_missing(screen: Screen, written: FailedRows) -> None:
    """Say how many who failed are in neither file, as the manifest lacks them."""
    if written.missing:
        screen.note(
            f"Note: {amounts.persons(written.missing)} of the journal not found in "
            "this manifest: it is another one, or was changed since"
        )


def _free_name(path: Path) -> Path:
    """The path, or one beside it: files of an earlier run may have been mended."""
    free, number = path, 1
    while free.exists() or beside_for_unknown(free).exists():
        number += 1
        free = path.with_stem(f"{path.stem}-{number}")
    return free
