"""The canary: the first persons, who tell whether the rest is worth sending."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING

from verifik_async.batch.stops.causes import (
    label,
    parameter_of,
    refusal_cause,
    tell_kinds,
)
from verifik_async.batch.stops.rules import Stop
from verifik_async.errors import (
    ApiError,
    DuplicatePersonError,
    InvalidRequestError,
    LivenessFailedError,
    ParameterError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

Likeness = tuple[type[Exception], str]

_ROUNDING = 1e-9
_FAULTS_TOLD = 3


class Canary:
    """Watches the first so many persons for refusals that are nearly all alike.

    Attributes:
        over: It has stopped the run, or nothing that may come could make it.
    """

    def __init__(self, rows: int, *, share: float) -> None:
        self._needed = math.ceil(rows * share - _ROUNDING)
        self._spared = rows - self._needed
        self._seen = 0
        self._alike: dict[Likeness, list[Exception]] = {}
        self.over = False

    def see(self, refusal: Exception | None) -> Stop | None:
        """The next person was refused, or was not.

        Says so as soon as it is certain: every person more may cost money.
        """
        if self.over:
            return None
        self._seen += 1
        if refusal is not None:
            self._alike.setdefault(likeness(refusal), []).append(refusal)
        most = max(self._alike.values(), key=len, default=list[Exception]())
        if len(most) >= self._needed:
            self.over = True
            reason = _reason(most, seen=self._seen)
            return Stop(rule="canary", reason=reason, error=most[-1])
        if self._seen - len(most) > self._spared:
            self.over = True
            self._alike.clear()
        return None


def likeness(error: Exception) -> Likeness:
    """What errors have in common that are alike: class and reason.

    For duplicates and liveness the reason tells no more than the class: the causes
    that all persons share are the same.
    """
    kind = type(error)
    if isinstance(error, InvalidRequestError):
        return kind, _fields(error)
    if isinstance(error, ParameterError):
        return kind, parameter_of(error) or error.reason or ""
    if isinstance(error, DuplicatePersonError | LivenessFailedError):
        return kind, ""
    if isinstance(error, ApiError):
        return kind, error.reason or str(error.status)
    return kind, ""


def _fields(error: InvalidRequestError) -> str:
    """The fields at fault, `images[1]` as `images`."""
    fields = {re.sub(r"\[.*", "", fault.field) for fault in error.faults}
    return ", ".join(sorted(fields))


def _reason(alike: Sequence[Exception], *, seen: int) -> str:
    last = alike[-1]
    where = " before anything was sent" if isinstance(last, InvalidRequestError) else ""
    return (
        f"{len(alike)} of the first {seen} persons were refused alike{where} "
        f"({_told(alike)}): {refusal_cause(last).advice}"
    )


def _told(alike: Sequence[Exception]) -> str:
    """What the errors say, as far as it is the same for many."""
    last = alike[-1]
    if isinstance(last, InvalidRequestError) and last.faults:
        # A fault never holds the value; those of one row stand for the others.
        return "; ".join(map(str, last.faults[:_FAULTS_TOLD]))
    if isinstance(last, ParameterError) and (named := parameter_of(last)):
        return f"{label(last)}, parameter {named}"
    told = tell_kinds(Counter(map(label, alike)))
    scores = [error.score for error in alike if isinstance(error, LivenessFailedError)]
    known = [score for score in scores if score is not None]
    return f"{told}; scores {min(known)} to {max(known)}" if known else told
