"""A manifest as a folder with a sub-folder for each person.

    people/42/person.json    {"name": "Jane Doe", "gender": "F", …}
    people/42/1.jpg

`person.json` has the columns as keys. Without an `id` in it the sub-folder's name is
the id; without `images` all pictures in the sub-folder are taken, by name. Hidden
files and folders are no part of it, nor are other files.
"""

from __future__ import annotations

import heapq
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, cast

import attrs

from verifik_async.batch.manifest.errors import ManifestError
from verifik_async.batch.manifest.images import MOST_LOOKED_AT, is_relative_path
from verifik_async.batch.manifest.jsonl_rows import json_row
from verifik_async.batch.manifest.rows import COLUMNS, RawRow
from verifik_async.batch.manifest.sorted_names import sorted_names
from verifik_async.errors import FieldFault

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

DATA = "person.json"
_ENDINGS = (".jpg", ".jpeg", ".png", ".webp")
_LARGEST_DATA = 256 * 1024
_NO_FOLDERS = (
    f"the folder holds no sub-folders: make one for each person, with {DATA} and 1 to "
    "3 pictures in it; or name the manifest's file"
)
_DATA_HINT = 'write it in UTF-8 with the columns as keys: {"name": …, "gender": …, …}'
_NO_LINKS = "put the file into it, or allow pictures from outside (--allow-outside)"
_NO_PICTURES = FieldFault(
    field="images",
    problem="is missing",
    hint=f"put 1 to 3 pictures into the folder, ending in {', '.join(_ENDINGS)}",
)


@attrs.frozen
class FolderTable:
    """A folder for each person; rows are numbered from 1 in the order of their names.

    Attributes:
        folder: Where those folders are.
        allow_outside: Whether links may lead out of it.
    """

    folder: Path
    allow_outside: bool = attrs.field(kw_only=True)
    columns: tuple[str, ...] = COLUMNS
    delimiter: str = ","
    notes: tuple[str, ...] = ()

    def names_collections(self) -> bool:
        """Whether one of the persons does."""
        return any("collection_id" in row.values for row in self.rows())

    def rows(self) -> Generator[RawRow, None, None]:
        """All rows, from the folders as they are now."""
        number = 0
        try:
            for number, name in enumerate(sorted_names(self._folders()), start=1):
                yield self._row(number, name)
        except OSError as error:
            what = error.strerror or type(error).__name__
            raise ManifestError(f"the folder can't be read: {what}") from None
        if not number:
            raise ManifestError(_NO_FOLDERS)

    def _folders(self) -> Iterator[str]:
        with os.scandir(self.folder) as entries:
            for entry in entries:
                if not entry.name.startswith(".") and entry.is_dir():
                    yield entry.name

    def _row(self, number: int, name: str) -> RawRow:
        there = self.folder / name
        row = self._data(number, there / DATA)
        images = row.values.get("images")
        if images is None:
            images = [str(Path(name, picture)) for picture in _pictures(there)]
        elif isinstance(images, list):
            images = [_within(name, path) for path in cast("list[object]", images)]
        faults = row.faults if images else (*row.faults, _NO_PICTURES)
        values = {"id": name, **row.values, "images": images}
        return attrs.evolve(row, values=values, faults=faults)

    def _data(self, number: int, path: Path) -> RawRow:
        try:
            if not self.allow_outside and not self._holds(path):
                problem = f"{DATA} leaves the manifest's folder"
                return RawRow.of_torn(number, problem, _NO_LINKS)
            if not stat.S_ISREG(path.stat().st_mode):
                return RawRow.of_torn(number, f"{DATA} is no regular file", _DATA_HINT)
            with path.open("rb") as stream:
                data = stream.read(_LARGEST_DATA + 1)
        except FileNotFoundError:
            return RawRow.of_torn(number, f"has no {DATA}", _DATA_HINT)
        except OSError as error:
            what = error.strerror or type(error).__name__
            return RawRow.of_torn(number, f"{DATA} can't be read: {what}", _DATA_HINT)
        if len(data) > _LARGEST_DATA:
            return RawRow.of_torn(number, f"{DATA} is too long", "keep text in it only")
        return _told_of_data(json_row(number, data))

    def _holds(self, path: Path) -> bool:
        inside = os.path.realpath(self.folder) + os.sep
        return os.path.realpath(path).startswith(inside)


def _told_of_data(row: RawRow) -> RawRow:
    if not row.torn:
        return row
    faults = [
        attrs.evolve(fault, problem=f"{DATA} {fault.problem}", hint=_DATA_HINT)
        for fault in row.faults
    ]
    return attrs.evolve(row, faults=tuple(faults))


def _pictures(folder: Path) -> list[str]:
    """The first pictures by name, as many as are looked at."""
    try:
        with os.scandir(folder) as entries:
            names = (entry.name for entry in entries)
            return heapq.nsmallest(MOST_LOOKED_AT, filter(_is_picture, names))
    except OSError:
        return []


def _is_picture(name: str) -> bool:
    return name.lower().endswith(_ENDINGS) and not name.startswith(".")


def _within(folder: str, path: object) -> object:
    if isinstance(path, str) and path.strip() and is_relative_path(path.strip()):
        return str(Path(folder, path.strip()))
    return path
