"""Standard streams that may break without taking a run with them."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable


class Outlet:
    """Writes to a stream until that fails, and to nowhere from then on.

    A reader that has seen enough (`| head`) and a full disk behind `>` are no reason
    to leave persons in flight, nor to call a run that went well a failure.

    Args:
        stream: Where to write.
        on_failure: Called once, unless it was only the reader who left.
    """

    def __init__(self, stream: TextIO, on_failure: Callable[[OSError], object]) -> None:
        self.encoding = stream.encoding
        self._stream = stream
        self._on_failure = on_failure
        self._broken = False

    def isatty(self) -> bool:
        """Whether a person is looking."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """The stream's own."""
        return self._stream.fileno()

    def write(self, text: str) -> int:
        """Write the text, if it can still be written."""
        if not self._broken:
            try:
                self._stream.write(text)
            except OSError as error:
                self._give_up(error)
        return len(text)

    def flush(self) -> None:
        """Hand over what was written."""
        if not self._broken:
            try:
                self._stream.flush()
            except OSError as error:
                self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        self._broken = True
        silence(self._stream)
        if not isinstance(error, BrokenPipeError):
            self._on_failure(error)


def fill_closed() -> None:
    """Let standard streams that the caller has closed (`>&-`) lead to nowhere.

    Else the next file or socket that is opened would take a stream's number, and what
    is printed would end in it.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # for as long as the process lives
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123


def silence(stream: TextIO) -> None:
    """Let what the stream still holds go nowhere: its flush at exit would fail too."""
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, stream.fileno())
        finally:
            os.close(nowhere)


def tell_unwritable(error: OSError) -> None:
    """Say on stderr that standard output is lost."""
    what = error.strerror or type(error).__name__
    with contextlib.suppress(OSError):
        sys.stderr.write(f"Error: standard output can't be written: {what}\n")
        sys.stderr.flush()
