"""The runs that a journal has seen, put together from its events."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from verifik_async.batch.journal.findings import Event
    from verifik_async.batch.journal.view import JournalView

PLANNED = "planned"
"""The event by which a run says how many persons there are, in the fact `persons`."""


class Ending(enum.StrEnum):
    """How a run ended."""

    GOES_ON = "goes on"
    FINISHED = "finished"
    STOPPED = "stopped"
    CUT_OFF = "cut off"
    """It ended without a word: killed, crashed, or the power was lost."""


@attrs.define(kw_only=True)
class Run:
    """A run.

    Attributes:
        number: What the journal calls it.
        began: In seconds since 1970, by the machine's clock.
        last: When something was last heard of it.
        ending: How it ended.
        reason: Why it stopped before its source ended.
        persons: Those whose latest turn ended in it.
        lost: Persons whom the run before it had left in flight.
        planned: Persons that it was given, if it said so.
    """

    number: int
    began: float
    last: float
    ending: Ending = Ending.CUT_OFF
    reason: str | None = None
    persons: int = 0
    lost: int = 0
    planned: int | None = None

    @property
    def seconds(self) -> float:
        """How long it worked."""
        return max(0.0, self.last - self.began)


def runs_of(view: JournalView, *, now: float | None) -> tuple[Run, ...]:
    """All runs, in their order.

    Args:
        view: The journal.
        now: The time, if the last run goes on.
    """
    runs: dict[int, Run] = {}
    for event in view.events():
        run = runs.get(event.run)
        if run is None:
            run = Run(number=event.run, began=event.at, last=event.at)
            runs[event.run] = run
        run.last = max(run.last, event.at)
        _learn(run, event)
    for activity in view.activities():
        if activity.run in runs:
            run = runs[activity.run]
            run.persons = activity.persons
            run.last = max(run.last, activity.last)
    made = tuple(runs.values())
    if made and now is not None and made[-1].ending is Ending.CUT_OFF:
        made[-1].ending = Ending.GOES_ON
        made[-1].last = max(made[-1].last, now)
    return made


def _learn(run: Run, event: Event) -> None:
    """What one event says of its run; kinds that are not known say nothing."""
    facts = event.facts
    if event.kind == "run_started":
        run.lost = _whole(facts.get("unknown_since")) or 0
    elif event.kind == PLANNED:
        run.planned = _whole(facts.get("persons"))
    elif event.kind == "stopped":
        run.reason = run.reason or _text(facts.get("reason"))
    elif event.kind == "run_ended":
        run.reason = run.reason or _text(facts.get("stop_reason"))
        run.ending = Ending.STOPPED if run.reason else Ending.FINISHED


def _whole(fact: object) -> int | None:
    return fact if isinstance(fact, int) else None


def _text(fact: object) -> str | None:
    return fact if isinstance(fact, str) and fact else None
