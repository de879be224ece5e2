"""A manifest as Parquet, read by pyarrow (`pip install 'verifik-async[parquet]'`).

The columns are those of CSV, in their own types: `images` is a list of strings or a
string, `date_of_birth` a string, a date, or a timestamp without a time of day.
"""

from __future__ import annotations

import datetime as dt
import decimal
import importlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, Self

import attrs

from verifik_async.batch.manifest import headers
from verifik_async.batch.manifest.content import Content
from verifik_async.batch.manifest.errors import ManifestError
from verifik_async.batch.manifest.jsonl_rows import tidied
from verifik_async.batch.manifest.rows import COLUMNS, RawRow
from verifik_async.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence

MAGIC = b"PAR1"
_ROWS_AT_A_TIME = 256
_READ_AT_A_TIME = 64 * 1024
"""In bytes, of each column; pyarrow reads whole columns of a row group otherwise."""


class _Scalar(Protocol):
    def as_py(self) -> object: ...


class _Column(Protocol):
    def to_pylist(self) -> list[object]: ...
    def __iter__(self) -> Iterator[_Scalar]: ...


class _Schema(Protocol):
    @property
    def names(self) -> Sequence[str]: ...


class _Batch(Protocol):
    @property
    def schema(self) -> _Schema: ...
    @property
    def columns(self) -> Sequence[_Column]: ...


class _ParquetFile(Protocol):
    """As much of pyarrow's, which has no types, as is used here."""

    @property
    def schema_arrow(self) -> _Schema: ...

    def iter_batches(
        self, batch_size: int, *, columns: Sequence[str], use_threads: bool
    ) -> Iterable[_Batch]: ...


@attrs.frozen
class ParquetTable:
    """A Parquet manifest; rows are numbered from 1.

    Attributes:
        content: Its bytes.
        names: Of its columns when it was opened.
    """

    content: Content
    names: tuple[str, ...]
    columns: tuple[str, ...] = COLUMNS
    delimiter: str = ","

    @classmethod
    def open(cls, content: Content) -> Self:
        """Read the names of the columns.

        Raises:
            ConfigurationError: pyarrow is not installed.
            ManifestError: This is no Parquet, or a required column lacks.
        """
        with _opened(content) as file:
            return cls(content, tuple(_names(file)))

    @property
    def notes(self) -> tuple[str, ...]:
        """On columns that are ignored."""
        return tuple(headers.notes(self.names))

    def names_collections(self) -> bool:
        """Whether it has the column."""
        return "collection_id" in self.names

    def rows(self) -> Generator[RawRow, None, None]:
        """All rows, from the file as it is now; only known columns are read."""
        number = 0
        with _opened(self.content) as file:
            columns = {
                own: name
                for own, name in zip(file.schema_arrow.names, _names(file), strict=True)
                if name in COLUMNS
            }
            for batch in file.iter_batches(
                _ROWS_AT_A_TIME, columns=[*columns], use_threads=False
            ):
                names = [columns[own] for own in batch.schema.names]
                cells = zip(*map(_values, batch.columns), strict=True)
                for number, row in enumerate(cells, start=number + 1):  # noqa: B020
                    yield _row(number, zip(names, row, strict=True))


@contextmanager
def _opened(content: Content) -> Generator[_ParquetFile, None, None]:
    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise ConfigurationError(
            "a Parquet manifest needs pyarrow: pip install 'verifik-async[parquet]'"
        ) from None
    try:
        with content.open() as stream:
            yield parquet.ParquetFile(
                stream, buffer_size=_READ_AT_A_TIME, pre_buffer=False
            )
    except ManifestError:
        raise
    except (OSError, ValueError, NotImplementedError):
        # pyarrow's messages may hold what is in the file
        raise ManifestError(
            "the manifest can't be read as Parquet: it is damaged, or of a newer kind; "
            "save it anew, or as CSV"
        ) from None


def _names(file: _ParquetFile) -> list[str]:
    names = headers.read_names(file.schema_arrow.names)
    headers.refuse_unusable(names)
    return names


def _row(number: int, cells: Iterable[tuple[str, object]]) -> RawRow:
    told = ((name, tidied(name, _plain(value))) for name, value in cells)
    values = {name: value for name, value in told if value is not None}
    return RawRow(number=number, values=values)


def _values(column: _Column) -> list[object]:
    try:
        return column.to_pylist()
    except (ValueError, OverflowError):
        # one of them is a time that Python has not: only its row is at fault
        return [_value(scalar) for scalar in column]


def _value(scalar: _Scalar) -> object:
    try:
        return scalar.as_py()
    except (ValueError, OverflowError):
        return "out of range"


def _plain(value: object) -> object:
    """The value as JSON would have it, as far as it would."""
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
