"""Rows which name the same picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from verifik_async.batch.manifest.first_seen import FirstSeen

if TYPE_CHECKING:
    from verifik_async.batch.manifest import ManifestRow

_MOST_SHARED_NOTED = 10


class SharedPictures:
    """Notices rows which name the same file: mostly a slip, sometimes meant."""

    def __init__(self) -> None:
        self._files = FirstSeen()
        self._notes: list[str] = []
        self._more = 0

    def look_at(self, row: ManifestRow) -> None:
        """Remember a row's files."""
        for file in row.picture_files():
            earlier = self._files.earlier(file, row.number)
            if earlier is None:
                continue
            if len(self._notes) == _MOST_SHARED_NOTED:
                self._more += 1
            elif earlier == row.number:
                self._notes.append(f"row {earlier} names the same picture twice")
            else:
                pair = f"rows {earlier} and {row.number}"
                self._notes.append(f"{pair} name the same picture")

    def notes(self) -> list[str]:
        """What to tell."""
        self._files.close()
        more = [f"{self._more:,} more of the kind"] if self._more else []
        return self._notes + more
