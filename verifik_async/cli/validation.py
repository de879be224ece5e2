"""Every row of a manifest checked, with all its faults, before anything is sent."""

from __future__ import annotations

import contextlib
import itertools
from typing import TYPE_CHECKING

import attrs

from verifik_async.batch.manifest import ManifestError
from verifik_async.batch.manifest.content import STANDARD_INPUT
from verifik_async.cli.exit_codes import ExitCode
from verifik_async.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from verifik_async.batch.manifest import Manifest, ManifestRow
    from verifik_async.cli.resuming import Settled
    from verifik_async.cli.screen import Screen
    from verifik_async.errors import FieldFault
    from verifik_async.models import EnrollmentRequest

_LOOKED_UP_TOGETHER = 64
"""Rows, and how often progress may be shown."""


@attrs.define(kw_only=True)
class Validation:
    """What a manifest holds.

    Attributes:
        rows: How many rows there are.
        settled: How many of them an earlier run has settled; they are not checked.
        bad: How many of them have faults.
        images: Pictures of the other rows.
        body_bytes: What those come to as base64.
    """

    rows: int = 0
    settled: int = 0
    bad: int = 0
    images: int = 0
    body_bytes: int = 0

    @property
    def good(self) -> int:
        """Rows that can be sent."""
        return self.rows - self.settled - self.bad


def base64_bytes(request: EnrollmentRequest) -> int:
    """What the pictures of a request come to in its body."""
    return sum(4 * ((image.size + 2) // 3) for image in request.images)


def validate(
    manifest: Manifest,
    *,
    on_row: Callable[[ManifestRow], None],
    on_progress: Callable[[Validation], None],
    on_faults: Callable[[ManifestRow, tuple[FieldFault, ...]], None],
    settled: Settled = lambda _: set(),
) -> Validation:
    """Check all rows that will be sent, by the very code that sending them runs.

    Args:
        manifest: What to check.
        settled: Which rows an earlier run has settled.
        on_row: Called after each row that was checked.
        on_progress: Called now and then.
        on_faults: Called for each row that has faults.

    Raises:
        ManifestError: The manifest can't be read to its end.
    """
    found = Validation()
    rows = iter(manifest)
    while together := tuple(itertools.islice(rows, _LOOKED_UP_TOGETHER)):
        passed_over = settled(together)
        found.rows += len(together)
        found.settled += len(passed_over)
        for row in together:
            if row.number not in passed_over:
                _check(row, found, on_faults)
                on_row(row)
        on_progress(found)
    return found


def _check(
    row: ManifestRow,
    found: Validation,
    on_faults: Callable[[ManifestRow, tuple[FieldFault, ...]], None],
) -> None:
    try:
        request = row.build()
    except InvalidRequestError as error:
        found.bad += 1
        on_faults(row, error.faults)
    else:
        found.images += len(request.images)
        found.body_bytes += base64_bytes(request)


@contextlib.contextmanager
def naming(path: Path) -> Generator[None, None, None]:
    """Lets errors of the manifest as a whole begin with its path."""
    name = "standard input" if path == STANDARD_INPUT else path
    try:
        yield
    except ManifestError as error:
        raise ManifestError(f"{name}: {error}") from None


@contextlib.contextmanager
def interruptible(screen: Screen) -> Generator[None, None, None]:
    """Says that nothing was sent if Ctrl-C ends what is inside, and exits."""
    try:
        yield
    except KeyboardInterrupt:
        screen.complain("interrupted; nothing was sent")
        raise SystemExit(ExitCode.INTERRUPTED) from None


class FaultList:
    """Prints the faults of rows, a line each, up to a number of rows."""

    def __init__(self, screen: Screen, *, most: int | None = None) -> None:
        self._screen = screen
        self._most = most
        self._shown = 0

    def show(self, row: ManifestRow, faults: tuple[FieldFault, ...]) -> None:
        """Print the faults of a row, unless there were enough."""
        if self._most is not None and self._shown >= self._most:
            return
        self._shown += 1
        for fault in faults:
            self._screen.say(f"{row_name(row.number, row.key)}  {fault}")

    @property
    def shown(self) -> int:
        """Rows whose faults were printed."""
        return self._shown


def row_name(number: int, key: str | None) -> str:
    """A row as messages call it: by number, and by id if it has one."""
    return f"row {number}" if key is None else f"row {number} (id {key})"
