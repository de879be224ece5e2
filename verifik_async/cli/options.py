"""Options that several verbs share, with the words that explain them."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from verifik_async.batch.journal.records import REFUSED
from verifik_async.batch.manifest import RowDefaults
from verifik_async.models import SearchMode

THE_JOB = "What rows leave out"
WHERE = "Where and how fast"
GOING_ON = "Going on after an interruption"
STOPPING = "When to stop"
RESULTS = "Results"

_MOST_AT_A_TIME = 1000

ManifestPath = Annotated[
    Path,
    typer.Argument(
        metavar="MANIFEST",
        help="CSV, JSONL or Parquet with a row for each person, or - for standard "
        "input. Columns: name, gender (F or M), date_of_birth (YYYY-MM-DD), images (1 "
        "to 3 paths, parted by semicolons, relative to the manifest); optional id and "
        "nationality; and for rows that differ from the rest collection_id, "
        "liveness_min_score, min_score, search_mode. Or a folder with a sub-folder for "
        "each person, called by id, with pictures and person.json, an object with the "
        "columns as keys.",
        show_default=False,
    ),
]
Collection = Annotated[
    str | None,
    typer.Option(
        "--collection",
        metavar="ID",
        help="The _id of the collection to enroll into. Needed unless the manifest "
        "has a column collection_id.",
        rich_help_panel=THE_JOB,
        show_default=False,
    ),
]
LivenessMinScore = Annotated[
    float,
    typer.Option(
        "--liveness-min-score",
        metavar="SCORE",
        min=0.5,
        max=1.0,
        help="Least liveness score that passes.",
        rich_help_panel=THE_JOB,
    ),
]
MinScore = Annotated[
    float,
    typer.Option(
        "--min-score",
        metavar="SCORE",
        min=0.5,
        max=1.0,
        help="Least similarity at which a face counts as the same person.",
        rich_help_panel=THE_JOB,
    ),
]
Mode = Annotated[
    SearchMode,
    typer.Option(
        "--search-mode",
        help="FAST is quicker, ACCURATE more precise.",
        rich_help_panel=THE_JOB,
    ),
]
AllowOutside = Annotated[
    bool,
    typer.Option(
        "--allow-outside",
        metavar="",
        help="Also take pictures from outside the manifest's folder. Without it a "
        "manifest from someone else can't send other files of this machine away.",
    ),
]

JournalPath = Annotated[
    Path,
    typer.Argument(
        metavar="JOURNAL",
        help="The file in which the job's runs are written down.",
        show_default=False,
    ),
]
InSandbox = Annotated[
    bool,
    typer.Option(
        "--sandbox",
        metavar="",
        help="Enroll into a sandbox on this machine: no token, no cost, and "
        "nobody is enrolled anywhere.",
        rich_help_panel=WHERE,
    ),
]
BaseUrl = Annotated[
    str | None,
    typer.Option(
        "--base-url",
        metavar="URL",
        help="Where the API is; VERIFIK_BASE_URL without it, else "
        "https://api.verifik.co. Plain http for this machine only.",
        rich_help_panel=WHERE,
        show_default=False,
    ),
]


def _to_concurrency(text: str) -> int | Literal["auto"]:
    if text == "auto":
        return "auto"
    if text.isascii() and text.isdecimal() and 1 <= int(text) <= _MOST_AT_A_TIME:
        return int(text)
    raise typer.BadParameter(f"a number from 1 to {_MOST_AT_A_TIME}, or auto")


Concurrency = Annotated[
    str,
    typer.Option(
        "--concurrency",
        metavar="N|auto",
        callback=_to_concurrency,
        help="Persons at a time; auto finds out what the server bears.",
        rich_help_panel=WHERE,
    ),
]
Rate = Annotated[
    float | None,
    typer.Option(
        "--rate",
        metavar="R",
        min=0.001,
        help="Requests a second, at the most; 0.5 is one every two seconds.",
        rich_help_panel=WHERE,
        show_default=False,
    ),
]
JournalFile = Annotated[
    Path | None,
    typer.Option(
        "--journal",
        metavar="FILE",
        help="Write down each step in this file, and go on from there if it exists: "
        "the same command again resumes. Rows are known by their id, also if they were "
        "edited since. No names, birth dates or pictures in it.",
        rich_help_panel=GOING_ON,
        show_default=False,
    ),
]


def _to_statuses(text: str | None) -> tuple[str, ...]:
    named = tuple(part.strip() for part in (text or "").split(",") if part.strip())
    wrong = [name for name in named if name not in REFUSED]
    if wrong:
        known = ", ".join(sorted(REFUSED))
        raise typer.BadParameter(f"{', '.join(wrong)}: any of {known}")
    return named


Retry = Annotated[
    str | None,
    typer.Option(
        "--retry",
        metavar="A,B",
        callback=_to_statuses,
        help="With --journal: enroll once more whom an earlier run ended with "
        "duplicate, liveness_failed or rejected.",
        rich_help_panel=GOING_ON,
        show_default=False,
    ),
]
ResendUnknown = Annotated[
    bool,
    typer.Option(
        "--resend-unknown",
        metavar="",
        help="Send again, up to 3 times in all, where no answer came, with --journal "
        "also in earlier runs. It may charge twice; right where the server refuses "
        "duplicates.",
        rich_help_panel=GOING_ON,
    ),
]
MaxFailures = Annotated[
    int | None,
    typer.Option(
        "--max-failures",
        metavar="N",
        min=0,
        help="Stop when more than N persons failed or ended unknown.",
        rich_help_panel=STOPPING,
        show_default=False,
    ),
]
NoCanary = Annotated[
    bool,
    typer.Option(
        "--no-canary",
        metavar="",
        help="Go on even if nearly all of the first 20 persons are refused alike.",
        rich_help_panel=STOPPING,
    ),
]
Grace = Annotated[
    float,
    typer.Option(
        "--grace",
        metavar="SECONDS",
        min=0.0,
        help="After Ctrl-C or SIGTERM, time for requests on their way to finish.",
        rich_help_panel=STOPPING,
    ),
]
SkipInvalid = Annotated[
    bool,
    typer.Option("--skip-invalid", metavar="", help="Leave out rows with faults."),
]
Outcomes = Annotated[
    Path | None,
    typer.Option(
        "--outcomes",
        metavar="FILE",
        help="Write a row for each person as they complete; ends in .csv or "
        ".jsonl. No names, birth dates or pictures in it.",
        rich_help_panel=RESULTS,
        show_default=False,
    ),
]
Overwrite = Annotated[
    bool,
    typer.Option(
        "--overwrite",
        metavar="",
        help="Replace an outcomes file that is there; a run that goes on from its "
        "journal does so anyway.",
        rich_help_panel=RESULTS,
    ),
]
Report = Annotated[
    Path | None,
    typer.Option(
        "--report",
        metavar="FILE",
        help="Write a report to be read in a browser, ends in .html; an earlier one "
        "is replaced. No names in it.",
        rich_help_panel=RESULTS,
        show_default=False,
    ),
]
Failed = Annotated[
    Path | None,
    typer.Option(
        "--failed",
        metavar="FILE",
        help="Write the rows that failed, each with reason and hint, as a manifest "
        "(CSV) to be mended and enrolled again; best beside the manifest. Names and "
        "birth dates are in it.",
        rich_help_panel=RESULTS,
        show_default=False,
    ),
]

LIVENESS_MIN_SCORE = RowDefaults().liveness_min_score
MIN_SCORE = RowDefaults().min_score
