"""What is said to SQLite, for many rows at a time.

Each step of a statement gives the interpreter's lock away, and a thread beside a busy
event loop waits long to get it back: thirty rows in one step are written much sooner
than in thirty. So statements have places for many rows; those left over are NULL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

TOGETHER = 32
"""Rows in one statement."""

MARKS = ",".join("?" * TOGETHER)
"""Their places in it, where a row is a key."""

ITEM_COLUMNS = (
    *("key", "row", "label", "terms", "run", "state", "attempts", "at", "took"),
    *("status", "error", "code", "reason", "detail"),
    *("person_id", "request_id", "liveness"),
)
INTENT_COLUMNS = ("key", "row", "terms", "at", "label")


def filled(keys: Sequence[bytes]) -> list[bytes | None]:
    """Keys for all places of a statement."""
    return [*keys, *[None] * (TOGETHER - len(keys))]


def _given(columns: Sequence[str]) -> str:
    """All rows but those left over."""
    row = f"({','.join('?' * len(columns))})"
    rows = ",".join([row] * TOGETHER)
    return f"SELECT * FROM (VALUES {rows}) WHERE column1 IS NOT NULL"  # noqa: S608 - constants


def _with(columns: Sequence[str]) -> str:
    return ", ".join(f"{name} = excluded.{name}" for name in columns)


class ManyRows:
    """A statement that writes any number of rows.

    Args:
        statement: With places for `TOGETHER` rows.
        columns: Places of a row.
    """

    def __init__(self, statement: str, *, columns: int) -> None:
        self._statement = statement
        self._nobody = (None,) * columns

    def write(
        self, database: sqlite3.Connection, rows: Sequence[Sequence[object]]
    ) -> None:
        """Write them all."""
        for start in range(0, len(rows), TOGETHER):
            some = rows[start : start + TOGETHER]
            places = [value for row in some for value in row]
            places += self._nobody * (TOGETHER - len(some))
            database.execute(self._statement, places)


INTEND = ManyRows(
    f"INSERT OR REPLACE INTO intent ({', '.join(INTENT_COLUMNS)}) "
    f"{_given(INTENT_COLUMNS)}",
    columns=len(INTENT_COLUMNS),
)
"""Who is about to be sent."""

SETTLE = ManyRows(
    f"INSERT INTO item ({', '.join(ITEM_COLUMNS)}) {_given(ITEM_COLUMNS)} "
    "ON CONFLICT (key) DO UPDATE SET "
    "attempts = item.attempts + excluded.attempts, "
    + _with([name for name in ITEM_COLUMNS if name not in ("key", "attempts")])
    + " WHERE item.state NOT IN ('enrolled', 'presumed_enrolled')",
    columns=len(ITEM_COLUMNS),
)
"""Whose turn is over; a success is never overwritten."""

_DELETE = f"DELETE FROM intent WHERE key IN ({MARKS})"  # noqa: S608 - constants
TAKE_BACK = ManyRows(_DELETE, columns=1)
"""Whose intent has served its purpose."""
