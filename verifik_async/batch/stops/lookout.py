"""Sees every outcome of a run, and says when the run should stop."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING

from verifik_async.batch.outcomes import OutcomeStatus
from verifik_async.batch.stops.canary import Canary
from verifik_async.batch.stops.causes import (
    failure_cause,
    label,
    most_frequent,
    refusal_cause,
    tell_kinds,
)
from verifik_async.batch.stops.replies import FAILURES, REFUSED, Answer, reply_of
from verifik_async.batch.stops.rules import Stop, StopRules
from verifik_async.errors import UnexpectedResponseError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from verifik_async.batch.outcomes import BatchOutcome
    from verifik_async.batch.stops.replies import Reply

_PENDING = "Then run again: whoever was not attempted is still to come."


class Lookout:
    """Applies the rules to one run; what it keeps does not grow with the run."""

    def __init__(self, rules: StopRules) -> None:
        self._rules = rules
        self._canaries: tuple[Canary, Canary] | None = None
        if rules.canary is not None:
            rows, share = rules.canary, rules.canary_share
            # One for what was sent, one for everybody: a few bad rows must not hide
            # that the server refuses all others.
            self._canaries = Canary(rows, share=share), Canary(rows, share=share)
        self._recent = _Recent(rules)
        self._failures = Counter[type[Exception]]()
        self._in_a_row = 0
        self._stopped = False

    @property
    def width(self) -> int | None:
        """How many persons may be in flight at the most; None for any number.

        It becomes None during `see`, and stays so.
        """
        watching = self._canaries is not None and not self._canaries[0].over
        return self._rules.canary_width if watching else None

    def see(self, outcome: BatchOutcome) -> Stop | None:
        """Somebody has an outcome.

        Returns:
            Why the run should stop, if this outcome makes it: once in a run.
        """
        if self._stopped:
            return None
        stop = next(filter(None, self._verdicts(outcome)), None)
        self._stopped = stop is not None
        return stop

    def _verdicts(self, outcome: BatchOutcome) -> Iterator[Stop | None]:
        """What each rule says, until one of them stops the run."""
        reply, status = reply_of(outcome), outcome.status
        yield self._seen_by_canaries(outcome, reply)
        if reply.answer is Answer.NEVER_ASKED:
            return
        self._in_a_row = self._in_a_row + 1 if reply.answer is Answer.LOST else 0
        if status in FAILURES and reply.error is not None:
            self._failures[type(reply.error)] += 1
            yield self._too_many(reply.error)
        most = self._rules.outage_after
        if most is None or self._in_a_row <= most:
            self._recent.add(status, reply.error)
            yield self._recent.too_many_failures()
            yield self._recent.too_many_refusals()

    def _seen_by_canaries(self, outcome: BatchOutcome, reply: Reply) -> Stop | None:
        """What the network or a 5xx lost tells nothing of the job, and is no canary."""
        if self._canaries is None:
            return None
        sent, everybody = self._canaries
        if outcome.status is OutcomeStatus.INVALID:
            return everybody.see(outcome.error)
        garbled = isinstance(reply.error, UnexpectedResponseError)
        if reply.answer is Answer.YES or garbled:
            everybody.see(None)
            return sent.see(reply.error)
        return None

    def _too_many(self, last: Exception) -> Stop | None:
        count, most = self._failures.total(), self._rules.max_failures
        if most is None or count <= most:
            return None
        kinds = Counter({kind.__name__: n for kind, n in self._failures.items()})
        cause = failure_cause(self._failures.most_common(1)[0][0])
        reason = (
            f"{count} persons failed or ended unknown, more than the {most} allowed "
            f"by max_failures ({tell_kinds(kinds)}): {cause.advice} {_PENDING}"
        )
        return Stop(rule="max_failures", reason=reason, error=last)


class _Recent:
    """What became of the last persons sent, and whether that is too bad."""

    def __init__(self, rules: StopRules) -> None:
        self._rules = rules
        self._last = deque[tuple[OutcomeStatus, Exception | None]](maxlen=rules.window)
        self._counts = Counter[OutcomeStatus]()

    def add(self, status: OutcomeStatus, error: Exception | None) -> None:
        """The newest; the oldest is forgotten."""
        if len(self._last) == self._rules.window:
            self._counts[self._last[0][0]] -= 1
        self._last.append((status, error))
        self._counts[status] += 1

    def too_many_failures(self) -> Stop | None:
        """What `max_failure_rate` says."""
        most = self._rules.max_failure_rate
        if most is None or not self._exceeds(most, FAILURES):
            return None
        errors = self._errors(FAILURES)
        worst = most_frequent(errors)
        reason = (
            f"{len(errors)} of the last {len(self._last)} persons failed or ended "
            f"unknown, more than {most:.0%} ({tell_kinds(Counter(map(label, errors)))})"
            f": {failure_cause(type(worst)).advice} {_PENDING}"
        )
        return Stop(rule="max_failure_rate", reason=reason, error=worst)

    def too_many_refusals(self) -> Stop | None:
        """What `max_reject_rate` says."""
        most = self._rules.max_reject_rate
        if most is None or not self._exceeds(most, REFUSED):
            return None
        errors = self._errors(REFUSED)
        worst = most_frequent(errors)
        reason = (
            f"{len(errors)} of the last {len(self._last)} persons were refused, more "
            f"than {most:.0%} ({tell_kinds(Counter(map(label, errors)))}): "
            f"{refusal_cause(worst).advice} {_PENDING}"
        )
        return Stop(rule="max_reject_rate", reason=reason, error=worst)

    def _exceeds(self, most: float, kinds: AbstractSet[OutcomeStatus]) -> bool:
        count = sum(self._counts[kind] for kind in kinds)
        enough = len(self._last) >= self._rules.minimum
        return enough and count > most * len(self._last)

    def _errors(self, kinds: AbstractSet[OutcomeStatus]) -> list[Exception]:
        return [error for kind, error in self._last if kind in kinds and error]
