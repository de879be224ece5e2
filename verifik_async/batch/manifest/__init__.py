"""Manifests: who is to be enrolled, as a table of a person a row.

    id,name,gender,date_of_birth,nationality,images
    42,Jane Doe,F,1990-01-15,CO,photos/jane-1.jpg;photos/jane-2.jpg

CSV (delimiter `,`, `;` or tab; with a header) or JSONL (an object a line with the same
keys; `images` may be a list). Further columns `collection_id`, `liveness_min_score`,
`min_score` and `search_mode` go before the job's defaults; `reason` and `hint`, which
stand beside rows that failed, are read over. Or Parquet, see `parquet_rows`; or a
folder for each person, see `folder_rows`. All are read row by row, however long they
are.
"""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Self

import attrs

from verifik_async.batch.manifest.checks import ManifestRow, RowDefaults, fault
from verifik_async.batch.manifest.content import (
    STANDARD_INPUT,
    FileContent,
    KeptInput,
    begins_with,
)
from verifik_async.batch.manifest.csv_rows import CsvTable
from verifik_async.batch.manifest.errors import ManifestError
from verifik_async.batch.manifest.first_seen import FirstSeen
from verifik_async.batch.manifest.folder_rows import FolderTable
from verifik_async.batch.manifest.images import PictureFolder
from verifik_async.batch.manifest.jsonl_rows import JsonlTable
from verifik_async.batch.manifest.parquet_rows import MAGIC as PARQUET
from verifik_async.batch.manifest.parquet_rows import ParquetTable
from verifik_async.batch.manifest.tables import Table
from verifik_async.batch.manifest.text import manifest_lines
from verifik_async.batch.manifest.written import WrittenRow, WrittenRows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from verifik_async.batch.manifest.rows import RawRow
    from verifik_async.errors import FieldFault

__all__ = [
    "Manifest",
    "ManifestError",
    "ManifestRow",
    "RowDefaults",
    "WrittenRow",
    "WrittenRows",
]

_NO_COLLECTION = (
    "no collection to enroll into: give one for the whole job (--collection), or a "
    "collection_id in each row"
)
_LONGEST_ID = 200
_JSONL_ENDINGS = (".jsonl", ".ndjson")


@attrs.frozen(kw_only=True)
class Manifest:
    """A manifest file whose head was read. Each iteration reads it from the start.

    Attributes:
        path: The file or folder; `-` is standard input.
        defaults: What holds for a row that does not say otherwise.
        allow_outside: Whether pictures may lie outside the manifest's folder.
    """

    path: Path
    defaults: RowDefaults
    allow_outside: bool
    _table: Table = attrs.field(alias="table", repr=False)
    _folder: Path = attrs.field(alias="folder", repr=False)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        defaults: RowDefaults | None = None,
        allow_outside: bool = False,
    ) -> Self:
        """Read the head of a manifest.

        Args:
            path: A CSV, JSONL or Parquet file; a folder with a sub-folder for each
                person; or `-` for a file in standard input. Image paths are relative
                to the file's folder; with standard input, to the current one.
            defaults: What holds for a row that does not say otherwise.
            allow_outside: Also take pictures from outside that folder.

        Raises:
            ManifestError: The file can't be used as a whole.
            ConfigurationError: It is Parquet, and pyarrow is not installed.
        """
        where = Path(path)
        filled = defaults or RowDefaults()
        is_folder = os.path.isdir(where)  # noqa: PTH112 - Path.is_dir may raise
        table = (
            FolderTable(where, allow_outside=allow_outside)
            if is_folder
            else _file_table(where)
        )
        if filled.collection_id is None and not table.names_collections():
            raise ManifestError(_NO_COLLECTION)
        return cls(
            path=where,
            defaults=filled,
            allow_outside=allow_outside,
            table=table,
            folder=where if is_folder else where.parent,
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should be told, such as columns that are ignored."""
        return self._table.notes

    def __iter__(self) -> Iterator[ManifestRow]:
        """The rows in their order, blank ones left out.

        Raises:
            ManifestError: The file can't be read on, or there is no row.
        """
        pictures = PictureFolder(self._folder, allow_outside=self.allow_outside)
        defaults = self.defaults.values()
        row = None
        with closing(FirstSeen()) as ids, closing(self._table.rows()) as rows:
            for raw in rows:
                key, faults = _key(raw, ids)
                row = ManifestRow(
                    number=raw.number,
                    key=key,
                    raw=raw,
                    faults=tuple(faults),
                    defaults=defaults,
                    pictures=pictures,
                )
                yield row
        if row is None:
            raise ManifestError("the manifest holds no rows: add one for each person")

    def as_written(self, *, for_folder: str | os.PathLike[str]) -> WrittenRows:
        """The rows as texts in the manifest's own columns, to be written again.

        Args:
            for_folder: Where they are going to be written: relative paths of pictures
                are told relative to it.
        """
        return WrittenRows(
            table=self._table, folder=self._folder, for_folder=Path(for_folder)
        )


def _file_table(path: Path) -> Table:
    content = KeptInput() if path == STANDARD_INPUT else FileContent(path)
    if begins_with(content, PARQUET):
        return ParquetTable.open(content)
    with closing(manifest_lines(content)) as lines:
        start = next((line.strip() for line in lines if not line.isspace()), "")
    if path.suffix.lower() in _JSONL_ENDINGS or start[:1] in ("{", "["):
        return JsonlTable(content)
    return CsvTable.open(content)


def _key(raw: RawRow, ids: FirstSeen) -> tuple[str | None, Sequence[FieldFault]]:
    key = raw.values.get("id")
    if key is None:
        return None, ()
    if not isinstance(key, str):
        kind = type(key).__name__
        return None, [fault("id", f"must be a string or whole number, not {kind}")]
    if len(key) > _LONGEST_ID or not key.isprintable():
        problem = f"must have at most {_LONGEST_ID} characters, all of them visible"
        return None, [fault("id", problem)]
    earlier = ids.earlier(key, raw.number)
    if earlier is None:
        return key, ()
    hint = "give each person an id of its own"
    return key, [fault("id", f"is that of row {earlier} already", hint)]
