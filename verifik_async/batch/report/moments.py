"""Moments as people read them: by the clock of where the report is made."""

from __future__ import annotations

import datetime as dt


def iso(at: float) -> str:
    """For programs, with the offset from UTC."""
    return _local(at).isoformat(timespec="seconds")


def moment(at: float) -> str:
    """Day and time."""
    return f"{_local(at):%Y-%m-%d %H:%M:%S}"


def day(at: float) -> str:
    """The day."""
    return f"{_local(at):%Y-%m-%d}"


def clock(at: float, *, seconds: bool) -> str:
    """The time of day."""
    return f"{_local(at):%H:%M:%S}" if seconds else f"{_local(at):%H:%M}"


def offset(at: float) -> str:
    """The clock's distance from UTC, such as `+02:00`."""
    return f"{_local(at):%z}"[:3] + ":" + f"{_local(at):%z}"[3:5]


def _local(at: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(at, tz=dt.UTC).astimezone()
