"""`verifik-async enroll`: everybody in a manifest."""

from typing import Literal, cast

import typer

from verifik_async.batch.manifest import Manifest, RowDefaults
from verifik_async.batch.stops import StopRules
from verifik_async.cli import options
from verifik_async.cli.batch_options import BatchOptions
from verifik_async.cli.enrollment import GRACE, Plan, carry_out
from verifik_async.cli.screen import Screen
from verifik_async.cli.targets import api, embedded_sandbox
from verifik_async.cli.validation import interruptible, naming
from verifik_async.models import SearchMode
from verifik_async.retry import RetryPolicy


def enroll(  # noqa: PLR0913 - one parameter an option
    manifest: options.ManifestPath,
    *,
    collection: options.Collection = None,
    liveness_min_score: options.LivenessMinScore = options.LIVENESS_MIN_SCORE,
    min_score: options.MinScore = options.MIN_SCORE,
    search_mode: options.Mode = SearchMode.FAST,
    sandbox: options.InSandbox = False,
    base_url: options.BaseUrl = None,
    concurrency: options.Concurrency = "auto",
    rate: options.Rate = None,
    journal: options.JournalFile = None,
    retry: options.Retry = None,
    resend_unknown: options.ResendUnknown = False,
    max_failures: options.MaxFailures = None,
    no_canary: options.NoCanary = False,
    grace: options.Grace = GRACE,
    skip_invalid: options.SkipInvalid = False,
    allow_outside: options.AllowOutside = False,
    outcomes: options.Outcomes = None,
    overwrite: options.Overwrite = False,
    report: options.Report = None,
    failed: options.Failed = None,
) -> None:
    """Enroll everybody in a manifest.

    All rows are checked first. If one has a fault, all faults are told and nothing
    is sent, unless you say --skip-invalid.

    The access token is read from VERIFIK_TOKEN, and from nowhere else.

    Ctrl-C finishes what is on its way and then ends; a second one cancels it. With
    --journal the same command again goes on from there.
    """
    if sandbox and base_url is not None:
        raise typer.BadParameter(
            "--sandbox and --base-url exclude each other", param_hint="--base-url"
        )
    if retry and journal is None:
        raise typer.BadParameter(
            "needs --journal FILE: without one nobody knows whom an earlier run "
            "refused, and everybody would be sent",
            param_hint="--retry",
        )
    again = RetryPolicy(on_unknown="resend" if resend_unknown else "raise")
    target = embedded_sandbox(again) if sandbox else api(base_url, again)
    defaults = RowDefaults(
        collection_id=collection,
        liveness_min_score=liveness_min_score,
        min_score=min_score,
        search_mode=search_mode,
    )
    rules = StopRules(max_failures=max_failures)
    if no_canary:
        rules = StopRules(max_failures=max_failures, canary=None)
    screen = Screen()
    with naming(manifest), interruptible(screen):
        opened = Manifest.open(manifest, defaults=defaults, allow_outside=allow_outside)
    plan = Plan(
        manifest=opened,
        target=target,
        options=BatchOptions(
            # made of the text by the options' callbacks
            concurrency=cast("int | Literal['auto']", concurrency),
            retry=cast("tuple[str, ...]", retry),
            rate=rate,
            rules=rules,
            resend_unknown=resend_unknown,
        ),
        journal=journal,
        outcomes=outcomes,
        overwrite=overwrite,
        report=report,
        failed=failed,
        skip_invalid=skip_invalid,
        grace=grace,
    )
    raise typer.Exit(carry_out(plan, screen))
