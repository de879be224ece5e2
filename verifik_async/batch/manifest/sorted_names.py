"""Names of a folder in their order, for more names than memory should hold."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable


def sorted_names(names: Iterable[str]) -> Generator[str, None, None]:
    """The names in the order of their bytes, the same on every run.

    They are sorted by SQLite, which keeps a few MB in memory and the rest in a
    nameless file: a list of a million names would take 100 MB.
    """
    # A generator may be driven from a worker thread, one call at a time.
    database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    with closing(database):
        database.execute("CREATE TABLE names (name BLOB)")
        database.execute("BEGIN")
        database.executemany(
            "INSERT INTO names VALUES (?)", ((os.fsencode(name),) for name in names)
        )
        rows: Iterable[tuple[bytes]] = database.execute(
            "SELECT name FROM names ORDER BY name"
        )
        for (name,) in rows:
            yield os.fsdecode(name)
