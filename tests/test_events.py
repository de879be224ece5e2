"""Events: what observers and the log are told, and that nobody can spoil a call."""

import asyncio
import logging
import subprocess
import sys

import attrs
import pytest

from verifik_async import (
    ApiError,
    AttemptFinished,
    AttemptStarted,
    ConnectError,
    Event,
    LimitChanged,
    Outcome,
    Paused,
    ReadTimeoutError,
    RetryScheduled,
    TokenRenewed,
)
from verifik_async.events import Observers, attempt_finished

STARTED = AttemptStarted(call=1, attempt=1, body_bytes=10)
RETRY = RetryScheduled(call=1, attempt=1, wait=0.5, because="ConnectError")
KINDS = [
    AttemptStarted,
    AttemptFinished,
    RetryScheduled,
    TokenRenewed,
    Paused,
    LimitChanged,
]


def finished(error: BaseException | None) -> AttemptFinished:
    """The event for an attempt that ended so."""
    return attempt_finished(call=3, attempt=2, elapsed=0.25, error=error)


def test_success() -> None:
    """A person that came back has no outcome: there is nothing to be decided."""
    assert finished(None) == AttemptFinished(call=3, attempt=2, elapsed=0.25)


@pytest.mark.parametrize(
    ("error", "outcome", "status", "reason"),
    [
        (ConnectError("x"), Outcome.NOT_SENT, None, None),
        (ReadTimeoutError("x"), Outcome.UNKNOWN, None, None),
        (ApiError(status=409, reason="r", message="m"), Outcome.REJECTED, 409, "r"),
        (asyncio.CancelledError(), Outcome.UNKNOWN, None, None),
        (RuntimeError("x"), Outcome.UNKNOWN, None, None),
    ],
)
def test_failure(
    error: BaseException, outcome: Outcome, status: int | None, reason: str | None
) -> None:
    """An error is told by class, outcome, status and reason, not by its text."""
    assert finished(error) == AttemptFinished(
        call=3,
        attempt=2,
        elapsed=0.25,
        outcome=outcome,
        error=type(error).__name__,
        status=status,
        reason=reason,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_events_hold_plain_facts(kind: type[attrs.AttrsInstance]) -> None:
    """Events can hold numbers and short words only, and can't be changed."""
    kinds = {str(field.type) for field in attrs.fields(kind)}
    plain = {"int", "float", "str", "int | None", "float | None", "str | None"}
    assert kinds <= plain | {"Outcome | None"}
    assert "__slots__" in vars(kind)


def test_events_are_frozen() -> None:
    """What one observer is told the next is told, too."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        STARTED.call = 2  # type: ignore[misc]


def test_observers_in_turn() -> None:
    """All observers are told of each event, in the order given."""
    told: list[tuple[str, Event]] = []
    observers = Observers(
        [
            lambda event: told.append(("a", event)),
            lambda event: told.append(("b", event)),
        ]
    )
    observers.tell(STARTED)
    observers.tell(RETRY)
    assert told == [("a", STARTED), ("b", STARTED), ("a", RETRY), ("b", RETRY)]


def test_observers_that_fail(caplog: pytest.LogCaptureFixture) -> None:
    """A failing observer is logged once; it and the others are told on."""
    told: list[Event] = []
    tries: list[Event] = []

    def fail(event: Event) -> None:
        tries.append(event)
        raise RuntimeError("boom")

    observers = Observers([fail, told.append])
    observers.tell(STARTED)
    observers.tell(RETRY)
    assert told == tries == [STARTED, RETRY]
    (record,) = [r for r in caplog.records if r.levelno >= logging.WARNING]
    assert record.name == "verifik_async"
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], RuntimeError)


def test_each_client_complains_for_itself(caplog: pytest.LogCaptureFixture) -> None:
    """That one client's observer failed does not silence another's."""

    def fail(_: Event) -> None:
        raise RuntimeError("boom")

    Observers([fail]).tell(STARTED)
    Observers([fail]).tell(STARTED)
    assert len(caplog.records) == 2


def test_log(caplog: pytest.LogCaptureFixture) -> None:
    """The log tells each event at DEBUG, in one line."""
    with caplog.at_level(logging.DEBUG, logger="verifik_async"):
        Observers([]).tell(RETRY)
    (record,) = caplog.records
    assert (record.levelname, record.getMessage()) == ("DEBUG", str(RETRY))
    assert "\n" not in str(RETRY)


def test_silent_unless_asked() -> None:
    """Without a logging set-up the package prints nothing, also for a failure."""
    program = (
        "from verifik_async import AttemptStarted\n"
        "from verifik_async.events import Observers\n"
        "Observers([lambda event: 1 / 0]).tell("
        "AttemptStarted(call=1, attempt=1, body_bytes=1))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, timeout=60
    )
    assert ran.stdout + ran.stderr == b""
