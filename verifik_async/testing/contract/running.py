"""How a check is run: in an event loop of its own, and nothing may be left of it.

Checks are plain functions that run their own loop. So they mean the same under
pytest-asyncio in either mode, under anyio's plugin and under unittest; no loop of
anybody's is shared; and what a transport leaves behind can be seen when its loop ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import unittest
import warnings
from typing import TYPE_CHECKING

from verifik_async.testing.dead_ends import NotPlayableError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

_LOOKS = 25
_BETWEEN_LOOKS = 0.02


class BrokenRuleError(AssertionError):
    """A transport breaks a rule; the text says which, and why the rule is there."""


def require(condition: object, what: str) -> None:
    """Go on only if `condition` holds.

    Raises:
        BrokenRuleError: It does not; `what` says what was seen instead.
    """
    if not condition:
        raise BrokenRuleError(what)


@contextlib.contextmanager
def explained(why: str) -> Generator[None]:
    """Say of every failure inside why the rule matters.

    Raises:
        BrokenRuleError: Something failed.
        unittest.SkipTest: This machine can't play what the check needs.
    """
    try:
        yield
    except unittest.SkipTest:
        raise
    except NotPlayableError as error:
        raise unittest.SkipTest(f"can't be played here: {error}") from None
    except BrokenRuleError as error:
        raise BrokenRuleError(f"{error}\nWhy it matters: {why}") from error.__cause__
    except Exception as error:
        what = f"{type(error).__module__}.{type(error).__qualname__}: {error}"
        raise BrokenRuleError(f"{what}\nWhy it matters: {why}") from error


def run(
    check: Callable[[], Coroutine[object, object, None]], *, patience: float
) -> None:
    """Run a check in a loop of its own, which must be empty when it is over.

    The thread's current loop, which may be somebody's fixture, stays as it is.

    Raises:
        BrokenRuleError: The check failed, took longer than `patience` seconds, left
            a task behind or an error that nobody saw.
    """
    # A factory, since without one the runner replaces the thread's loop.
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(_watched(check, patience))


async def _watched(
    check: Callable[[], Coroutine[object, object, None]], patience: float
) -> None:
    complaints: list[str] = []

    def complain(_: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        complaints.append(str(context["message"]))

    asyncio.get_running_loop().set_exception_handler(complain)
    limit = asyncio.timeout(patience)
    try:
        async with limit:
            await check()
    except TimeoutError:
        if not limit.expired():
            raise
        raise BrokenRuleError(
            f"nothing happens any more after {patience:g} s"
        ) from None
    left = await _tasks_left()
    require(not left, f"tasks are left behind: {', '.join(left)}")
    require(not complaints, f"the event loop complains: {'; '.join(complaints)}")


async def _tasks_left() -> list[str]:
    """Names of the coroutines that still run after a while."""
    left: set[asyncio.Task[object]] = set()
    for _ in range(_LOOKS):
        left = asyncio.all_tasks() - {asyncio.current_task()}
        if not left:
            break
        await asyncio.sleep(_BETWEEN_LOOKS)
    return [getattr(task.get_coro(), "__qualname__", "?") for task in left]


@contextlib.contextmanager
def nothing_left_open() -> Generator[None]:
    """No socket, session or file that is opened inside may be left to the collector.

    Raises:
        BrokenRuleError: Python warned of a resource.
    """
    gc.freeze()  # what others left is not ours; and collecting the rest is quick
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ResourceWarning)
            yield
            gc.collect()
    finally:
        gc.unfreeze()
    left = [str(warning.message) for warning in caught]
    require(not left, f"left open: {'; '.join(left)}")
