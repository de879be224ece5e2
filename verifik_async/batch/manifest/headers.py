"""Names of columns, as people give them: which are known, lacking, or there twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from verifik_async.batch.manifest.errors import ManifestError
from verifik_async.batch.manifest.rows import (
    ADDED_TO_FAILED,
    COLUMNS,
    REQUIRED,
    suggestion,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def read_names(names: Sequence[str]) -> list[str]:
    """The names as they are compared: in lower case, without space around them."""
    return [name.strip().lower() for name in names]


def lacking(names: Sequence[str]) -> list[str]:
    """The required columns that are not there."""
    return [name for name in REQUIRED if name not in names]


def refuse_unusable(names: Sequence[str]) -> None:
    """Columns which no row could be read with.

    Raises:
        ManifestError: A required column lacks, or a known one stands twice.
    """
    absent = lacking(names)
    if absent:
        columns = "the column" if len(absent) == 1 else "the columns"
        raise ManifestError(
            f"the header lacks {columns} {', '.join(absent)}: add what is missing"
        )
    for name in COLUMNS:
        if names.count(name) > 1:
            raise ManifestError(f"the column {name} stands twice: leave one of them")


def notes(names: Sequence[str]) -> Iterator[str]:
    """What to tell about columns that are ignored."""
    for position, name in enumerate(names, start=1):
        if not name:
            yield f"column {position} has no name and is ignored"
        elif name not in COLUMNS and name not in ADDED_TO_FAILED:
            # every required column was found, so these are names of columns
            note = f"column {position}, {name[:40]}, is not known and is ignored"
            yield f"{note}; {suggestion(name)}".rstrip("; ")
