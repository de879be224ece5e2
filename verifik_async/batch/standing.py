"""How wide a run is, and what it waits for: for progress displays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from verifik_async.batch.engine import Engine
    from verifik_async.limiter import LimiterSnapshot


@attrs.frozen(kw_only=True)
class BatchStanding:
    """What a run does at this moment.

    Attributes:
        on_the_way: Requests in flight, of all that use the client.
        concurrency: How many there may be; None before the run has begun.
        waits_for: What holds people back, in words for them; None if nothing does.
    """

    on_the_way: int = 0
    concurrency: int | None = None
    waits_for: str | None = None


def standing(engine: Engine, limiter: LimiterSnapshot) -> BatchStanding:
    """How a run stands."""
    watched = engine.lookout.width
    widths = [width for width in (limiter.concurrency, watched) if width is not None]
    return BatchStanding(
        on_the_way=limiter.in_flight,
        concurrency=min(widths, default=None),
        waits_for=_reason(engine, limiter),
    )


def _reason(engine: Engine, limiter: LimiterSnapshot) -> str | None:
    """The weightiest of all that is waited for."""
    if engine.stopped:
        return "requests on their way" if limiter.in_flight else None
    return next(_reasons(engine, limiter), None)


def _reasons(engine: Engine, limiter: LimiterSnapshot) -> Iterator[str]:
    outage, faces = engine.sender.breaker.outage, engine.sender.faces.waiting
    if outage is not None:
        yield str(outage)
    if limiter.waits_for == "pause":
        left = limiter.seconds or 0.0
        yield f"told to pause ({limiter.because}), {left:.0f} s left"
    if engine.lookout.width is not None:
        yield "the first answers"
    if limiter.waits_for == "rate":
        yield f"the rate of {limiter.rate:.3g}/s"
    if limiter.waits_for == "bytes":
        yield "the limit of bytes a second"
    if faces:
        yield f"{faces} with a picture that is on its way"
