"""A file with one row a person, written while outcomes come; CSV or JSONL."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Self

from verifik_async.errors import (
    ApiError,
    ConfigurationError,
    DuplicatePersonError,
    LivenessFailedError,
    VerifikError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from verifik_async.batch.outcomes import BatchOutcome

COLUMNS = (
    "row",
    "id",
    "status",
    "settled",
    "person_id",
    "request_id",
    "attempts",
    "outcome",
    "error",
    "reason",
    "detail",
    "liveness_score",
    "hint",
)
_FROM_THE_SERVER = ("person_id", "request_id", "reason", "detail")
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Record = dict[str, str | int | float | None]


def outcome_record(row: int, outcome: BatchOutcome) -> Record:
    """What the file says of a person: ids, verdict and reason, no personal data.

    Args:
        row: Where the person stands in the manifest.
        outcome: What became of the person. Of an error that is none of this
            package's, only the class is told, as its text may hold anything.
    """
    record: Record = dict.fromkeys(COLUMNS)
    record |= {
        "row": row,
        "id": outcome.key,
        "status": outcome.status.value,
        "attempts": outcome.attempts,
    }
    if outcome.enrollment is not None:
        record["person_id"] = outcome.enrollment.person.id
        record["request_id"] = outcome.enrollment.request_id
    if outcome.settled is not None:
        record["settled"] = outcome.settled.status.value
        record["person_id"] = outcome.settled.person_id
    if outcome.error is not None:
        record["error"] = type(outcome.error).__name__
    if isinstance(outcome.error, VerifikError):
        record |= _told(outcome.error)
    return record


def _told(error: VerifikError) -> Record:
    told: Record = {
        "outcome": error.outcome.value,
        "detail": str(error),
        "hint": error.hint,
    }
    if isinstance(error, ApiError):
        told["reason"] = error.reason or error.code
        told["detail"] = error.detail or error.message
    if isinstance(error, DuplicatePersonError) and error.existing_person:
        told["person_id"] = error.existing_person.id
    if isinstance(error, LivenessFailedError):
        told["liveness_score"] = error.score
    return told


class OutcomesFile:
    """Writes outcomes as they complete; each is in the file before the next comes.

    Make it with `create`, and use it in `with`.

    Attributes:
        path: Where the outcomes go.
    """

    def __init__(self, path: Path, stream: io.FileIO) -> None:
        self.path = path
        self._stream = stream  # without a buffer: nothing is left for `close`
        self._is_csv = _is_csv(path)

    @staticmethod
    def check(path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """See whether `create` would refuse, without making anything.

        Raises:
            ConfigurationError: The name has another ending than `.csv` or `.jsonl`,
                there is a file already, or no folder for it.
        """
        where = Path(path)
        if where.suffix.lower() not in (".csv", ".jsonl"):
            raise ConfigurationError("an outcomes file must end in .csv or .jsonl")
        if not where.parent.is_dir():
            raise ConfigurationError("the outcomes file's folder does not exist")
        if os.path.isdir(where):  # noqa: PTH112 - Path.is_dir raises for some names
            raise ConfigurationError("the outcomes file is a folder: name a file")
        if os.path.lexists(where) and not overwrite:
            raise ConfigurationError(
                "the outcomes file exists already: name another one, "
                "or say that it may be overwritten (--overwrite)"
            )
        return where

    @classmethod
    def create(cls, path: str | os.PathLike[str], *, overwrite: bool = False) -> Self:
        """Make the file, with its header.

        Args:
            path: Ends in `.csv` or `.jsonl`.
            overwrite: Take the place of a file that is there, in one step: until
                then the old one stays whole.

        Raises:
            ConfigurationError: As `check`, or the file can't be made.
        """
        where = cls.check(path, overwrite=overwrite)
        try:
            if overwrite:
                _begin_anew(where)
            else:
                _begin(where, is_csv=_is_csv(where))
            return cls(where, where.open("ab", buffering=0))
        except OSError as error:
            what = error.strerror or type(error).__name__
            raise ConfigurationError(
                f"the outcomes file can't be made: {what}"
            ) from None

    def write(self, row: int, outcome: BatchOutcome) -> None:
        """Add a person.

        Raises:
            OSError: The disk is full, or the like. The row is not in the file, and
                the rows before it are whole.
        """
        record = outcome_record(row, outcome)
        if self._is_csv:
            _append(self._stream, _csv_row(_inert(record).values()))
        else:
            _append(self._stream, json.dumps(record) + "\n")

    def close(self) -> None:
        """Close the file. May be called again."""
        self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _is_csv(path: Path) -> bool:
    return path.suffix.lower() == ".csv"


def _begin(path: Path, *, is_csv: bool) -> None:
    with path.open("xb", buffering=0) as stream:
        try:
            _append(stream, _csv_row(COLUMNS) if is_csv else "")
        except OSError:
            path.unlink(missing_ok=True)
            raise


def _begin_anew(path: Path) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        _begin(beside, is_csv=_is_csv(path))
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _csv_row(cells: Iterable[object]) -> str:
    made = io.StringIO()
    csv.writer(made, lineterminator="\n").writerow(cells)
    return made.getvalue()


def _append(stream: io.FileIO, text: str) -> None:
    """Write all of the text, or nothing: a part of a row would spoil the next."""
    before = os.fstat(stream.fileno()).st_size
    # a server's JSON may hold halves of characters, which nobody can write down
    rest = memoryview(text.encode("utf-8", "replace"))
    try:
        while rest:
            rest = rest[stream.write(rest) or 0 :]
    except OSError:
        stream.truncate(before)
        raise


def inert(text: str) -> str:
    """A text from elsewhere, told as text to spreadsheet programs.

    They run a cell that begins with such a character as a formula.
    """
    return f"'{text}" if text.startswith(_STARTS_A_FORMULA) else text


def _inert(record: Record) -> Record:
    """The record with the server's texts inert.

    The caller's own id stays as it is, since it is what rows are joined by.
    """
    made = record.copy()
    for name in _FROM_THE_SERVER:
        value = made[name]
        if isinstance(value, str):
            made[name] = inert(value)
    return made
