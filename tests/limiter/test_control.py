"""The control by itself: what one thing learned does to another."""

from __future__ import annotations

from verifik_async import Limits, RateLimitedError
from verifik_async.limiter.control import Control

SECONDS = 0.05


def control_of(limits: Limits) -> Control:
    """A control that starts at zero, and draws out no pause."""
    return Control(limits, now=0.0, tell=lambda _: None, jitter=lambda: 0.0)


def run(control: Control, *, start: float, count: int) -> float:
    """So many who stand in line, each answered well; returns when the last went."""
    now = start
    for _ in range(count):
        held = control.held(now=now, in_flight=0)
        if held is not None:
            control.delayed(held, now=now)
            now += held.seconds
        epoch = control.started(now=now, size=1)
        control.ended(None, now=now, seconds=SECONDS, epoch=epoch, in_flight=1)
    return now


def test_a_learned_rate_is_measured_over_longer() -> None:
    """Once it is steady, so that the burst after each pause weighs less."""
    control = control_of(Limits(rate=50))
    now = run(control, start=0.0, count=200)
    assert control.meter.window == 0
    error = RateLimitedError(status=429, retry_after=1)
    control.ended(error, now=now, seconds=SECONDS, epoch=control.epoch, in_flight=1)
    run(control, start=now, count=20)
    assert control.meter.window > 1


def test_a_pause_is_no_time_of_growth() -> None:
    """The learned rate grows by the seconds in which something went well."""
    short, long = control_of(Limits(rate=50)), control_of(Limits(rate=50))
    rates = list[float | None]()
    for control, pause in ((short, 1.0), (long, 50.0)):
        now = run(control, start=0.0, count=200)
        error = RateLimitedError(status=429, retry_after=pause)
        control.ended(error, now=now, seconds=SECONDS, epoch=control.epoch, in_flight=1)
        run(control, start=now, count=30)
        rates.append(control.rate)
    assert rates[0] is not None
    assert rates[1] is not None
    assert abs(rates[0] - rates[1]) < 0.01 * rates[0]
