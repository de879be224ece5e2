"""The limiter: turns in order, limits that come and go, nobody left behind."""

from __future__ import annotations

import asyncio
import gc
import itertools
from collections.abc import Callable

import pytest
from quota_server import limiter_of

from verifik_async import (
    AuthenticationError,
    ClientClosedError,
    DuplicatePersonError,
    Event,
    InsufficientCreditsError,
    LimitChanged,
    Limiter,
    Limits,
    Paused,
    RateLimitedError,
    ServerError,
)
from verifik_async.testing import VirtualClock


class Bench:
    """A limiter on a virtual clock, and what came of those who used it.

    Attributes:
        sent: Name and time of each that went, in order.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.clock = VirtualClock()
        self.events: list[Event] = []
        self.limiter = limiter_of(self.clock, limits, tell=self.events.append)
        self.sent: list[tuple[str, float]] = []

    def send(
        self,
        name: str,
        *,
        seconds: float = 0.05,
        error: Exception | None = None,
        size: int = 1000,
        patience: float = 60.0,
    ) -> asyncio.Task[None]:
        """One more who sends, takes so long, and ends so."""

        async def run() -> None:
            with await self.limiter.turn(size, patience=patience):
                self.sent.append((name, self.clock.monotonic()))
                await self.clock.sleep(seconds)
                if error is not None:
                    raise error

        return asyncio.create_task(run(), name=name)

    async def send_many(
        self,
        count: int,
        *,
        seconds: float = 0.05,
        error: Callable[[], Exception] | None = None,
    ) -> None:
        """So many at once, until all are back."""
        tasks = [
            self.send(str(number), seconds=seconds, error=error() if error else None)
            for number in range(count)
        ]
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def names(self) -> list[str]:
        """Who went, in order."""
        return [name for name, _ in self.sent]

    @property
    def times(self) -> list[float]:
        """When they went."""
        return [time for _, time in self.sent]


def throttled(seconds: float | None = 1.0, *, status: int = 429) -> RateLimitedError:
    """The server's "not now"."""
    return RateLimitedError(status=status, retry_after=seconds)


async def test_without_limits_nobody_waits() -> None:
    """All go at once, and no time passes for it."""
    bench = Bench()
    await bench.send_many(100)
    assert bench.times == [0.0] * 100


async def test_turns_are_taken_in_the_order_of_coming() -> None:
    """With one slot, each after the other."""
    bench = Bench(Limits(concurrency=1))
    await bench.send_many(5)
    assert bench.names == ["0", "1", "2", "3", "4"]
    assert bench.times == pytest.approx([0, 0.05, 0.1, 0.15, 0.2])


async def test_a_slot_that_is_free_again_goes_to_the_first_in_line() -> None:
    """Also when somebody new comes in that moment."""
    bench = Bench(Limits(concurrency=1))
    first, second = bench.send("first"), bench.send("second")
    await first
    await asyncio.gather(second, bench.send("third"))
    assert bench.names == ["first", "second", "third"]


async def test_nobody_overtakes_one_whose_time_has_come() -> None:
    """Who comes in the moment in which another may go stands behind it."""
    bench = Bench(Limits(rate=10))

    async def come_later() -> None:
        await bench.clock.sleep(0.15)  # wakes before the one who waits for this moment
        await bench.send("late")

    late = asyncio.create_task(come_later())
    await bench.send_many(3)
    await late
    assert bench.names == ["0", "1", "2", "late"]
    assert bench.times == pytest.approx([0, 0.05, 0.15, 0.25])


async def test_a_rate_spaces_requests_evenly() -> None:
    """One each tenth of a second, from the first on."""
    bench = Bench(Limits(rate=10))
    await bench.send_many(5)
    # The first may come up to 50 ms early, and so all after it.
    assert bench.times == pytest.approx([0, 0.05, 0.15, 0.25, 0.35])


async def test_bytes_are_spaced_by_size() -> None:
    """Who follows a large body waits longer."""
    bench = Bench(Limits(bytes_per_second=1000))
    tasks = [bench.send("large", size=5000), bench.send("small", size=100)]
    await asyncio.gather(*tasks, bench.send("last", size=100))
    assert bench.times == pytest.approx([0, 4.95, 5.05])


