"""Amounts as people read them."""

from __future__ import annotations

_UNITS = ("KiB", "MiB", "GiB", "TiB")
_STEP = 1024


def size(count: float) -> str:
    """Bytes with a fitting unit."""
    if count < _STEP:
        return f"{count:.0f} B"
    for unit in _UNITS[:-1]:
        count /= _STEP
        if count < _STEP:
            return f"{count:.1f} {unit}"
    return f"{count / _STEP:,.1f} {_UNITS[-1]}"


def duration(seconds: float) -> str:
    """Seconds as the two largest units that count."""
    if seconds < 10:  # noqa: PLR2004 - above it nobody wants tenths
        return f"{seconds:.1f} s"
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def persons(count: int) -> str:
    """`1 person`, `2 persons`."""
    return f"{count:,} person" if count == 1 else f"{count:,} persons"


def requests(count: int) -> str:
    """`1 request`, `2 requests`."""
    return f"{count:,} request" if count == 1 else f"{count:,} requests"


def rows(count: int) -> str:
    """`1 row`, `2 rows`."""
    return f"{count:,} row" if count == 1 else f"{count:,} rows"


def rate(per_second: float | None) -> str:
    """Persons per unit of time, in one that gives a number people can grasp."""
    if per_second is None:
        return "not known"
    units = ((1, "s"), (60, "min"), (3600, "h"))
    seconds, unit = next((one for one in units if per_second * one[0] >= 1), units[-1])
    count = per_second * seconds
    return f"{count:,.0f}/{unit}" if count >= 10 else f"{count:.1f}/{unit}"  # noqa: PLR2004 - above it nobody wants tenths


def wait(seconds: float) -> str:
    """Seconds that one person took, which may be few of a thousand."""
    return f"{1000 * seconds:.0f} ms" if seconds < 0.1 else duration(seconds)  # noqa: PLR2004 - below it tenths say nothing
