"""`verifik-async fixtures`: looks at cassettes; it plays and records none."""

import os
from pathlib import Path
from typing import Annotated

import typer

from verifik_async.cli.exit_codes import ExitCode
from verifik_async.cli.screen import Screen
from verifik_async.fixtures.errors import CassetteError
from verifik_async.fixtures.guard import Known
from verifik_async.fixtures.lint import SUFFIX, cassettes_in
from verifik_async.fixtures.lint import lint as findings_in
from verifik_async.fixtures.showing import described
from verifik_async.fixtures.storage import load

_FOUND = 1
"""What linters end with when they found something."""

fixtures = typer.Typer(
    help="Check or show recorded answers.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@fixtures.command(epilog="Example: verifik-async fixtures lint tests/fixtures")
def lint(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH",
            help=f"Cassettes, or folders to search for files named *{SUFFIX}.",
            show_default=False,
        ),
    ],
) -> None:
    """List what must not be in a cassette, one finding a line.

    Secrets and faces, errors of format, answers that the reference does not show
    and that do not say so. The token in VERIFIK_TOKEN is looked for as well.
    Exit code 0 if nothing was found, 1 if something was.
    """
    screen = Screen()
    token = os.environ.get("VERIFIK_TOKEN", "")
    known = Known(tokens=frozenset({token} if token else ()))
    files = list(cassettes_in(paths))
    found = False
    for file in files:
        for finding in findings_in(file, known):
            found = True
            screen.say(f"{file}: {finding}")
    if not files:
        screen.complain(f"no files named *{SUFFIX} there")
        raise typer.Exit(ExitCode.BAD_INPUT)
    raise typer.Exit(_FOUND if found else ExitCode.OK)


@fixtures.command(epilog="Example: verifik-async fixtures show jane.verifik.json")
def show(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A cassette.", show_default=False),
    ],
) -> None:
    """Show what was asked and what came of it.

    Images are shown by their digests, persons by their tokens. Exit code 2 if the
    file is no cassette.
    """
    screen = Screen()
    try:
        cassette = load(file)
    except CassetteError as error:
        screen.complain(str(error))
        raise typer.Exit(ExitCode.BAD_INPUT) from None
    screen.say(*described(cassette))
