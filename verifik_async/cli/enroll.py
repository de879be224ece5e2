"""`verifik-async enroll`: everybody in a manifest."""

from pathlib import Path
from typing import Annotated

import typer

from verifik_async.batch.manifest import Manifest, RowDefaults
from verifik_async.cli import options
from verifik_async.cli.enrollment import Plan, carry_out
from verifik_async.cli.screen import Screen
from verifik_async.cli.targets import api, embedded_sandbox
from verifik_async.cli.validation import interruptible, naming
from verifik_async.models import SearchMode
from verifik_async.retry import RetryPolicy

CONCURRENCY = 32
_MOST_AT_A_TIME = 1000
_HOW = "Where and how"
_RESULTS = "Results"


def enroll(  # noqa: PLR0913 - one parameter an option
    manifest: options.ManifestPath,
    *,
    collection: options.Collection = None,
    liveness_min_score: options.LivenessMinScore = options.LIVENESS_MIN_SCORE,
    min_score: options.MinScore = options.MIN_SCORE,
    search_mode: options.Mode = SearchMode.FAST,
    sandbox: Annotated[
        bool,
        typer.Option(
            "--sandbox",
            metavar="",
            help="Enroll into a sandbox on this machine: no token, no cost, and "
            "nobody is enrolled anywhere.",
            rich_help_panel=_HOW,
        ),
    ] = False,
    base_url: Annotated[
        str | None,
        typer.Option(
            "--base-url",
            metavar="URL",
            help="Where the API is; VERIFIK_BASE_URL without it, else "
            "https://api.verifik.co. Plain http for this machine only.",
            rich_help_panel=_HOW,
            show_default=False,
        ),
    ] = None,
    concurrency: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=1,
            max=_MOST_AT_A_TIME,
            help="Persons at a time.",
            rich_help_panel=_HOW,
        ),
    ] = CONCURRENCY,
    resend_unknown: Annotated[
        bool,
        typer.Option(
            "--resend-unknown",
            metavar="",
            help="Send again, up to 3 times in all, where no answer came. It may "
            "charge twice; right where the server refuses duplicates.",
            rich_help_panel=_HOW,
        ),
    ] = False,
    skip_invalid: Annotated[
        bool,
        typer.Option("--skip-invalid", metavar="", help="Leave out rows with faults."),
    ] = False,
    allow_outside: options.AllowOutside = False,
    outcomes: Annotated[
        Path | None,
        typer.Option(
            "--outcomes",
            metavar="FILE",
            help="Write a row for each person as they complete; ends in .csv or "
            ".jsonl. No names, birth dates or pictures in it.",
            rich_help_panel=_RESULTS,
            show_default=False,
        ),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            metavar="",
            help="Replace an outcomes file that is there.",
            rich_help_panel=_RESULTS,
        ),
    ] = False,
) -> None:
    """Enroll everybody in a manifest.

    All rows are checked first. If one has a fault, all faults are told and nothing
    is sent, unless you say --skip-invalid.

    The access token is read from VERIFIK_TOKEN, and from nowhere else.

    Ctrl-C finishes what is in flight and then ends; a second one cancels it.
    """
    if sandbox and base_url is not None:
        raise typer.BadParameter(
            "--sandbox and --base-url exclude each other", param_hint="--base-url"
        )
    screen = Screen()
    retry = RetryPolicy(on_unknown="resend" if resend_unknown else "raise")
    target = embedded_sandbox(retry) if sandbox else api(base_url, retry)
    defaults = RowDefaults(
        collection_id=collection,
        liveness_min_score=liveness_min_score,
        min_score=min_score,
        search_mode=search_mode,
    )
    with naming(manifest), interruptible(screen):
        opened = Manifest.open(manifest, defaults=defaults, allow_outside=allow_outside)
    plan = Plan(
        manifest=opened,
        target=target,
        concurrency=concurrency,
        outcomes=outcomes,
        overwrite=overwrite,
        skip_invalid=skip_invalid,
    )
    raise typer.Exit(carry_out(plan, screen))
