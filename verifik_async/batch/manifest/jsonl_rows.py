"""A manifest as JSONL: one object a line, with the columns as keys."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, cast

import attrs

from verifik_async.batch.manifest.content import Content
from verifik_async.batch.manifest.errors import ManifestError
from verifik_async.batch.manifest.rows import (
    ADDED_TO_FAILED,
    COLUMNS,
    RawRow,
    split_paths,
    suggestion,
)
from verifik_async.batch.manifest.text import manifest_lines
from verifik_async.errors import FieldFault

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator


class _RepeatedKeyError(ValueError):
    pass


@attrs.frozen
class JsonlTable:
    """A JSONL manifest.

    Attributes:
        content: Its bytes.
    """

    content: Content
    columns: tuple[str, ...] = COLUMNS
    delimiter: str = ","
    notes: tuple[str, ...] = ()

    def names_collections(self) -> bool:
        """Whether a line does, or the file is none and `rows` is to tell so."""
        with closing(manifest_lines(self.content)) as lines:
            return any(
                '"collection_id"' in line or line.lstrip().startswith("[")
                for line in lines
            )

    def rows(self) -> Generator[RawRow, None, None]:
        """All rows, from the file as it is now."""
        with closing(manifest_lines(self.content)) as lines:
            yield from jsonl_rows(lines)


def jsonl_rows(lines: Iterable[str]) -> Iterator[RawRow]:
    """One row a line; blank lines count, but are not given.

    Raises:
        ManifestError: The file is one JSON array and not an object a line.
    """
    first = True
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text:
            continue
        if first and text[0] == "[":
            raise ManifestError("the manifest is a JSON array: write one object a line")
        first = False
        yield json_row(number, text)


def json_row(number: int, text: str | bytes) -> RawRow:
    """The row that a JSON object describes."""
    try:
        row: object = json.loads(text, object_pairs_hook=_object)
    except _RepeatedKeyError:
        return RawRow.of_torn(number, "has the same key twice", "leave one of them")
    except (ValueError, RecursionError) as error:
        where = ""
        if isinstance(error, json.JSONDecodeError):
            line = f"line {error.lineno}, " if error.lineno > 1 else ""
            where = f" at {line}character {error.colno}"
        return RawRow.of_torn(number, f"is no JSON{where}", "write one object a line")
    if not isinstance(row, dict):
        return RawRow.of_torn(number, "is no JSON object", "write {…} on each line")
    return _object_row(number, cast("dict[str, object]", row))


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise _RepeatedKeyError
    return made


def _object_row(number: int, row: dict[str, object]) -> RawRow:
    values: dict[str, object] = {}
    faults: list[FieldFault] = []
    for position, (name, value) in enumerate(row.items(), start=1):
        if name in ADDED_TO_FAILED:
            continue
        if name not in COLUMNS:
            # The key is not told: where keys are wrong, one may be a person's name.
            hint = suggestion(name) or f"known are {', '.join(COLUMNS)}"
            problem = f"key {position} is not known"
            faults.append(FieldFault(field="row", problem=problem, hint=hint))
        else:
            tidy = tidied(name, value)
            if tidy is not None:
                values[name] = tidy
    return RawRow(number=number, values=values, faults=tuple(faults))


def tidied(name: str, value: object) -> object:
    """The value as the checks want it; None where there is none."""
    if isinstance(value, str):
        text = value.strip()
        return (split_paths(text) if name == "images" else text) or None
    if name == "id" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value