async def test_everybody_pauses_for_a_429_once() -> None:
    """Nobody goes before Retry-After is over; answers of the same flight add little."""
    bench = Bench()
    flight = [
        bench.send("x", seconds=0.05 + n / 1000, error=throttled(3)) for n in range(5)
    ]
    await asyncio.gather(*flight, return_exceptions=True)
    await bench.send("after")
    assert 3.054 <= bench.times[-1] <= 3.054 + 0.15
    pauses = [event for event in bench.events if isinstance(event, Paused)]
    assert len(pauses) == 1
    assert 3 <= pauses[0].seconds <= 3.15
    assert pauses[0].because == "HTTP 429"


async def test_a_longer_pause_asked_for_late_is_kept_and_told() -> None:
    """The last word counts if it asks for more."""
    bench = Bench()
    early = bench.send("a", seconds=0.1, error=throttled(2))
    late = bench.send("b", seconds=0.2, error=throttled(10, status=503))
    await asyncio.gather(early, late, return_exceptions=True)
    await bench.send("after")
    assert bench.times[-1] >= 10.2
    told = [event.because for event in bench.events if isinstance(event, Paused)]
    assert told == ["HTTP 429", "HTTP 503"]


async def test_a_pause_is_told_whatever_came_before_it() -> None:
    """Also where its flight was cut already, for a lost answer."""
    bench = Bench(Limits(concurrency="auto"))
    lost = bench.send("a", error=ServerError(status=500))
    late = bench.send("b", seconds=0.1, error=throttled(0.5))
    await asyncio.gather(lost, late, return_exceptions=True)
    assert [type(event) for event in bench.events] == [LimitChanged, Paused]


async def test_one_flight_is_cut_once() -> None:
    """Answers to what was sent before a cut do not cut again; those after it do."""
    bench = Bench(Limits(concurrency="auto"))
    widths = list[int | None]()
    for flight in (4, 3, 3):
        await bench.send_many(flight, error=throttled)
        widths.append(bench.limiter.snapshot().concurrency)
    changes = [event for event in bench.events if isinstance(event, LimitChanged)]
    assert [change.concurrency for change in changes] == widths == [3, 3, 2]
    assert {change.because for change in changes} == {"HTTP 429"}


async def test_lost_answers_cut_deeper_and_pause_nobody() -> None:
    """A server that fails gets seven tenths; how long to wait is for others to say."""
    bench = Bench(Limits(concurrency="auto"))
    await bench.send_many(4, error=lambda: ServerError(status=500))
    snapshot = bench.limiter.snapshot()
    assert snapshot.concurrency == 2
    assert snapshot.waits_for is None
    (change,) = bench.events
    assert isinstance(change, LimitChanged)
    assert change.because == "ServerError"


