"""SIGINT and SIGTERM: the first asks to end, the second insists. SIGHUP only asks."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Self

from verifik_async.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from types import TracebackType

_Handler = Callable[[int, FrameType | None], object] | int | None

_CODES = {
    signal.SIGINT: ExitCode.INTERRUPTED,
    signal.SIGTERM: ExitCode.TERMINATED,
}
_HANG_UP = getattr(signal, "SIGHUP", None)
"""The terminal was closed, or the connection to it was lost; Windows has none."""

if _HANG_UP is not None:
    _CODES[_HANG_UP] = ExitCode.HUNG_UP


class Signals:
    """Turns signals into calls while it is entered, inside a running event loop.

    Args:
        on_first: Called at the first signal.
        on_further: Called at every further one, but for SIGHUP: a shell and the system
            both send it as the terminal goes, and nobody insists by that.

    Attributes:
        received: How many came.
    """

    def __init__(
        self, on_first: Callable[[], None], on_further: Callable[[], None]
    ) -> None:
        self.received = 0
        self._first: signal.Signals | None = None
        self._on_first = on_first
        self._on_further = on_further
        self._before: dict[signal.Signals, _Handler] = {}
        self._heard: tuple[signal.Signals, ...] = ()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def exit_code(self) -> ExitCode | None:
        """What the first signal asks for; None if none came."""
        return None if self._first is None else _CODES[self._first]

    def _receive(self, which: signal.Signals) -> None:
        self.received += 1
        if self._first is None:
            self._first = which
            self._on_first()
        elif which != _HANG_UP:
            self._on_further()

    def __enter__(self) -> Self:
        self._loop = loop = asyncio.get_running_loop()
        self._heard = tuple(which for which in _CODES if not _is_left_alone(which))
        for which in self._heard:
            try:
                loop.add_signal_handler(which, self._receive, which)
            except NotImplementedError:  # the event loop of Windows
                self._before[which] = signal.signal(which, self._hand_over)
        return self

    def _hand_over(self, number: int, _frame: FrameType | None) -> None:
        if self._loop is not None:
            which = signal.Signals(number)
            self._loop.call_soon_threadsafe(self._receive, which)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for which in self._heard:
            if which in self._before:
                signal.signal(which, self._before[which])
            elif self._loop is not None:
                self._loop.remove_signal_handler(which)


def _is_left_alone(which: signal.Signals) -> bool:
    """Whether the caller wants the run to outlive the terminal, as `nohup` does."""
    return which == _HANG_UP and signal.getsignal(which) == signal.SIG_IGN
