"""What a manifest has: its columns, and a row as it was read, not yet checked."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Self

import attrs

from verifik_async.errors import FieldFault

REQUIRED = ("name", "gender", "date_of_birth", "images")
JOB_FIELDS = ("collection_id", "liveness_min_score", "min_score", "search_mode")
SCORES = ("liveness_min_score", "min_score")
COLUMNS = (
    "id",
    "name",
    "gender",
    "date_of_birth",
    "nationality",
    "images",
    *JOB_FIELDS,
)

ADDED_TO_FAILED = ("reason", "hint")
"""What stands beside rows that failed. Mended ones are fed back with it: read over."""

# a data: URL holds a semicolon of its own
_BETWEEN_PATHS = re.compile(r";(?!base64,)")


@attrs.frozen(kw_only=True)
class RawRow:
    """A row as it was read: what it gives for each field, and what can't be read.

    Attributes:
        number: As a person sees it: the spreadsheet's row, the JSONL file's line.
        values: By field; texts are stripped, and empty ones left out.
        faults: What is wrong with the row's form.
        torn: The row can't be taken apart, so `values` does not say what it gives.
        cells: As they are written, by `names`; only where the format has cells.
        names: Of the columns, as they are written.
    """

    number: int
    values: Mapping[str, object] = attrs.field(factory=dict[str, object], repr=False)
    faults: tuple[FieldFault, ...] = ()
    torn: bool = False
    cells: Sequence[str] = attrs.field(default=(), repr=False)
    names: Sequence[str] = attrs.field(default=(), repr=False)

    @classmethod
    def of_torn(cls, number: int, problem: str, hint: str) -> Self:
        """A row of which nothing can be said but that it is broken."""
        fault = FieldFault(field="row", problem=problem, hint=hint)
        return cls(number=number, faults=(fault,), torn=True)


def split_paths(cell: str) -> list[str]:
    """The paths that one cell or text holds, parted by semicolons."""
    paths = (path.strip() for path in _BETWEEN_PATHS.split(cell))
    return [path for path in paths if path]


def suggestion(name: str) -> str:
    """`did you mean …?` if the name is nearly a column's, else nothing."""
    near = difflib.get_close_matches(name, COLUMNS, n=1, cutoff=0.75)
    return f"did you mean {near[0]}?" if near else ""
