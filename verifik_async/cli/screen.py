"""Where the command's words go: results to stdout, complaints to stderr."""

from __future__ import annotations

import io
import sys
from typing import IO, TYPE_CHECKING, cast

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from verifik_async.cli.outlet import Outlet, tell_unwritable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from verifik_async.errors import VerifikError

_WIDTH_IN_FILES = 110


class Screen:
    """Prints text as it is: no markup is read, no control character gets through.

    Attributes:
        console: Standard output, for what is drawn.
        is_terminal: Whether a person is looking, so that things may move.
    """

    def __init__(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                # ids may hold what the terminal's encoding has not
                stream.reconfigure(errors="backslashreplace")
        self.console = _console(stderr=False)
        self._complaints = _console(stderr=True)
        self.is_terminal = self.console.is_terminal

    def say(self, *lines: str, style: str = "") -> None:
        """Lines of the result."""
        for line in lines:
            text = Text(visible(line), style)
            self.console.print(text, soft_wrap=not self.is_terminal)

    def command(self, text: str) -> None:
        """A command to be pasted: in one line, however long it is."""
        self.console.print(Text(f"  {visible(text)}"), soft_wrap=True)

    def table(self, titles: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """A table of the result; columns after the first are wrapped where needed."""
        made = Table(
            box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0)
        )
        for place, title in enumerate(titles):
            made.add_column(title, no_wrap=place == 0, overflow="fold")
        for row in rows:
            made.add_row(*(Text(visible(cell)) for cell in row))
        self.console.print(Padding(made, (0, 0, 0, 2)))

    def note(self, text: str) -> None:
        """Something beside the result: on stderr, or above a bar that moves."""
        console = self.console if self.is_terminal else self._complaints
        console.print(Text(visible(text), "dim"), soft_wrap=not self.is_terminal)

    def note_command(self, text: str) -> None:
        """A command beside the result: never wrapped, so that it can be pasted."""
        console = self.console if self.is_terminal else self._complaints
        console.print(Text(f"  {visible(text)}"), soft_wrap=True)

    def complain(self, problem: str, hint: str = "") -> None:
        """What is wrong, and what to do about it, on stderr."""
        line = Text.assemble(("Error: ", "bold red"), visible(problem))
        self._complaints.print(line, soft_wrap=True)
        if hint:
            self._complaints.print(Text(visible(hint)), soft_wrap=True)

    def complain_of(self, error: VerifikError) -> None:
        """An error of this package, in a line, with its hint."""
        self.complain(str(error) or type(error).__name__, error.hint)


def visible(text: str) -> str:
    """The text without characters that would steer the terminal."""
    if text.isprintable():
        return text
    shown = (
        char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text
    )
    return "".join(shown)


def _console(*, stderr: bool) -> Console:
    outlet = (
        Outlet(sys.stderr, lambda _: None)
        if stderr
        else Outlet(sys.stdout, tell_unwritable)
    )
    console = Console(
        file=cast("IO[str]", outlet),  # it has all that is used
        stderr=stderr,
        markup=False,
        highlight=False,
        emoji=False,
    )
    if not console.is_terminal:
        console.width = _WIDTH_IN_FILES
    return console
