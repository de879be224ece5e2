"""Which rows of a manifest the journal's persons are."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Generic, TypeVar

import attrs

from verifik_async.batch.journal.findings import Fault, Item
from verifik_async.batch.journal.records import SUCCEEDED
from verifik_async.batch.manifest import WrittenRow
from verifik_async.batch.report.failures import NOT_ENROLLED
from verifik_async.batch.report.overview import abandoned
from verifik_async.errors import InvalidRequestError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Sequence

    from verifik_async.batch.journal.view import JournalView
    from verifik_async.batch.manifest import Manifest, ManifestRow

_TOGETHER = 256

Finding = TypeVar("Finding", Item, Fault)
_Pair = tuple["ManifestRow", WrittenRow]


@attrs.frozen
class Match:
    """A row whose person is not enrolled, and what the journal says of them."""

    row: WrittenRow
    finding: Item | Fault


def matches(
    view: JournalView, manifest: Manifest, *, for_folder: str | os.PathLike[str]
) -> Iterator[Match]:
    """The rows of those who are not enrolled, in the manifest's order.

    Rows with an id are found by that, wherever they stand now. Rows without one are
    looked for where the latest run had them, and only taken if their content is what
    was sent, or has faults still: in a manifest that was sorted anew they are missed
    and never taken for each other.

    Args:
        view: The journal.
        manifest: Who was to be enrolled.
        for_folder: Where the rows are going to be written.

    Raises:
        JournalError: The journal can't be read.
        ManifestError: The manifest can't.
    """
    judge = _Judge(view)
    written = manifest.as_written(for_folder=for_folder)
    pairs = zip(manifest, written, strict=False)
    while some := list(itertools.islice(pairs, _TOGETHER)):
        for (_, row), finding in zip(some, judge.findings(some), strict=True):
            if finding is not None:
                yield Match(row, finding)


class _Judge:
    """Finds out what the journal says of rows, which come in their order."""

    def __init__(self, view: JournalView) -> None:
        self._view = view
        self._rule = view.key_rule
        self._left = abandoned(view)
        self._faults = _ByRow(view.faults())
        self._items = _ByRow(view.items(*NOT_ENROLLED))

    def findings(self, pairs: Sequence[_Pair]) -> list[Item | Fault | None]:
        keys = [
            None if row.key is None else self._rule.of_key(row.key) for row, _ in pairs
        ]
        found = self._find([key for key in keys if key is not None])
        return [
            self._finding(row, key, found)
            for (row, _), key in zip(pairs, keys, strict=True)
        ]

    def _find(self, keys: Sequence[bytes]) -> dict[bytes, Item]:
        found = self._view.find(keys)
        return found | {key: self._left[key] for key in keys if key in self._left}

    def _finding(
        self, row: ManifestRow, key: bytes | None, found: dict[bytes, Item]
    ) -> Item | Fault | None:
        faults = self._faults.at(row.number)
        items = self._items.at(row.number)
        if faults and self._is_faulty(row):
            return faults[0]
        if key is not None:
            return _unless_enrolled(found.get(key))
        if not items and not self._left:
            return None
        content = self._content_key(row)
        return (
            None
            if content is None
            else _unless_enrolled(self._find([content]).get(content))
        )

    def _is_faulty(self, row: ManifestRow) -> bool:
        """Whether it has no place of its own: faults, or the content of another."""
        content = self._content_key(row)
        return content is None or bool(self._find([content]))

    def _content_key(self, row: ManifestRow) -> bytes | None:
        try:
            return self._rule.of_content_now(row.build())
        except InvalidRequestError:
            return None


def _unless_enrolled(item: Item | None) -> Item | None:
    return None if item is None or item.state in SUCCEEDED else item


class _ByRow(Generic[Finding]):
    """What stands at a row; rows are asked for in ascending order."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self._findings: Iterator[Finding] = iter(findings)
        self._next: Finding | None = next(self._findings, None)

    def at(self, row: int) -> list[Finding]:
        here: list[Finding] = []
        while self._next is not None and self._next.row <= row:
            if self._next.row == row:
                here.append(self._next)
            self._next = next(self._findings, None)
        return here
