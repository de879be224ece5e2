"""How far it is: a bar for people, a line of JSON now and then for log files."""

from __future__ import annotations

import json
import time
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

import attrs
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
)
from rich.text import Text

from verifik_async.cli import amounts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from rich.console import RenderableType

    from verifik_async.cli.screen import Screen
    from verifik_async.cli.validation import Validation

_BETWEEN_LINES = 5.0
_BETWEEN_FRAMES = 0.1
_WINDOW = 10.0


@attrs.frozen(kw_only=True)
class Standing:
    """Where a run stands.

    Attributes:
        done: Persons with a verdict.
        total: Persons in all.
        skipped: Of those done, how many an earlier run had settled.
        sent: Bytes of pictures sent for them, as base64.
        in_flight: Requests on their way.
        limit: How many there may be now.
        not_enrolled: Persons with another verdict than enrolled.
        waits_for: What holds people back now.
    """

    done: int
    total: int
    skipped: int = 0
    sent: int = 0
    in_flight: int = 0
    limit: int | None = None
    not_enrolled: int = 0
    waits_for: str | None = None


@attrs.frozen(kw_only=True)
class Speed:
    """How fast it goes.

    Attributes:
        persons: Persons settled a second; those of earlier runs do not count.
        sent: Bytes a second.
        left: Seconds to the end, if that can be told.
    """

    persons: float = 0.0
    sent: float = 0.0
    left: float | None = None


class Meter:
    """Rates over the last seconds, so that they tell about now."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, Standing]] = deque()

    def read(self, now: float, standing: Standing) -> Speed:
        """How fast it goes, and how long it will take."""
        self._samples.append((now, standing))
        while len(self._samples) > 2 and now - self._samples[0][0] > _WINDOW:  # noqa: PLR2004 - one interval at the least
            self._samples.popleft()
        began, first = self._samples[0]
        passed = now - began
        if not passed:
            return Speed()
        settled = standing.done - first.done - (standing.skipped - first.skipped)
        rate, left = settled / passed, standing.total - standing.done
        return Speed(
            persons=rate,
            sent=(standing.sent - first.sent) / passed,
            left=left / rate if rate and left else None,
        )


def in_words(standing: Standing, speed: Speed) -> str:
    """What goes on, in a line for people."""
    limit = "" if standing.limit is None else f" of {standing.limit}"
    words = [
        f"{speed.persons:,.0f}/s",
        f"{amounts.size(speed.sent)}/s",
        f"{standing.in_flight}{limit} in flight",
        f"{standing.not_enrolled:,} not enrolled",
    ]
    if standing.waits_for is not None:
        words.append(f"waiting for {standing.waits_for}")
    return " · ".join(words)


def in_json(standing: Standing, speed: Speed) -> str:
    """The same for machines: one object, whose units its names tell."""
    return json.dumps(
        {
            "event": "progress",
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "done": standing.done,
            "total": standing.total,
            "skipped": standing.skipped,
            "not_enrolled": standing.not_enrolled,
            "persons_per_second": round(speed.persons, 2),
            "bytes_per_second": round(speed.sent),
            "in_flight": standing.in_flight,
            "limit": standing.limit,
            "waits_for": standing.waits_for,
            "seconds_left": None if speed.left is None else round(speed.left),
        }
    )


class _Bar(Progress):
    """A bar, and below it a line of words."""

    words = ""

    def get_renderables(self) -> Iterator[RenderableType]:
        yield from super().get_renderables()
        yield Text(self.words, no_wrap=True, overflow="ellipsis")


class RunProgress:
    """A bar on a terminal, lines of JSON elsewhere; use it in `with`.

    Attributes:
        interval: Seconds after which `show` should be called again.
    """

    def __init__(self, screen: Screen, *, total: int) -> None:
        self.interval = _BETWEEN_FRAMES if screen.is_terminal else _BETWEEN_LINES
        self._screen = screen
        self._meter = Meter()
        self._bar = _Bar(
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.description}", markup=False),
            console=screen.console,
            expand=True,
            redirect_stdout=False,
            redirect_stderr=False,
            disable=not screen.is_terminal,
        )
        self._task = self._bar.add_task("", total=total)
        # the beginning, from which the first rates are told
        self._meter.read(time.monotonic(), Standing(done=0, total=total))

    def show(self, standing: Standing) -> None:
        """Where the run stands now."""
        speed = self._meter.read(time.monotonic(), standing)
        if not self._screen.is_terminal:
            self._screen.note(in_json(standing, speed))
            return
        left = "" if speed.left is None else f"{amounts.duration(speed.left)} left"
        self._bar.words = in_words(standing, speed)
        self._bar.update(self._task, completed=standing.done, description=left)

    def finish(self, standing: Standing) -> None:
        """Where the run ended; a bar stays on the screen, and shows that."""
        if self._screen.is_terminal:
            self.show(standing)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()


class CheckProgress:
    """Rows checked so far, for manifests that take a while; use it in `with`."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._interval = _BETWEEN_FRAMES if screen.is_terminal else _BETWEEN_LINES
        self._due = time.monotonic() + self._interval
        self._line = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            console=screen.console,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
            disable=not screen.is_terminal,
        )
        self._task = self._line.add_task("Checking the manifest", total=None)

    def count(self, found: Validation) -> None:
        """Say how far it is, if the last time is long enough ago."""
        if time.monotonic() < self._due:
            return
        self._due = time.monotonic() + self._interval
        if self._screen.is_terminal:
            words = f"Checked {amounts.rows(found.rows)}, {found.bad:,} with faults"
            self._line.update(self._task, description=words)
            return
        told = {"event": "checking", "rows": found.rows, "with_faults": found.bad}
        self._screen.note(json.dumps(told))

    def __enter__(self) -> Self:
        self._line.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._line.stop()
