"""Where something was seen first, for more things than memory should hold."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3


class FirstSeen:
    """Remembers texts by the row which had them first.

    Digests only, in a temporary SQLite database, which keeps a few MB in memory and
    the rest in a nameless file: a million ids would take 200 MB as a dict.
    """

    def __init__(self) -> None:
        # A generator may be driven from a worker thread, one call at a time.
        self._database = sqlite3.connect(
            "", isolation_level=None, check_same_thread=False
        )
        self._database.execute(
            "CREATE TABLE seen (digest BLOB PRIMARY KEY, row INT) WITHOUT ROWID"
        )
        self._database.execute("BEGIN")
        self._key = secrets.token_bytes(16)

    def earlier(self, text: str, row: int) -> int | None:
        """The row that had this text before; None, and kept, for the first."""
        digest = hashlib.blake2b(
            text.encode("utf-8", "surrogatepass"), digest_size=16, key=self._key
        ).digest()
        cursor = self._database.execute(
            "INSERT OR IGNORE INTO seen VALUES (?, ?)", (digest, row)
        )
        if cursor.rowcount:
            return None
        found: tuple[int] = self._database.execute(
            "SELECT row FROM seen WHERE digest = ?", (digest,)
        ).fetchone()
        return found[0]

    def close(self) -> None:
        """Drop what was remembered."""
        self._database.close()

    def __del__(self) -> None:
        self.close()  # nothing in it is worth a warning when it is just let go
