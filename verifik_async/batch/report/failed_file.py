"""`failed.csv`: who is not enrolled, as a manifest to be mended and fed back."""

from __future__ import annotations

import csv
import functools
from collections import Counter
from pathlib import Path
from typing import IO, TYPE_CHECKING

import attrs

from verifik_async.batch.journal.findings import Item
from verifik_async.batch.journal.records import State
from verifik_async.batch.journal.view import JournalView
from verifik_async.batch.manifest.rows import ADDED_TO_FAILED
from verifik_async.batch.outcomes_file import inert
from verifik_async.batch.report.matching import matches
from verifik_async.batch.report.overview import overview_of
from verifik_async.batch.report.private_files import checked_place, private_file
from verifik_async.batch.report.reasons import score_of, state_of, why
from verifik_async.errors import ConfigurationError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from verifik_async.batch.journal.fingerprint import JobTerms
    from verifik_async.batch.manifest import Manifest
    from verifik_async.batch.report.matching import Match

_WHAT = "the file of those who failed"
_TERMS_REMEMBERED = 256
_ENCODING = "utf-8-sig"
"""With a byte order mark: without it Excel takes UTF-8 for something else, and saves
names that nobody has."""


@attrs.frozen(kw_only=True)
class FailedRows:
    """What was written.

    Attributes:
        failed: Rows in the file.
        unknown: Rows in the file of those who are unknown.
        unknown_path: That file; None if nobody is unknown.
        missing: Persons of the journal who are not enrolled and whose row was not
            found: the manifest is another one, or was changed since.
    """

    failed: int
    unknown: int
    unknown_path: Path | None
    missing: int


def check_failed(
    path: str | os.PathLike[str], manifest: Manifest, *, overwrite: bool = False
) -> None:
    """See whether `write_failed` would refuse its files, without making anything.

    Raises:
        ConfigurationError: It would.
    """
    for where in (Path(path), beside_for_unknown(Path(path))):
        checked_place(where, what=_WHAT, endings=(".csv",), overwrite=overwrite)
        if where.resolve() == manifest.path.resolve():
            raise ConfigurationError(f"{_WHAT} would replace the manifest")


def write_failed(
    journal: str | os.PathLike[str],
    manifest: Manifest,
    path: str | os.PathLike[str],
    *,
    overwrite: bool = False,
) -> FailedRows:
    """Write who is not enrolled, in the manifest's own columns, with reason and hint.

    Mended, the file is a manifest again: image paths are relative to its own folder,
    ids are the same, and so the journal knows the persons again. Whoever is `unknown`
    may be enrolled and charged, and must be looked up before they are sent again: so
    they go into a file beside it, with `-unknown` in its name. Whose turn did not come
    is in neither: running the first manifest again goes on with them.

    Both files hold names and birth dates, and only this user may read them.

    Args:
        journal: What came of the persons.
        manifest: Who was to be enrolled; it is read once more.
        path: Ends in `.csv`.
        overwrite: Take the place of files that are there, which may be mended ones.

    Raises:
        ConfigurationError: A file can't be written there.
        JournalError: The journal can't be read.
        ManifestError: The manifest can't.
    """
    check_failed(path, manifest, overwrite=overwrite)
    where = Path(path)
    beside = beside_for_unknown(where)
    with (
        JournalView.open(journal) as view,
        view.at_one_moment(),
        private_file(where, what=_WHAT, encoding=_ENCODING) as failed,
        private_file(beside, what=_WHAT, encoding=_ENCODING) as unknown,
    ):
        wanted = overview_of(view).not_enrolled
        counts = _write(view, manifest, where.parent, files=(failed, unknown))
    if not counts[True]:
        beside.unlink()
    return FailedRows(
        failed=counts[False],
        unknown=counts[True],
        unknown_path=beside if counts[True] else None,
        missing=max(0, wanted - counts.total()),
    )


def beside_for_unknown(path: Path) -> Path:
    """Where those go who must be looked up first."""
    return path.with_name(f"{path.stem}-unknown{path.suffix}")


def _write(
    view: JournalView, manifest: Manifest, folder: Path, *, files: tuple[IO[str], ...]
) -> Counter[bool]:
    """Write the rows, and count them by whether they are unknown."""
    rows = manifest.as_written(for_folder=folder)
    tables = [
        csv.DictWriter(
            file,
            [*rows.columns, *ADDED_TO_FAILED],
            delimiter=rows.delimiter,
            extrasaction="ignore",
            lineterminator="\n",
        )
        for file in files
    ]
    for table in tables:
        table.writeheader()
    counts: Counter[bool] = Counter()
    terms_of = functools.lru_cache(_TERMS_REMEMBERED)(view.terms)
    for match in matches(view, manifest, for_folder=folder):
        is_unknown = state_of(match.finding) is State.UNKNOWN
        counts[is_unknown] += 1
        tables[is_unknown].writerow(_cells(match, terms_of))
    return counts


def _cells(
    match: Match, terms_of: Callable[[int | None], JobTerms | None]
) -> dict[str, str]:
    told = why(match.finding)
    reason = str(told)
    if isinstance(match.finding, Item):
        score = score_of(match.finding, terms_of(match.finding.terms))
        reason = f"{reason} ({score})" if score else reason
    if not match.row.values:
        reason = f"row {match.row.number}: {reason}"
    texts = zip(ADDED_TO_FAILED, (reason, told.hint), strict=True)
    added = {name: inert(" ".join(text.split())) for name, text in texts}
    given = {name: _writable(text) for name, text in match.row.values.items()}
    return {**given, **added}


def _writable(text: str) -> str:
    """The text; none where it holds halves of characters, which JSON may name.

    The reason says so. What stood in for them would be taken for a part of a name.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return ""
    return text
