"""For tests of reports: journals with many kinds of ends, and pages taken apart."""

from __future__ import annotations

import contextlib
import sqlite3
from html.parser import HTMLParser
from pathlib import Path

from batch_runs import Answer, Carrier, enrolled, refused
from journal_runs import items, run

from verifik_async import (
    ConnectError,
    HttpResponse,
    ReadTimeoutError,
)

LOW = "409:liveness_failed@0.31"
_ENDS: dict[int, Answer] = {
    1: refused(409, "409:duplicated_person"),
    2: refused(409, LOW),
    3: refused(409, "409:poor_lighting"),
    4: refused(409, "name_too_short"),
    5: ReadTimeoutError("no answer within 60 s"),
    6: ConnectError("no connection could be made"),
}


def mixed(number: int) -> HttpResponse | BaseException:
    """Of ten persons one meets each of six ends, and four are enrolled."""
    return _ENDS.get(number % 10) or enrolled(number)


async def mixed_run(journal: Path, persons: int = 10) -> None:
    """A run with all ends that a server can make."""
    await run(journal, items(range(persons)), Carrier(mixed))


def edit(journal: Path, statement: str, *values: object) -> None:
    """Change a journal by hand."""
    with contextlib.closing(sqlite3.connect(journal)) as database, database:
        database.execute(statement, values)


class Page(HTMLParser):
    """A page, taken apart.

    Attributes:
        tags: All that begin, with their attributes.
        faults: Tags that are not closed in order.
    """

    _EMPTY = ("meta", "link")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.faults: list[str] = []
        self._open: list[str] = []
        self._said: list[str] = []
        self.feed(html)
        self.close()
        self.faults += [f"<{tag}> stays open" for tag in self._open]

    @property
    def text(self) -> str:
        """What people read, on one line."""
        return " ".join(" ".join(self._said).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag begins."""
        self.tags.append((tag, dict(attrs)))
        if tag not in self._EMPTY:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag that is closed at once."""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """A tag ends."""
        if not self._open or self._open.pop() != tag:
            self.faults.append(f"</{tag}> closes something else")

    def handle_data(self, data: str) -> None:
        """A text."""
        if not self._open or self._open[-1] not in ("style", "script"):
            self._said.append(data)
