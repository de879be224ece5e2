"""The command `verifik-async`: its verbs, and how errors reach the person."""

import errno
import sys
from importlib import metadata
from typing import Annotated

import typer

from verifik_async.batch.journal import JournalLockedError, JournalMismatchError
from verifik_async.cli.check import check
from verifik_async.cli.demo import demo
from verifik_async.cli.enroll import enroll
from verifik_async.cli.exit_codes import ExitCode
from verifik_async.cli.fixtures import fixtures
from verifik_async.cli.outlet import fill_closed, silence, tell_unwritable
from verifik_async.cli.report import report
from verifik_async.cli.sandbox import sandbox
from verifik_async.cli.screen import Screen
from verifik_async.cli.status import status
from verifik_async.errors import VerifikError

_EXIT_CODES = """
Exit codes: 0 all enrolled; 2 usage or bad input, nothing was sent; 3 finished, some
persons are not enrolled; 4 stopped, as every further person would have been refused
alike, or by a limit of yours; 5 the journal is in use or of another job; 129,
130 or 143 ended by a lost terminal, Ctrl-C or SIGTERM, with what was on its way
finished.
"""

_UNWRITABLE = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
_FAILED = 1

app = typer.Typer(
    name="verifik-async",
    no_args_is_help=True,
    add_completion=False,
    # a traceback with local variables would show tokens and persons
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer's callback takes a value
    if wanted:
        typer.echo(f"verifik-async {metadata.version('verifik-async')}")
        raise typer.Exit


@app.callback(epilog=_EXIT_CODES)
def about(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_version,
            is_eager=True,
            metavar="",
            help="Tell the version.",
        ),
    ] = False,
) -> None:
    """Enroll persons with liveness at Verifik, many at a time.

    New here? Run verifik-async demo: it needs no account, no token and no network.
    """


app.command(epilog="Example: verifik-async demo")(demo)
app.command(epilog="Example: verifik-async check people.csv --collection ID --rate 20")(
    check
)
app.command(
    epilog="Example: verifik-async enroll people.csv --collection ID --sandbox\n\n"
    + _EXIT_CODES
)(enroll)
app.command(epilog="Example: verifik-async status people.journal")(status)
app.command(epilog="Example: verifik-async report people.journal -o report.html")(
    report
)
app.command(epilog="Example: verifik-async sandbox --port 8080")(sandbox)
app.add_typer(fixtures, name="fixtures")


def run() -> int:
    """Run the command with the process's arguments; errors become a line and a code.

    Returns:
        The exit code.
    """
    code: int = ExitCode.OK
    fill_closed()
    try:
        app()
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        silence(sys.stdout)
        tell_unwritable(error)
        code = _FAILED
    except VerifikError as error:
        Screen().complain_of(error)
        other = isinstance(error, JournalLockedError | JournalMismatchError)
        code = ExitCode.OTHER_JOB if other else ExitCode.BAD_INPUT
    except SystemExit as ended:
        if isinstance(ended.code, int):
            code = ended.code
    return code
