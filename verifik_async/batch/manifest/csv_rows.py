"""A manifest as CSV, as spreadsheet programs and people write it."""

from __future__ import annotations

import csv
import itertools
import re
from contextlib import closing
from typing import TYPE_CHECKING, Self

import attrs

from verifik_async.batch.manifest import headers
from verifik_async.batch.manifest.content import Content
from verifik_async.batch.manifest.errors import ManifestError
from verifik_async.batch.manifest.rows import (
    COLUMNS,
    REQUIRED,
    SCORES,
    RawRow,
    split_paths,
)
from verifik_async.batch.manifest.text import manifest_lines
from verifik_async.errors import FieldFault

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

_DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab"}
_TELLS_DELIMITER = re.compile('"?sep=.?"?', re.IGNORECASE)
"""What some programs write above the header, for Excel; the header tells as much."""

_NUMBER = re.compile(r"\d+\.?\d*|\.\d+", re.ASCII)


@attrs.frozen(kw_only=True)
class Header:
    """The first row of a CSV manifest.

    Attributes:
        number: Its row.
        delimiter: What stands between cells.
        names: The columns' names as they are written.
        columns: The field of each column; None for one that is not known.
        notes: What a person should be told about columns which are ignored.
    """

    number: int
    delimiter: str
    names: tuple[str, ...]
    columns: tuple[str | None, ...]
    notes: tuple[str, ...]


@attrs.frozen
class CsvTable:
    """A CSV manifest.

    Attributes:
        content: Its bytes.
        header: Its header when it was opened.
    """

    content: Content
    header: Header

    @classmethod
    def open(cls, content: Content) -> Self:
        """Read the header.

        Raises:
            ManifestError: There is none that can be used.
        """
        with closing(manifest_lines(content)) as lines:
            return cls(content, read_header(lines))

    @property
    def columns(self) -> tuple[str, ...]:
        """The header's names."""
        return self.header.names

    @property
    def delimiter(self) -> str:
        """The file's own."""
        return self.header.delimiter

    @property
    def notes(self) -> tuple[str, ...]:
        """On columns that are ignored."""
        return self.header.notes

    def names_collections(self) -> bool:
        """Whether it has the column."""
        return "collection_id" in self.header.columns

    def rows(self) -> Generator[RawRow, None, None]:
        """All rows; the header is read anew, as the file may have been mended."""
        with closing(manifest_lines(self.content)) as lines:
            yield from csv_rows(lines, read_header(lines))


def read_header(lines: Iterator[str]) -> Header:
    """The header, read from the lines up to it.

    Raises:
        ManifestError: It is none, lacks a required column, or has one twice.
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip(",;\t \r\n") or _TELLS_DELIMITER.fullmatch(line.strip()):
            continue
        readings = [(_cells(line, delimiter), delimiter) for delimiter in _DELIMITERS]
        written, delimiter = max(readings, key=lambda reading: _known(reading[0]))
        names = headers.read_names(written)
        if len(headers.lacking(names)) == len(REQUIRED):
            # Nothing of this row is told: where a header lacks, it is a person's.
            raise ManifestError(
                f"row {number} is no header: begin with a row of column names, such as "
                + ",".join(COLUMNS[:6])
            )
        headers.refuse_unusable(names)
        return Header(
            number=number,
            delimiter=delimiter,
            names=tuple(name.strip() for name in written),
            columns=tuple(name if name in COLUMNS else None for name in names),
            notes=tuple(headers.notes(names)),
        )
    raise ManifestError("the manifest holds blank lines only: write a header and rows")


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))
    except csv.Error:
        return []


def _known(names: Sequence[str]) -> int:
    return sum(name in COLUMNS for name in headers.read_names(names))


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
    return RawRow(
        number=number,
        values=values,
        faults=tuple(faults),
        cells=cells,
        names=header.names,
    )


def _number(name: str, text: str, faults: list[FieldFault]) -> float | None:
    if _NUMBER.fullmatch(text):
        return float(text)
    hint = "write a point, not a comma" if "," in text else "such as 0.65"
    faults.append(FieldFault(field=name, problem="must be a number", hint=hint))
    return None
