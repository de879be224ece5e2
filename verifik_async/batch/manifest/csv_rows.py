"""A manifest as CSV, as spreadsheet programs and people write it."""

from __future__ import annotations

import csv
import itertools
import re
from typing import TYPE_CHECKING

import attrs

from verifik_async.batch.manifest.rows import (
    COLUMNS,
    REQUIRED,
    SCORES,
    RawRow,
    split_paths,
    suggestion,
)
from verifik_async.batch.manifest.text import ManifestError
from verifik_async.errors import FieldFault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab"}
_NUMBER = re.compile(r"\d+\.?\d*|\.\d+", re.ASCII)


@attrs.frozen(kw_only=True)
class Header:
    """The first row of a CSV manifest.

    Attributes:
        number: Its row.
        delimiter: What stands between cells.
        columns: The field of each column; None for one that is not known.
        notes: What a person should be told about columns which are ignored.
    """

    number: int
    delimiter: str
    columns: tuple[str | None, ...]
    notes: tuple[str, ...]


def read_header(lines: Iterator[str]) -> Header:
    """The header, read from the lines up to it.

    Raises:
        ManifestError: It is none, lacks a required column, or has one twice.
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip(",;\t \r\n"):
            continue
        readings = [(_names(line, delimiter), delimiter) for delimiter in _DELIMITERS]
        names, delimiter = max(readings, key=lambda reading: _known(reading[0]))
        _refuse_lacking(names, number)
        _refuse_repeated(names)
        return Header(
            number=number,
            delimiter=delimiter,
            columns=tuple(name if name in COLUMNS else None for name in names),
            notes=tuple(_notes(names)),
        )
    raise ManifestError("the manifest holds blank lines only: write a header and rows")


def _names(line: str, delimiter: str) -> list[str]:
    try:
        cells = next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))
    except csv.Error:
        return []
    return [cell.strip().lower() for cell in cells]


def _known(names: Sequence[str]) -> int:
    return sum(name in COLUMNS for name in names)


def _refuse_lacking(names: Sequence[str], number: int) -> None:
    lacking = [name for name in REQUIRED if name not in names]
    if len(lacking) == len(REQUIRED):
        # Nothing of this row is told: where a header lacks, it is a person's.
        raise ManifestError(
            f"row {number} is no header: begin with a row of column names, such as "
            + ",".join(COLUMNS[:6])
        )
    if lacking:
        columns = "the column" if len(lacking) == 1 else "the columns"
        raise ManifestError(
            f"the header lacks {columns} {', '.join(lacking)}: add what is missing"
        )


def _refuse_repeated(names: Sequence[str]) -> None:
    for name in COLUMNS:
        if names.count(name) > 1:
            raise ManifestError(f"the column {name} stands twice: leave one of them")


def _notes(names: Sequence[str]) -> Iterator[str]:
    for position, name in enumerate(names, start=1):
        if not name:
            yield f"column {position} has no name and is ignored"
        elif name not in COLUMNS:
            # every required column was found, so these are names of columns
            note = f"column {position}, {name[:40]}, is not known and is ignored"
            yield f"{note}; {suggestion(name)}".rstrip("; ")


def csv_rows(lines: Iterator[str], header: Header) -> Iterator[RawRow]:
    """The rows after the header; blank ones count, but are not given.

    Raises:
        ManifestError: A quoted cell never ends, so rows can't be told apart.
    """
    reader = csv.reader(
        lines, delimiter=header.delimiter, skipinitialspace=True, strict=True
    )
    for number in itertools.count(header.number + 1):
        lines_before = reader.line_num
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error:
            yield _unreadable(number, reader.line_num - lines_before)
        else:
            if any(cells):
                yield _row(number, cells, header)


def _unreadable(number: int, lines: int) -> RawRow:
    if lines > 1:
        raise ManifestError(
            f"row {number}: its quotes don't match, so where it ends can't be told: "
            "close every quote, and double those inside a cell"
        )
    return RawRow.of_torn(
        number,
        "can't be taken apart: its quotes don't match, or a cell is too long",
        "double the quotes inside a cell; give pictures by path",
    )


def _row(number: int, cells: list[str], header: Header) -> RawRow:
    width = len(header.columns)
    if len(cells) < width or any(cells[width:]):
        count = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
        quote = f"put a cell in quotes if it holds {_DELIMITERS[header.delimiter]}"
        fill = "give each column a cell, also where it is empty"
        return RawRow.of_torn(
            number,
            f"has {count} where the header has {width}",
            fill if len(cells) < width else quote,
        )
    values: dict[str, object] = {
        name: cell
        for name, cell in zip(header.columns, cells, strict=False)
        if name and cell
    }
    faults: list[FieldFault] = []
    for name in SCORES:
        if name in values:
            values[name] = _number(name, str(values[name]), faults)
    if "images" in values:
        values["images"] = split_paths(str(values["images"]))
    return RawRow(number=number, values=values, faults=tuple(faults))


def _number(name: str, text: str, faults: list[FieldFault]) -> float | None:
    if _NUMBER.fullmatch(text):
        return float(text)
    hint = "write a point, not a comma" if "," in text else "such as 0.65"
    faults.append(FieldFault(field=name, problem="must be a number", hint=hint))
    return None
