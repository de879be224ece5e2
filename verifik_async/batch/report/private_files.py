"""Files that others may not read, and that are there whole or not at all."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import IO, TYPE_CHECKING

from verifik_async.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Generator


def checked_place(
    path: str | os.PathLike[str],
    *,
    what: str,
    endings: tuple[str, ...],
    overwrite: bool,
) -> Path:
    """See whether a file can go there, without making anything.

    Args:
        path: Where.
        what: What it is, for messages.
        endings: Of the name, so that a slip does not replace another kind of file.
        overwrite: Whether it may take the place of one that is there.

    Raises:
        ConfigurationError: It can't.
    """
    where = Path(path)
    if where.suffix.lower() not in endings:
        raise ConfigurationError(f"{what} must end in {' or '.join(endings)}")
    if not where.parent.is_dir():
        raise ConfigurationError(f"the folder for {what} does not exist")
    if where.is_dir():
        raise ConfigurationError(f"{what} is a folder: name a file")
    if not overwrite and os.path.lexists(where):
        raise ConfigurationError(
            f"{what} exists already: name another one, or say that it may be "
            "overwritten (--overwrite)"
        )
    return where


@contextlib.contextmanager
def private_file(path: Path, *, what: str, encoding: str) -> Generator[IO[str]]:
    """A file for this user's eyes only, in its place once it is written whole.

    Raises:
        ConfigurationError: It can't be written; what was there before is as it was.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        beside.unlink(missing_ok=True)
        opened = os.open(beside, flags, 0o600)
        try:
            with os.fdopen(opened, "w", encoding=encoding, newline="") as stream:
                yield stream
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigurationError(f"{what} can't be written: {reason}") from None
