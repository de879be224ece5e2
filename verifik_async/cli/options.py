"""Options that several verbs share, with the words that explain them."""

from pathlib import Path
from typing import Annotated

import typer

from verifik_async.batch.manifest import RowDefaults
from verifik_async.models import SearchMode

THE_JOB = "What rows leave out"

ManifestPath = Annotated[
    Path,
    typer.Argument(
        metavar="MANIFEST",
        help="CSV or JSONL with a row for each person. Columns: name, gender (F or M), "
        "date_of_birth (YYYY-MM-DD), images (1 to 3 paths, parted by semicolons, "
        "relative to the manifest); optional id and nationality; and for rows that "
        "differ from the rest collection_id, liveness_min_score, min_score, "
        "search_mode.",
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

LIVENESS_MIN_SCORE = RowDefaults().liveness_min_score
MIN_SCORE = RowDefaults().min_score
