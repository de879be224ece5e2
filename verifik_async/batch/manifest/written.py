"""Rows as they were written, so that some of them can be written again."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, cast

import attrs

from verifik_async.batch.manifest.images import is_relative_path
from verifik_async.batch.manifest.rows import ADDED_TO_FAILED, split_paths
from verifik_async.batch.manifest.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from verifik_async.batch.manifest.rows import RawRow


@attrs.frozen(kw_only=True)
class WrittenRow:
    """A row as it was written: a person's data, unchecked, and not for messages.

    Attributes:
        number: As `ManifestRow.number`.
        key: The row's `id` as it is written; None where it has none.
        values: By column; a column that the row leaves out may lack, and a row that
            can't be taken apart has none, or only those found without.
    """

    number: int
    key: str | None
    values: Mapping[str, str] = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class WrittenRows:
    """All rows of a manifest, read anew in each iteration, a row at a time.

    Written as CSV under `columns`, they make a manifest again, also with columns
    `reason` and `hint` beside them: those are read over, and left out here.
    """

    _table: Table = attrs.field(alias="table")
    _folder: Path = attrs.field(alias="folder")
    _for_folder: Path = attrs.field(alias="for_folder")

    @property
    def columns(self) -> tuple[str, ...]:
        """The manifest's own, as it names them; without names, all that there are."""
        named = (name for name in self._table.columns if _is_told(name))
        return tuple(dict.fromkeys(named))

    @property
    def delimiter(self) -> str:
        """What stands between cells: a file's own, so that its reader can open it."""
        return self._table.delimiter

    def __iter__(self) -> Iterator[WrittenRow]:
        """The rows in their order.

        Raises:
            ManifestError: The manifest can't be read any more.
        """
        moved = _Moved(self._folder, self._for_folder)
        with closing(self._table.rows()) as rows:
            for raw in rows:
                key = raw.values.get("id")
                yield WrittenRow(
                    number=raw.number,
                    key=key if isinstance(key, str) else None,
                    values={
                        name: moved.paths(text) if _is_images(name) else text
                        for name, text in _texts(raw).items()
                    },
                )


class _Moved:
    """Paths told relative to another folder."""

    def __init__(self, folder: Path, for_folder: Path) -> None:
        # Links are resolved, as `..` leads elsewhere where a part of it is one.
        self._old = os.path.realpath(folder)
        self._new = os.path.realpath(for_folder)

    def paths(self, cell: str) -> str:
        if self._old == self._new:
            return cell
        return ";".join(map(self._path, split_paths(cell)))

    def _path(self, path: str) -> str:
        if not is_relative_path(path):
            return path
        whole = os.path.join(self._old, path)  # noqa: PTH118 - pathlib is slow here
        try:
            return os.path.relpath(whole, self._new)
        except ValueError:  # on another drive
            return whole


def _is_told(name: str) -> bool:
    return bool(name) and name.lower() not in ADDED_TO_FAILED


def _is_images(name: str) -> bool:
    return name.lower() == "images"


def _texts(raw: RawRow) -> dict[str, str]:
    if not raw.cells:
        return {name: _text(value) for name, value in raw.values.items()}
    texts: dict[str, str] = {}
    for name, cell in zip(raw.names, raw.cells, strict=False):
        if _is_told(name):
            texts.setdefault(name, cell)
    return texts


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ";".join(map(_text, cast("list[object]", value)))
    return json.dumps(value, default=str)