@pytest.mark.parametrize(
    "error",
    [
        AuthenticationError(status=401),
        InsufficientCreditsError(status=402),
        DuplicatePersonError(status=409),
        RuntimeError("bug"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_fast_errors_raise_nothing(error: Exception) -> None:
    """A server that refuses at the door bears no more for that."""
    bench = Bench(Limits(concurrency="auto"))
    for _ in range(50):
        tasks = [bench.send("x", seconds=0.001, error=error) for _ in range(8)]
        await asyncio.gather(*tasks, return_exceptions=True)
    assert bench.limiter.snapshot().concurrency == 4


async def test_verdicts_on_faces_are_work() -> None:
    """A batch whose persons are all there already is not held to four at once."""
    bench = Bench(Limits(concurrency="auto"))
    for _ in range(5):
        await bench.send_many(64, error=lambda: DuplicatePersonError(status=409))
    assert bench.limiter.snapshot().concurrency == 64


async def test_what_is_not_used_does_not_grow() -> None:
    """One after the other says nothing about many at once."""
    bench = Bench(Limits(concurrency="auto"))
    for _ in range(50):
        await bench.send("x")
    assert bench.limiter.snapshot().concurrency == 4


async def test_a_learned_rate_that_is_not_used_does_not_grow() -> None:
    """After a 429, a client that sends little learns nothing about more."""
    bench = Bench(Limits(concurrency="auto"))
    await bench.send_many(64)
    await bench.send_many(10, error=throttled)
    before = bench.limiter.snapshot().rate
    assert before is not None
    await bench.clock.sleep(5)
    for _ in range(50):
        await bench.send("x")
        await bench.clock.sleep(1)
    assert bench.limiter.snapshot().rate == before


async def test_a_fixed_rate_is_never_exceeded_after_a_429() -> None:
    """It may be lower for a while, and comes back to what was given."""
    bench = Bench(Limits(rate=50))
    await bench.send_many(100)
    await bench.send_many(1, error=throttled)
    lowered = bench.limiter.snapshot().rate
    assert lowered is not None
    assert lowered < 50
    for _ in range(30):
        await bench.send_many(50)
    assert bench.limiter.snapshot().rate == 50


async def test_what_a_careful_start_holds_back_is_not_made_up_for() -> None:
    """After a pause nobody follows closer than the rate says, from the first on."""
    bench = Bench(Limits(rate=150))
    await bench.send_many(1, error=throttled)
    lowest = bench.limiter.snapshot().rate
    assert lowest == 150  # nothing was answered, so nothing was learned
    bench.sent.clear()
    await bench.send_many(100)
    gaps = [later - sooner for sooner, later in itertools.pairwise(bench.times)]
    assert min(gaps) >= 1 / 150 - 1e-5


async def test_limits_for_a_while_are_lifted_afterwards() -> None:
    """Inside they hold, together with the client's own; afterwards those alone."""
    bench = Bench(Limits(concurrency=8))
    with bench.limiter.configured(Limits(concurrency=2, rate=10)):
        assert bench.limiter.limits == Limits(concurrency=2, rate=10, max_concurrency=2)
        with bench.limiter.configured(Limits(concurrency=20)):
            assert bench.limiter.limits.widest == 2
    assert bench.limiter.limits == Limits(concurrency=8)


async def test_what_was_learned_for_a_while_does_not_hold_back_others() -> None:
    """A service that has no limits gets none from the batch that ran beside it."""
    bench = Bench()
    with bench.limiter.configured(Limits(concurrency="auto")):
        await bench.send_many(20)
        await bench.send_many(1, error=throttled)
        assert bench.limiter.snapshot().rate is not None
    snapshot = bench.limiter.snapshot()
    assert (snapshot.rate, snapshot.concurrency) == (None, None)


async def test_an_adaptive_width_obeys_a_stricter_limit_and_grows_back() -> None:
    """At once, however wide it has become."""
    bench = Bench(Limits(concurrency="auto"))
    await bench.send_many(100)
    with bench.limiter.configured(Limits(concurrency=3)):
        assert bench.limiter.snapshot().concurrency == 3
    await bench.send_many(100)
    assert bench.limiter.snapshot().concurrency == 64


async def test_two_who_limit_at_once_may_end_in_any_order() -> None:
    """Each takes back its own."""
    limiter = Bench().limiter
    one = limiter.configured(Limits(rate=5))
    other = limiter.configured(Limits(rate=3))
    one.__enter__()
    other.__enter__()
    assert limiter.limits.rate == 3
    one.__exit__(None, None, None)
    assert limiter.limits.rate == 3
    other.__exit__(None, None, None)
    assert limiter.limits.rate is None


async def test_who_waits_profits_from_looser_limits_at_once() -> None:
    """Nobody sleeps out a limit that is gone."""
    bench = Bench()
    with bench.limiter.configured(Limits(rate=0.001)):
        tasks = [bench.send("first"), bench.send("second")]
        await bench.clock.sleep(1)
        assert bench.names == ["first"]
    await asyncio.gather(*tasks)
    assert bench.times == pytest.approx([0, 1])


async def test_a_stricter_width_waits_for_those_in_flight() -> None:
    """Nobody is called back; the next goes when there is room."""
    bench = Bench()
    tasks = [bench.send("before", seconds=n) for n in (1, 2, 3)]
    await asyncio.sleep(0)
    with bench.limiter.configured(Limits(concurrency=2)):
        await bench.send("next")
    assert bench.times[-1] == 2
    await asyncio.gather(*tasks)


async def test_a_cancelled_one_holds_up_nobody() -> None:
    """Neither at the head of the line, nor in it, nor in the moment of being let go."""
    bench = Bench(Limits(concurrency=1))
    running, head, middle, last = (bench.send(name) for name in "abcd")
    await asyncio.sleep(0)
    middle.cancel()
    await asyncio.sleep(0)
    head.cancel()
    await asyncio.gather(running, last)
    assert bench.names == ["a", "d"]
    assert bench.limiter.snapshot().in_flight == 0


async def test_one_who_is_cancelled_when_let_go_gives_it_back() -> None:
    """The slot and the place in the pace go to the next, as if it had never come."""
    bench = Bench(Limits(rate=10))
    with bench.limiter.configured(Limits(concurrency=1)):
        first = bench.send("first", seconds=1)
        doomed, last = bench.send("doomed"), bench.send("last")
        await bench.clock.sleep(0.5)
        # Runs after it was let go, which the next line's end does, and before it goes.
        doomed.get_loop().call_soon(doomed.cancel)
    await asyncio.gather(first, doomed, last, return_exceptions=True)
    assert doomed.cancelled()
    assert bench.sent == [("first", 0.0), ("last", 0.5)]
    assert bench.limiter.snapshot().in_flight == 0


async def test_the_impatient_are_told_at_once() -> None:
    """A pause beyond one's patience raises, unsent; the patient wait it out."""
    bench = Bench(Limits(concurrency=1))
    throttling = bench.send("x", error=throttled(100))
    in_line = bench.send("waits in line", patience=60)
    patient = bench.send("patient", patience=200)
    await asyncio.wait([throttling, in_line])
    with pytest.raises(RateLimitedError, match=r"not sent.* 100 s") as caught:
        await in_line
    assert caught.value.retry_after == pytest.approx(100)
    with pytest.raises(RateLimitedError, match="not sent"):
        await bench.send("late", patience=60)
    assert bench.clock.monotonic() == pytest.approx(0.05)
    await patient
    assert bench.names == ["x", "patient"]
    assert bench.times[-1] >= 100


async def test_all_who_wait_can_be_turned_away() -> None:
    """Those in flight go on, and who comes later is let in."""
    bench = Bench(Limits(concurrency=1))
    running, one, other = (bench.send(name) for name in "abc")
    await asyncio.sleep(0)
    credits_gone = InsufficientCreditsError
    assert bench.limiter.turn_away(lambda: credits_gone(status=402)) == 2
    ended = await asyncio.gather(one, other, return_exceptions=True)
    assert [type(error) for error in ended] == [credits_gone] * 2
    assert ended[0] is not ended[1]
    await asyncio.gather(running, bench.send("d"))
    assert bench.names == ["a", "d"]


async def test_nobody_is_let_in_after_closing() -> None:
    """Who waits learns of it at once, and so does who comes later."""
    bench = Bench(Limits(rate=0.01))
    await bench.send("first")
    waiting = bench.send("waiting")
    await asyncio.sleep(0)
    bench.limiter.close()
    with pytest.raises(ClientClosedError):
        await waiting
    with pytest.raises(ClientClosedError):
        await bench.send("late")
    assert bench.clock.monotonic() < 1


async def test_one_turned_away_and_cancelled_at_once_is_cancelled() -> None:
    """And its error is not complained about as forgotten."""
    bench = Bench(Limits(concurrency=1))
    running, doomed = bench.send("a"), bench.send("b")
    await asyncio.sleep(0)
    bench.limiter.turn_away(lambda: ClientClosedError("x"))
    doomed.cancel()
    await asyncio.gather(running, doomed, return_exceptions=True)
    assert doomed.cancelled()
    del doomed
    gc.collect()
    assert bench.limiter.snapshot().in_flight == 0


async def test_one_cancelled_cannot_be_turned_away_any_more() -> None:
    """Whichever of both comes first is what it ends with."""
    bench = Bench(Limits(concurrency=1))
    running, doomed = bench.send("a"), bench.send("b")
    await asyncio.sleep(0)
    doomed.cancel()
    bench.limiter.turn_away(lambda: ClientClosedError("x"))
    await asyncio.gather(running, doomed, return_exceptions=True)
    assert doomed.cancelled()


async def test_a_snapshot_tells_what_is_waited_for() -> None:
    """A slot, the rate, the bytes or a pause; and for how long, if that is known."""
    bench = Bench(Limits(concurrency=1))
    quiet = bench.limiter.snapshot()
    assert (quiet.in_flight, quiet.waiting, quiet.concurrency) == (0, 0, 1)
    assert (quiet.waits_for, quiet.seconds, quiet.because) == (None, None, None)
    tasks = [bench.send("a", error=throttled(7)), bench.send("b")]
    await asyncio.sleep(0)
    full = bench.limiter.snapshot()
    assert (full.in_flight, full.waiting) == (1, 1)
    assert (full.waits_for, full.seconds) == ("slot", None)
    await asyncio.wait(tasks[:1])
    paused = bench.limiter.snapshot()
    assert (paused.waits_for, paused.because) == ("pause", "HTTP 429")
    assert paused.seconds == pytest.approx(7, abs=0.4)
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_snapshot_tells_of_no_rate_while_nobody_waits() -> None:
    """That the next one would have to is not worth a word."""
    bench = Bench(Limits(rate=0.5))
    await bench.send("a")
    assert bench.limiter.snapshot().waits_for is None


@pytest.mark.parametrize(
    ("limits", "waits_for"),
    [(Limits(rate=0.5), "rate"), (Limits(bytes_per_second=500), "bytes")],
)
async def test_a_snapshot_tells_rate_and_bytes(limits: Limits, waits_for: str) -> None:
    """With the seconds left, less the little that may be early."""
    bench = Bench(limits)
    tasks = [bench.send("a"), bench.send("b")]
    await bench.clock.sleep(0.5)
    snapshot = bench.limiter.snapshot()
    assert snapshot.waits_for == waits_for
    assert snapshot.seconds == pytest.approx(1.45)
    await asyncio.gather(*tasks)


async def test_nothing_is_left_running() -> None:
    """No task remains when nobody waits, not even after everybody was cancelled."""
    bench = Bench(Limits(rate=0.01))
    tasks = [bench.send(name) for name in "abc"]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


def test_it_can_be_used_from_one_loop_after_another() -> None:
    """What one loop leaves behind does not take the next one's slots."""
    clock = VirtualClock()
    limiter = Limiter(Limits(concurrency=2), clock=clock, tell=lambda _: None)

    async def abandon() -> None:
        async def hang() -> None:
            with await limiter.turn(1):
                await asyncio.Event().wait()

        tasks = [asyncio.create_task(hang()) for _ in range(5)]
        await asyncio.sleep(0)
        assert limiter.snapshot().in_flight == 2
        del tasks

    async def send() -> int:
        with await limiter.turn(1):
            return limiter.snapshot().in_flight

    asyncio.run(abandon())
    assert asyncio.run(send()) == 1


class FailedTest(BaseException):
    """As pytest's own: nothing that `except Exception` catches."""


async def test_an_observer_that_fails_a_test_takes_no_slot_with_it() -> None:
    """Who waits behind goes on, and the limiter is as wide as before."""

    def tell(_event: Event) -> None:
        raise FailedTest

    clock = VirtualClock()
    limiter = limiter_of(clock, Limits(concurrency=1), tell=tell)
    sent: list[int] = []

    async def send(number: int) -> None:
        with await limiter.turn(1000):
            sent.append(number)
            if not number:
                raise RateLimitedError(status=429, retry_after=1)

    sending = [asyncio.create_task(send(number)) for number in range(2)]
    first, second = await asyncio.gather(*sending, return_exceptions=True)
    assert isinstance(first, FailedTest)
    assert second is None
    assert sent == [0, 1]
    assert limiter.snapshot().in_flight == limiter.snapshot().waiting == 0
