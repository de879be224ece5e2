"""The machine's clock."""

from __future__ import annotations

import datetime as dt

from verifik_async.clock import SystemClock


async def test_time_passes() -> None:
    """Sleeping passes monotonic time; the time of day is in UTC."""
    clock = SystemClock()
    before = clock.monotonic()
    await clock.sleep(0.01)
    assert clock.monotonic() > before
    assert clock.now().tzinfo is dt.UTC
