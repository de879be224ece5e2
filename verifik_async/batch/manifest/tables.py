"""What every format of a manifest offers to those who read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Generator

    from verifik_async.batch.manifest.rows import RawRow


class Table(Protocol):
    """A manifest whose head was read."""

    @property
    def columns(self) -> tuple[str, ...]:
        """What rows are written down in: their own columns, or else all known ones."""
        ...

    @property
    def delimiter(self) -> str:
        """What stands between cells where rows are written down."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should be told, such as columns that are ignored."""
        ...

    def names_collections(self) -> bool:
        """Whether a row may name a collection, so that the job need not."""
        ...

    def rows(self) -> Generator[RawRow, None, None]:
        """All rows from the start, as often as wanted; blank ones are left out.

        Raises:
            ManifestError: The manifest can't be read on.
        """
        ...
