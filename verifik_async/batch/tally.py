"""Counts of a run while it goes on."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from typing import TYPE_CHECKING

from verifik_async.batch.outcomes import BatchOutcome, BatchReport, OutcomeStatus

if TYPE_CHECKING:
    from collections.abc import Generator


class Tally:
    """What a run has done so far, and why it stopped."""

    def __init__(self) -> None:
        self._counts: Counter[OutcomeStatus] = Counter()
        self._skipped: Counter[OutcomeStatus] = Counter()
        self._attempts = 0
        self._in_flight = 0
        self._began: float | None = None
        self._ended: float | None = None
        self.stop_reason: str | None = None
        self._stop_error: Exception | None = None

    def begin(self) -> None:
        """The run begins now."""
        self._began = time.monotonic()

    def end(self) -> None:
        """The run is over."""
        self._ended = time.monotonic()

    @contextlib.contextmanager
    def flying(self) -> Generator[None]:
        """A person is in flight."""
        self._in_flight += 1
        try:
            yield
        finally:
            self._in_flight -= 1

    def add(self, outcome: BatchOutcome) -> None:
        """A person has a verdict."""
        self._counts[outcome.status] += 1
        self._attempts += outcome.attempts
        if outcome.settled is not None:
            self._skipped[outcome.settled.status] += 1

    def stop(self, reason: str, error: Exception | None) -> None:
        """The run stops; the first reason counts."""
        if self.stop_reason is None:
            self.stop_reason = reason
            self._stop_error = error

    def report(self) -> BatchReport:
        """All of it, as it stands."""
        until = time.monotonic() if self._ended is None else self._ended
        return BatchReport(
            counts={status: self._counts[status] for status in OutcomeStatus},
            total=self._counts.total(),
            in_flight=self._in_flight,
            attempts=self._attempts,
            elapsed=0.0 if self._began is None else until - self._began,
            stop_reason=self.stop_reason,
            stop_error=self._stop_error,
            skipped=dict(self._skipped),
        )
