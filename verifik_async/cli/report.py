"""`verifik-async report`: a journal as a page for people, and as rows to mend."""

from pathlib import Path
from typing import Annotated

import typer

from verifik_async.batch.journal import JournalView
from verifik_async.batch.manifest import Manifest, RowDefaults
from verifik_async.batch.report import (
    FailedRows,
    overview_of,
    write_failed,
    write_report,
)
from verifik_async.cli import options
from verifik_async.cli.amounts import rows
from verifik_async.cli.exit_codes import ExitCode
from verifik_async.cli.result_files import tell_missing
from verifik_async.cli.screen import Screen
from verifik_async.cli.validation import naming
from verifik_async.errors import ConfigurationError

_ANY_COLLECTION = "unknown"
"""For rows that name none where the journal knows none: no key is found with it."""


def report(  # noqa: PLR0913 - one parameter an option
    journal: options.JournalPath,
    *,
    html: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--html",
            metavar="FILE.html",
            help="Where to write the page; an earlier one is replaced. Beside the "
            "journal, if neither this nor --failed is given.",
            show_default=False,
        ),
    ] = None,
    failed: Annotated[
        Path | None,
        typer.Option(
            "--failed",
            metavar="FILE.csv",
            help="Write the rows of those who are not enrolled, with reason and hint, "
            "to be mended and enrolled with this same journal. Needs --manifest.",
            show_default=False,
        ),
    ] = None,
    manifest: Annotated[
        Path | None,
        typer.Option(
            "--manifest",
            metavar="MANIFEST",
            help="What was enrolled: the journal holds no names and no rows.",
            show_default=False,
        ),
    ] = None,
    include_names: Annotated[
        bool,
        typer.Option(
            "--include-names",
            metavar="",
            help="Show in the page the names of those who are not enrolled. Needs "
            "--manifest.",
        ),
    ] = False,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            metavar="",
            help="Replace a file of failed rows that is there.",
        ),
    ] = False,
) -> None:
    """Write a report of a job: one HTML file that opens offline, for people.

    It holds no names, birth dates or pictures, unless you say --include-names. A file
    of failed rows holds what the manifest holds; whoever is unknown is in a file of
    their own beside it, as they must be looked up before they are sent again.
    """
    for wanted, option in ((failed, "--failed"), (include_names, "--include-names")):
        if wanted and manifest is None:
            raise typer.BadParameter(
                "needs --manifest MANIFEST: the journal holds neither rows nor names",
                param_hint=option,
            )
    for made in (html, failed):
        if made is not None and made.resolve() == journal.resolve():
            raise ConfigurationError("that file would replace the journal")
    screen = Screen()
    if html is None and failed is None:
        html = journal.with_suffix(".html")
    opened = None if manifest is None else _opened(manifest, journal)
    if html is not None:
        names_from = opened if include_names else None
        write_report(journal, html, names_from=names_from)
        screen.say(f"The report is in {html}")
    if failed is not None and opened is not None:
        with naming(opened.path):
            written = write_failed(journal, opened, failed, overwrite=overwrite)
        _tell(screen, written, failed)
    raise typer.Exit(ExitCode.OK)


def _opened(manifest: Path, journal: Path) -> Manifest:
    """The manifest, with what the journal says was asked for of all."""
    with JournalView.open(journal) as view:
        terms = overview_of(view).terms
    collection = terms.collection_id if terms is not None else None
    defaults = RowDefaults(collection_id=collection or _ANY_COLLECTION)
    with naming(manifest):
        return Manifest.open(manifest, defaults=defaults, allow_outside=True)


def _tell(screen: Screen, written: FailedRows, failed: Path) -> None:
    screen.say(f"{rows(written.failed)} to mend: {failed}")
    if written.unknown_path is not None:
        screen.say(
            f"{rows(written.unknown)} to look up before they are sent again: "
            f"{written.unknown_path}"
        )
    tell_missing(screen, written)
