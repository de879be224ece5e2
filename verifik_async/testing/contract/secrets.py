"""Where secrets may have got to: errors with all that hangs on them, and logs."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import pickle
import traceback
import types
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

_PASSED_BY = (
    type,
    types.ModuleType,
    types.FunctionType,
    types.FrameType,
    types.TracebackType,
    types.CodeType,
    asyncio.AbstractEventLoop,
    asyncio.Future,
    asyncio.Handle,
)
"""What leads to the whole program, and is not kept or sent with an error."""

_MOST_THINGS = 20_000


def leaks_of(error: BaseException, secrets: Iterable[str]) -> list[str]:
    """Where a secret shows: in a text of the error, or somewhere inside it."""
    places = {
        "repr": repr(error),
        "str": str(error),
        "vars": repr(vars(error)),
        "traceback": "".join(traceback.format_exception(error)),
        "pickle": pickle.dumps(error).decode("latin-1"),
    }
    found = [name for name, text in places.items() if _holds(text, secrets)]
    chained = [link for link in (error.__cause__, error.__context__) if link]
    if any(_holds(text, secrets) for text in _texts_in(vars(error), error.args)):
        found.append("attributes")
    if any(_holds(text, secrets) for text in _texts_in(*chained)):
        found.append("__cause__ or __context__")
    return found


def _holds(text: str, secrets: Iterable[str]) -> bool:
    return any(secret in text for secret in secrets)


def _texts_in(*things: object) -> Iterator[str]:
    """Every text and byte string that can be reached from `things`."""
    queue, seen = list(things), dict[int, object]()
    while queue and len(seen) < _MOST_THINGS:
        thing = queue.pop()
        if id(thing) in seen or isinstance(thing, _PASSED_BY):
            continue
        seen[id(thing)] = thing
        if isinstance(thing, str):
            yield thing
        elif isinstance(thing, bytes | bytearray):
            yield thing.decode("latin-1")
        else:
            queue.extend(gc.get_referents(thing))


class _Keeper(logging.Handler):
    """Keeps all that is logged, with arguments and extra fields."""

    def __init__(self) -> None:
        super().__init__(level=1)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it as a log file, and as a collector of fields, would show it."""
        self.texts.append(f"{self.format(record)} {vars(record)}")


@contextlib.contextmanager
def all_logs() -> Generator[list[str]]:
    """All that any logger is told inside, from the lowest level on."""
    keeper = _Keeper()
    root = logging.getLogger()
    named = [
        x for x in root.manager.loggerDict.values() if isinstance(x, logging.Logger)
    ]
    levels = {logger: logger.level for logger in [root, *named]}
    listened = [root, *(logger for logger in named if not logger.propagate)]
    disabled = root.manager.disable
    root.manager.disable = 0
    for logger in levels:
        logger.setLevel(1)
    for logger in listened:
        logger.addHandler(keeper)
    try:
        yield keeper.texts
    finally:
        root.manager.disable = disabled
        for logger in listened:
            logger.removeHandler(keeper)
        for logger, level in levels.items():
            logger.setLevel(level)
