"""Liveness scores of those who did not pass, beside what was asked for."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from verifik_async.batch.journal.fingerprint import JobTerms

BINS = 20
"""Of equal width, from 0 to 1."""

NEAR = 0.05
"""How far below the threshold a score is called a near miss."""

_MOST_THRESHOLDS = 100


@attrs.frozen(kw_only=True)
class Liveness:
    """Scores of the refused.

    Attributes:
        bins: How many scores lie in each twentieth from 0 to 1.
        thresholds: Least scores that were asked for, by how often.
        without: Refused persons of whom no score was told.
        near: Scores that were short of the threshold by `NEAR` at the most.
    """

    bins: tuple[int, ...]
    thresholds: tuple[tuple[float, int], ...]
    without: int
    near: int

    @property
    def scored(self) -> int:
        """Persons whose score is known."""
        return sum(self.bins)


class LivenessTally:
    """Counts them."""

    def __init__(self) -> None:
        self._bins = [0] * BINS
        self._thresholds: Counter[float] = Counter()
        self._without = 0
        self._near = 0

    def take(self, score: float | None, terms: JobTerms | None) -> None:
        """Hear of somebody who did not pass."""
        if score is None:
            self._without += 1
            return
        self._bins[min(max(int(score * BINS), 0), BINS - 1)] += 1
        needed = None if terms is None else terms.liveness_min_score
        if needed is None:
            return
        self._near += needed - NEAR <= score < needed
        if needed in self._thresholds or len(self._thresholds) < _MOST_THRESHOLDS:
            self._thresholds[needed] += 1

    def made(self) -> Liveness:
        """The counts."""
        return Liveness(
            bins=tuple(self._bins),
            thresholds=tuple(self._thresholds.most_common()),
            without=self._without,
            near=self._near,
        )
