"""`verifik-async check`: all faults of a manifest, and what enrolling it takes."""

from typing import Annotated

import typer

from verifik_async.batch.manifest import Manifest, RowDefaults
from verifik_async.cli import amounts, options
from verifik_async.cli.exit_codes import ExitCode
from verifik_async.cli.progress import CheckProgress
from verifik_async.cli.screen import Screen
from verifik_async.cli.shared_pictures import SharedPictures
from verifik_async.cli.validation import (
    FaultList,
    Validation,
    interruptible,
    naming,
    validate,
)
from verifik_async.models import SearchMode

_ESTIMATES = "Estimates"


def check(  # noqa: PLR0913 - one parameter an option
    manifest: options.ManifestPath,
    *,
    collection: options.Collection = None,
    liveness_min_score: options.LivenessMinScore = options.LIVENESS_MIN_SCORE,
    min_score: options.MinScore = options.MIN_SCORE,
    search_mode: options.Mode = SearchMode.FAST,
    allow_outside: options.AllowOutside = False,
    price: Annotated[
        float | None,
        typer.Option(
            metavar="AMOUNT",
            min=0,
            help="What a call costs, in any currency: tells what all cost.",
            rich_help_panel=_ESTIMATES,
            show_default=False,
        ),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(
            metavar="PERSONS",
            min=0.001,
            help="Persons per second that you may send: tells how long it takes.",
            rich_help_panel=_ESTIMATES,
            show_default=False,
        ),
    ] = None,
) -> None:
    """List all faults of a manifest by row and field; send nothing.

    The check is the one that enroll makes. Exit code 0 if every row can be sent,
    else 2.
    """
    screen = Screen()
    defaults = RowDefaults(
        collection_id=collection,
        liveness_min_score=liveness_min_score,
        min_score=min_score,
        search_mode=search_mode,
    )
    with naming(manifest), interruptible(screen):
        opened = Manifest.open(manifest, defaults=defaults, allow_outside=allow_outside)
    shared = SharedPictures()
    with naming(manifest), interruptible(screen), CheckProgress(screen) as progress:
        faults = FaultList(screen)
        found = validate(
            opened,
            on_row=shared.look_at,
            on_progress=progress.count,
            on_faults=faults.show,
        )
    _show(screen, found, price=price, rate=rate)
    for note in (*opened.notes, *shared.notes()):
        screen.say(f"Note: {note}")
    raise typer.Exit(ExitCode.BAD_INPUT if found.bad else ExitCode.OK)


def _show(
    screen: Screen, found: Validation, *, price: float | None, rate: float | None
) -> None:
    if found.bad:
        screen.say("")
    lines = [
        ("Rows", f"{found.good:,} without faults, {found.bad:,} with faults"),
        ("Pictures", f"{found.images:,}"),
        ("To send", f"{amounts.size(found.body_bytes)}, as base64"),
    ]
    if price is not None:
        cost = f"{found.good * price:,.2f} at {price:g} a call"
        lines.append(("Cost", f"{cost}, if every call is charged once"))
    if rate:
        speed = amounts.size(found.body_bytes * rate / max(1, found.good))
        took = f"{amounts.duration(found.good / rate)} at {rate:g} persons/s"
        lines.append(("Duration", f"{took}, which needs {speed}/s of the network"))
    for title, words in lines:
        screen.say(f"{title:<10}{words}")
