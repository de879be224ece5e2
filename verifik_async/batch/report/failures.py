"""Who is not enrolled, and why: grouped, and the first of them by name of their row."""

from __future__ import annotations

import functools
import heapq
import itertools
from collections import Counter
from typing import TYPE_CHECKING

import attrs

from verifik_async.batch.journal.findings import Item
from verifik_async.batch.journal.records import SUCCEEDED, State
from verifik_async.batch.report.liveness import Liveness, LivenessTally
from verifik_async.batch.report.overview import abandoned
from verifik_async.batch.report.reasons import Why, score_of, state_of, why

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from verifik_async.batch.journal.findings import Fault
    from verifik_async.batch.journal.view import JournalView

LISTED = 200
"""Persons listed one by one; all of them are in a file of their own, if wanted."""

_MOST_GROUPS = 200
_MOST_DETAILS = 500
_DETAILS_SHOWN = 3
_ROWS_SHOWN = 12
_TERMS_REMEMBERED = 256
_MANY_OTHERS = "further reasons"

_URGENCY = (
    State.UNKNOWN,
    State.FAILED,
    State.LIVENESS_FAILED,
    State.REJECTED,
    State.INVALID,
    State.DUPLICATE,
)
NOT_ENROLLED = tuple(state for state in _URGENCY if state not in SUCCEEDED)
"""In the order in which people should look at them."""


@attrs.frozen(kw_only=True)
class Group:
    """Persons who are not enrolled for the same reason.

    Attributes:
        state: Where they stand.
        title: The reason, for people.
        hint: What to do next.
        count: How many they are.
        details: What was said beside the reason, the most frequent first.
        rows: The first rows.
    """

    state: State
    title: str
    hint: str
    count: int
    details: tuple[tuple[str, int], ...]
    rows: tuple[int, ...]


@attrs.frozen(kw_only=True)
class Listed:
    """One who is not enrolled.

    Attributes:
        key: What the journal knows the person by; None without a place in it.
        row: What people call the person's place.
        label: The caller's key, where the journal keeps keys.
        score: The liveness score beside what was asked for.
    """

    key: bytes | None = attrs.field(repr=False)
    row: int
    label: str | None = attrs.field(repr=False)
    state: State
    why: Why
    score: str


@attrs.frozen(kw_only=True)
class Failures:
    """All who are not enrolled.

    Attributes:
        groups: By reason, the most urgent first.
        listed: The first of them, by row.
        liveness: The scores of those who did not pass, where answers have them.
    """

    groups: tuple[Group, ...]
    listed: tuple[Listed, ...]
    liveness: Liveness


def not_enrolled(view: JournalView) -> Iterator[Item | Fault]:
    """Everybody who is not enrolled, by their row."""
    left = abandoned(view)
    items = (item for item in view.items(*NOT_ENROLLED) if item.key not in left)
    found: list[Iterable[Item | Fault]] = [items, left.values(), view.faults()]
    return heapq.merge(*found, key=lambda finding: finding.row)


def failures_of(view: JournalView) -> Failures:
    """Read them all once; what is kept does not grow with their number."""
    collected: dict[tuple[State, str], _Collected] = {}
    listed: list[Listed] = []
    liveness = LivenessTally()
    terms_of = functools.lru_cache(_TERMS_REMEMBERED)(view.terms)
    for finding in not_enrolled(view):
        reason = why(finding)
        state = state_of(finding)
        place = (state, reason.title)
        if place not in collected and len(collected) >= _MOST_GROUPS:
            place = (state, _MANY_OTHERS)
        group = collected.setdefault(place, _Collected(reason.hint))
        group.take(finding.row, reason.detail)
        score = ""
        if isinstance(finding, Item) and state is State.LIVENESS_FAILED:
            terms = terms_of(finding.terms)
            liveness.take(finding.liveness, terms)
            score = score_of(finding, terms)
        if len(listed) < LISTED:
            listed.append(_listed(finding, reason, score))
    groups = [group.made(*place) for place, group in collected.items()]
    groups.sort(key=lambda group: (NOT_ENROLLED.index(group.state), -group.count))
    return Failures(
        groups=tuple(groups), listed=tuple(listed), liveness=liveness.made()
    )


def _listed(finding: Item | Fault, reason: Why, score: str) -> Listed:
    return Listed(
        key=finding.key if isinstance(finding, Item) else None,
        row=finding.row,
        label=finding.label,
        state=state_of(finding),
        why=reason,
        score=score,
    )


class _Collected:
    """A group while it is counted."""

    def __init__(self, hint: str) -> None:
        self._hint = hint
        self._count = 0
        self._details: Counter[str] = Counter()
        self._rows: list[int] = []

    def take(self, row: int, detail: str) -> None:
        self._count += 1
        if len(self._rows) < _ROWS_SHOWN:
            self._rows.append(row)
        if detail and (detail in self._details or len(self._details) < _MOST_DETAILS):
            self._details[detail] += 1

    def made(self, state: State, title: str) -> Group:
        return Group(
            state=state,
            title=title,
            hint=self._hint,
            count=self._count,
            details=tuple(self._details.most_common(_DETAILS_SHOWN)),
            rows=tuple(self._rows),
        )


def ranges(rows: Iterable[int]) -> str:
    """Rows as people write them: 2, 5 to 9 as one, 14."""
    told: list[str] = []
    for _, run in itertools.groupby(
        enumerate(sorted(set(rows))), key=lambda placed: placed[1] - placed[0]
    ):
        numbers = [row for _, row in run]
        first, last = numbers[0], numbers[-1]
        told.append(str(first) if first == last else f"{first}\N{EN DASH}{last}")
    return ", ".join(told)
