"""How far it is: a bar for people, a line every few seconds for log files."""

from __future__ import annotations

import time
from collections import deque
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
_ROWS_BETWEEN_LOOKS = 64


@attrs.frozen(kw_only=True)
class Standing:
    """Where a run stands.

    Attributes:
        done: Persons with a verdict.
        total: Persons in all.
        sent: Bytes of pictures sent for them, as base64.
        in_flight: Persons being enrolled now.
        not_enrolled: Persons with another verdict than enrolled.
    """

    done: int
    total: int
    sent: int = 0
    in_flight: int = 0
    not_enrolled: int = 0


class Meter:
    """Rates over the last seconds, so that they tell about now."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, Standing]] = deque()

    def read(self, now: float, standing: Standing) -> tuple[str, str]:
        """What goes on, and how long it will take, if that can be told."""
        self._samples.append((now, standing))
        while len(self._samples) > 2 and now - self._samples[0][0] > _WINDOW:  # noqa: PLR2004 - one interval at the least
            self._samples.popleft()
        began, first = self._samples[0]
        passed = now - began
        rate = (standing.done - first.done) / passed if passed else 0.0
        speed = (standing.sent - first.sent) / passed if passed else 0.0
        left = standing.total - standing.done
        words = (
            f"{rate:,.0f}/s",
            f"{amounts.size(speed)}/s",
            f"{standing.in_flight} in flight",
            f"{standing.not_enrolled:,} not enrolled",
        )
        until_end = f"{amounts.duration(left / rate)} left" if rate and left else ""
        return " · ".join(words), until_end


class _Bar(Progress):
    """A bar, and below it a line of words."""

    words = ""

    def get_renderables(self) -> Iterator[RenderableType]:
        yield from super().get_renderables()
        yield Text(self.words, no_wrap=True, overflow="ellipsis")


class RunProgress:
    """A bar on a terminal, a line now and then elsewhere; use it in `with`.

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
        words, left = self._meter.read(time.monotonic(), standing)
        if self._screen.is_terminal:
            self._bar.words = words
            self._bar.update(self._task, completed=standing.done, description=left)
            return
        line = f"{standing.done:,} of {standing.total:,} · {words}"
        self._screen.note(f"{line} · {left}" if left else line)

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
        if found.rows % _ROWS_BETWEEN_LOOKS or time.monotonic() < self._due:
            return
        self._due = time.monotonic() + self._interval
        words = f"Checked {amounts.rows(found.rows)}, {found.bad:,} with faults"
        if self._screen.is_terminal:
            self._line.update(self._task, description=words)
        else:
            self._screen.note(words)

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
