"""The limiter of one client: asked before each attempt, told after it."""

from __future__ import annotations

import contextlib
import functools
import math
import random
from typing import TYPE_CHECKING, Self

import attrs

from verifik_async.errors import ClientClosedError, RateLimitedError
from verifik_async.limiter.control import Control, Reason
from verifik_async.limiter.limits import Limits
from verifik_async.limiter.line import Line, Waiting
from verifik_async.loops import PerLoop

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import TracebackType

    from verifik_async.clock import Clock
    from verifik_async.errors import VerifikError
    from verifik_async.events import Event


@attrs.frozen(kw_only=True)
class LimiterSnapshot:
    """Where a limiter stands.

    Attributes:
        in_flight: Requests on their way.
        waiting: Requests that wait for their turn.
        concurrency: Requests that may be in flight; None for any number.
        rate: Requests that may be sent in a second; None for any number.
        waits_for: What holds back the next one: `pause` (the server said "not
            now"), `rate`, `bytes`, or `slot` (one in flight has to come back);
            None if it may go.
        seconds: For how long; None where that depends on others.
        because: Of a pause: the status that said so, such as `HTTP 429`.
    """

    in_flight: int
    waiting: int
    concurrency: int | None
    rate: float | None
    waits_for: Reason | None
    seconds: float | None
    because: str | None


class Limiter:
    """Lets the requests of one client go when they may.

    All that use the client share it: a bulk job as well as a service. First come,
    first served.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        clock: Clock,
        tell: Callable[[Event], None],
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Set up.

        Args:
            limits: None is no limits, but for the pause after a 429.
            clock: What tells and passes the time.
            tell: Called with `Paused` and `LimitChanged`.
            jitter: Random numbers from 0 to 1, by which pauses are drawn out.
        """
        self._given = {object(): limits or Limits()}
        self._clock = clock
        self._control = Control(
            self.limits, now=clock.monotonic(), tell=tell, jitter=jitter
        )
        self._lines = PerLoop(lambda: Line(self._control, clock))
        self._line = Line(self._control, clock)
        self._closed = False

    @property
    def limits(self) -> Limits:
        """The limits in force: the strictest of those given."""
        return functools.reduce(Limits.tightened, self._given.values())

    @property
    def width(self) -> int | None:
        """Requests that may be in flight; None for any number."""
        return self._control.width

    @contextlib.contextmanager
    def configured(self, limits: Limits) -> Generator[None]:
        """Hold to these limits, too, until the `with` ends.

        Those that the client was made with hold all the same: limits only ever get
        stricter, also where several are in force at once. What was learned about the
        server stays known.
        """
        mine = object()
        self._given[mine] = limits
        self._adopt()
        try:
            yield
        finally:
            del self._given[mine]
            self._adopt()

    def _adopt(self) -> None:
        self._control.adopt(self.limits)
        self._line.move()

    async def turn(self, size: int, *, patience: float = math.inf) -> Turn:
        """Wait for leave to send one request, and take it in a `with`.

        Args:
            size: Bytes of its body.
            patience: Seconds of a pause that are sat through.

        Raises:
            RateLimitedError: The server asked for a longer pause. Not sent.
            ClientClosedError: Closed meanwhile. Not sent.
        """
        if self._closed:
            raise ClientClosedError("the client is closed")
        self._line = line = self._lines.get()
        now = self._clock.monotonic()
        if line.waiting or self._control.held(now=now, in_flight=line.in_flight):
            if self._pause_left(now) > patience:
                raise self._too_long()
            epoch = await line.turn(Waiting(size, patience))
            now = self._clock.monotonic()
        else:
            epoch = line.go(now=now, size=size)
        return Turn(self, line, epoch=epoch, began=now)

    def _pause_left(self, now: float) -> float:
        return self._control.gate.until - now

    def _too_long(self) -> RateLimitedError:
        seconds = max(0.0, self._pause_left(self._clock.monotonic()))
        return RateLimitedError(
            status=self._control.gate.status,
            message=f"not sent: told to pause, of which {seconds:.0f} s are left",
            retry_after=seconds,
        )

    def ended(
        self, line: Line, error: BaseException | None, *, epoch: int, began: float
    ) -> None:
        """A request that had leave has come back."""
        now = self._clock.monotonic()
        try:
            self._control.ended(
                error,
                now=now,
                seconds=now - began,
                epoch=epoch,
                in_flight=line.in_flight,
            )
        finally:  # an observer may raise what is no `Exception`
            line.in_flight -= 1
            if line.waiting:
                self._go_on(line, now, paused=isinstance(error, RateLimitedError))

    def _go_on(self, line: Line, now: float, *, paused: bool) -> None:
        if paused:
            left = self._pause_left(now)
            line.turn_away(self._too_long, whom=lambda me: me.patience < left)
        else:
            line.move()

    def turn_away(self, make_error: Callable[[], VerifikError]) -> int:
        """Fail all that wait now, none of which has sent this attempt.

        For whoever knows that sending is of no use: without credits, or on the way
        out. What comes later is let in as ever.

        Args:
            make_error: Called once for each of them.

        Returns:
            How many.
        """
        return self._line.turn_away(make_error, whom=lambda _: True)

    def close(self) -> None:
        """Let nobody in any more; those who wait get `ClientClosedError`."""
        self._closed = True
        self.turn_away(lambda: ClientClosedError("closed while waiting for its turn"))

    def snapshot(self) -> LimiterSnapshot:
        """Where it stands; costs next to nothing."""
        now, line, control = self._clock.monotonic(), self._line, self._control
        held = control.held(now=now, in_flight=line.in_flight)
        if held is not None and held.by != "pause" and not line.waiting:
            held = None
        known = held is not None and held.seconds < math.inf
        paused = held is not None and held.by == "pause"
        return LimiterSnapshot(
            in_flight=line.in_flight,
            waiting=len(line.waiting),
            concurrency=control.width,
            rate=control.rate,
            waits_for=held.by if held else None,
            seconds=held.seconds if held and known else None,
            because=f"HTTP {control.gate.status}" if paused else None,
        )


class Turn:
    """Leave to send one request, in a `with` that sees how it ends."""

    __slots__ = ("_began", "_epoch", "_limiter", "_line")

    def __init__(
        self, limiter: Limiter, line: Line, *, epoch: int, began: float
    ) -> None:
        self._limiter = limiter
        self._line = line
        self._epoch = epoch
        self._began = began

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._limiter.ended(self._line, error, epoch=self._epoch, began=self._began)
