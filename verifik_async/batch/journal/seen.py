"""Who came in this run already, for more persons than memory should hold."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, cast

from verifik_async.batch.journal.statements import MARKS, filled

if TYPE_CHECKING:
    from collections.abc import Sequence

_KNOWN = f"SELECT key FROM seen WHERE key IN ({MARKS})"  # noqa: S608 - constants
_ADD = f"INSERT OR IGNORE INTO seen VALUES ({MARKS.replace(',', '),(')})"  # noqa: S608


class Seen:
    """The keys of a run.

    In a temporary database: a few MB of memory, and the rest in a nameless file. It
    is never read again, so it is never committed either.
    """

    def __init__(self) -> None:
        self._database = sqlite3.connect(
            "", isolation_level=None, check_same_thread=False
        )
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA cache_size = -16000")
        self._database.execute("CREATE TABLE seen (key BLOB PRIMARY KEY) WITHOUT ROWID")
        self._database.execute("BEGIN")

    def add(self, keys: Sequence[bytes]) -> set[bytes]:
        """Remember these; those that were there already are given back.

        Args:
            keys: `TOGETHER` at the most.
        """
        places = filled(keys)
        found = cast("list[tuple[bytes]]", self._database.execute(_KNOWN, places))
        known = {key for (key,) in found}
        self._database.execute(_ADD, places)
        return known

    def close(self) -> None:
        """Forget them."""
        self._database.close()
