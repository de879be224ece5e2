"""The terms under which persons were sent: few of them, so items hold a number."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, cast

from verifik_async.batch.journal.fingerprint import JobTerms

if TYPE_CHECKING:
    import sqlite3

_REMEMBERED = 256

_FIND = """
SELECT id FROM terms
WHERE (collection_id, liveness_min_score, min_score, search_mode) = (?, ?, ?, ?)
"""
_ADD = "INSERT INTO terms VALUES (NULL, ?, ?, ?, ?)"
_READ = """
SELECT collection_id, liveness_min_score, min_score, search_mode
FROM terms WHERE id = ?
"""


class TermsTable:
    """Terms by number, and back."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self.by_number = functools.lru_cache(_REMEMBERED)(self._read)
        self._number = functools.lru_cache(_REMEMBERED)(self._find_or_add)

    def number_of(self, terms: JobTerms | None) -> int | None:
        """The number that stands for these."""
        return None if terms is None else self._number(terms)

    def forget_numbers(self) -> None:
        """What was written last was taken back."""
        self._number.cache_clear()

    def _find_or_add(self, terms: JobTerms) -> int | None:
        values = terms.values()
        found = cast(
            "tuple[int] | None", self._database.execute(_FIND, values).fetchone()
        )
        return found[0] if found else self._database.execute(_ADD, values).lastrowid

    def _read(self, number: int) -> JobTerms | None:
        """None for a number that no terms have: somebody has edited the file."""
        row = cast(
            "tuple[str | None, float | None, float | None, str | None] | None",
            self._database.execute(_READ, (number,)).fetchone(),
        )
        if row is None:
            return None
        collection_id, liveness_min_score, min_score, search_mode = row
        return JobTerms(
            collection_id=collection_id,
            liveness_min_score=liveness_min_score,
            min_score=min_score,
            search_mode=search_mode,
        )
