"""How a job stands: counts, runs and rates, read in a moment."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from verifik_async.batch.journal.errors import JournalLockedError
from verifik_async.batch.journal.fingerprint import Fingerprint, JobTerms
from verifik_async.batch.journal.records import SUCCEEDED, State
from verifik_async.batch.report.runs import Run, runs_of

if TYPE_CHECKING:
    from verifik_async.batch.journal.findings import Item
    from verifik_async.batch.journal.view import JournalView

__all__ = ["Overview", "Run", "abandoned", "overview_of"]

LATELY = 300
"""Seconds that the rate of a run which goes on is told over."""


@attrs.frozen(kw_only=True)
class Overview:
    """How a job stands.

    Attributes:
        path: The journal.
        at: When this was read, in seconds since 1970.
        fingerprint: Which job it is.
        terms: What was asked for: of all persons if the job says so, else of the first.
        holder: Whose run goes on.
        counts: Persons by state; those whom a killed run left in flight are `unknown`.
        in_flight: Persons being sent by the run that goes on.
        planned: Persons that there are, if a run has said so.
        runs: All of them, in their order.
        rate: Persons a second: lately, if a run goes on, else over all runs.
        known_by_content: Some persons have no key, so that one who was mended is
            another one to the journal.
    """

    path: Path
    at: float
    fingerprint: Fingerprint
    terms: JobTerms | None
    holder: JournalLockedError | None
    counts: Mapping[State, int]
    in_flight: int
    planned: int | None
    runs: tuple[Run, ...]
    rate: float | None
    known_by_content: bool

    @property
    def settled(self) -> int:
        """Persons whose turn has ended."""
        return sum(self.counts.values())

    @property
    def enrolled(self) -> int:
        """Persons for whom nothing is left to do."""
        return sum(self.counts.get(state, 0) for state in SUCCEEDED)

    @property
    def not_enrolled(self) -> int:
        """Persons whose turn has ended otherwise."""
        return self.settled - self.enrolled

    @property
    def unknown(self) -> int:
        """Persons who may be enrolled and charged."""
        return self.counts.get(State.UNKNOWN, 0)

    @property
    def total(self) -> int:
        """Persons known of."""
        return max(self.planned or 0, self.settled + self.in_flight)

    @property
    def pending(self) -> int | None:
        """Persons whose turn has not come, if it is known how many there are."""
        if self.planned is None:
            return None
        return max(0, self.planned - self.settled - self.in_flight)

    @property
    def latest(self) -> Run | None:
        """The last run; there is none in a journal that was only made."""
        return self.runs[-1] if self.runs else None


def abandoned(view: JournalView) -> dict[bytes, Item]:
    """Whom a killed run left in flight, by their keys: as many as it had slots."""
    if view.holder is not None:
        return {}
    return {item.key: item for item in view.intents()}


def overview_of(view: JournalView) -> Overview:
    """Read how a job stands.

    Raises:
        JournalError: The journal can't be read.
    """
    now = time.time()
    with view.at_one_moment():
        holder = view.holder
        runs = runs_of(view, now=now if holder else None)
        left = abandoned(view)
        counts = view.counts()
        for item in view.find(list(left)).values():
            counts[item.state] -= 1
        counts[State.UNKNOWN] += len(left)
        counts[State.INVALID] += sum(1 for _ in view.faults())
        fingerprint = view.fingerprint
        return Overview(
            path=view.path,
            at=now,
            fingerprint=fingerprint,
            terms=fingerprint.terms or view.terms(1),
            holder=holder,
            counts=Counter({state: n for state, n in counts.items() if n > 0}),
            in_flight=view.in_flight if holder else 0,
            planned=max((run.planned for run in runs if run.planned), default=None),
            runs=runs,
            rate=_rate(view, runs, now if holder else None),
            known_by_content="content" in view.key_kinds,
        )


def _rate(view: JournalView, runs: tuple[Run, ...], now: float | None) -> float | None:
    if now is not None and runs:
        since = max(now - LATELY, runs[-1].began)
        passed = now - since
        return view.ended_since(since) / passed if passed > 0 else None
    worked = sum(run.seconds for run in runs)
    persons = sum(run.persons for run in runs)
    return persons / worked if persons and worked > 0 else None
