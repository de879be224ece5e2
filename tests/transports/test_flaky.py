"""Faults with a probability: by content and attempt, never by order of arrival."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from pathlib import Path

import attrs
import pytest
from numbered_people import number_of, person
from strategies import COLLECTION, jpeg, request_of

from verifik_async import (
    Body,
    ClientClosedError,
    ConfigurationError,
    ConnectError,
    ConnectionLostError,
    FaceImage,
    Fault,
    Flaky,
    FlakyTransport,
    HttpRequest,
    HttpResponse,
    RetryPolicy,
    SandboxTransport,
    ScriptedTransport,
    Transport,
    VerifikClient,
    VerifikError,
)
from verifik_async.bodies import Base64Part
from verifik_async.testing import VirtualClock
from verifik_async.transports.faults import NEEDS_AN_ANSWER

REQUEST = HttpRequest(method="POST", url="x", headers={}, body=Body((b"hello",)))
ANSWER = HttpResponse.of_json(200, {"a": 1})
CONTENTS = [b"person %d" % number for number in range(10_000)]


def always(fault: Fault) -> Flaky:
    """This fault for every request."""
    return Flaky(probability=1, faults=(fault,))


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9])
def test_about_the_share_asked_for_fails(share: float) -> None:
    """Of 10,000 contents as many fail as the probability says, within a few."""
    flaky = Flaky(probability=share, seed=3)
    failed = sum(flaky.decide(content, 1) is not None for content in CONTENTS)
    spread = (share * (1 - share) / len(CONTENTS)) ** 0.5
    assert abs(failed / len(CONTENTS) - share) < 5 * spread


def test_none_and_all_are_exact() -> None:
    """0 spares everybody and 1 nobody."""
    spares, strikes = Flaky(probability=0), Flaky(probability=1)
    assert {spares.decide(content, 1) for content in CONTENTS} == {None}
    assert None not in {strikes.decide(content, 1) for content in CONTENTS}


def test_each_of_the_faults_gets_its_share() -> None:
    """Faults are chosen alike, and not by what decides whether there is one."""
    kinds = (Fault.REFUSED, Fault.HTML_502, Fault.LOST_ANSWER, Fault.DNS)
    flaky = Flaky(probability=0.5, faults=kinds)
    counts = Counter(flaky.decide(content, 1) for content in CONTENTS)
    assert set(counts) == {None, *kinds}
    for kind in kinds:
        assert abs(counts[kind] - 1250) < 5 * 1250**0.5


def test_a_decision_is_a_function() -> None:
    """Asked again, also by another object, the same content and attempt fail alike."""
    flaky, same = Flaky(probability=0.5, seed=1), Flaky(probability=0.5, seed=1)
    once = [flaky.decide(content, 2) for content in CONTENTS]
    again = [same.decide(content, 2) for content in reversed(CONTENTS)]
    assert once == again[::-1]


def decided(*, seed: int = 0, attempt: int = 1) -> list[bool]:
    """Who fails."""
    flaky = Flaky(probability=0.5, seed=seed)
    return [flaky.decide(content, attempt) is not None for content in CONTENTS]


def agreement(one: list[bool], other: list[bool]) -> float:
    """Share of contents that fare alike."""
    return sum(a is b for a, b in zip(one, other, strict=True)) / len(one)


def test_another_seed_fails_others() -> None:
    """Two seeds agree no more than chance, also where their digits join alike."""
    assert agreement(decided(seed=1), decided(seed=2)) == pytest.approx(0.5, abs=0.03)
    joined = agreement(decided(seed=1, attempt=11), decided(seed=11, attempt=1))
    assert joined == pytest.approx(0.5, abs=0.03)


def test_another_attempt_fails_others() -> None:
    """A request that failed once may pass at the next attempt."""
    first, second = decided(attempt=1), decided(attempt=2)
    assert agreement(first, second) == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("probability", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability_is_refused(probability: float) -> None:
    """Only 0 to 1."""
    with pytest.raises(ConfigurationError, match="between 0 and 1"):
        Flaky(probability=probability)


def test_no_fault_at_all_is_refused() -> None:
    """There must be something to choose from."""
    with pytest.raises(ConfigurationError, match="empty"):
        Flaky(probability=0.5, faults=())


class Shuffled:
    """A transport that lets calls overtake each other, otherwise in each run."""

    def __init__(self, inner: Transport, seed: int) -> None:
        self._inner = inner
        self._random = random.Random(seed)  # noqa: S311 - shuffles, keeps no secret

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Go round a few times before and after."""
        for _ in range(self._random.randrange(6)):
            await asyncio.sleep(0)
        return await self._inner.send(request)

    async def aclose(self) -> None:
        """Close the inner one."""
        await self._inner.aclose()


async def run_of_a_thousand(order: int) -> tuple[list[str], list[int]]:
    """How each of 1,000 parallel calls ended, and in which order they arrived."""
    sandbox, arrived = SandboxTransport(), list[int]()
    flaky = Flaky(
        probability=0.3,
        faults=(Fault.REFUSED, Fault.RATE_LIMITED, Fault.HTML_502, Fault.LOST_ANSWER),
        seed=11,
    )

    class Noted(FlakyTransport):
        async def send(self, request: HttpRequest) -> HttpResponse:
            arrived.append(number_of(request))
            return await super().send(request)

    clock = VirtualClock()
    transport = Shuffled(Noted(sandbox, flaky, clock=clock), order)
    retry = RetryPolicy(max_attempts=3)
    client = VerifikClient("token", transport, clock=clock, retry=retry)
    ends = dict[int, str]()

    async def enroll(number: int) -> None:
        try:
            enrollment = await client.enroll(person(number))
            ends[number] = f"enrolled at attempt {enrollment.attempts}"
        except VerifikError as error:
            ends[number] = f"{type(error).__name__} at attempt {error.attempts}"

    numbers = list(range(1000))
    random.Random(order).shuffle(numbers)  # noqa: S311
    await asyncio.gather(*map(enroll, numbers))
    return [ends[number] for number in range(1000)], arrived


async def test_a_thousand_parallel_calls_fail_alike_in_any_order() -> None:
    """With a client that retries, each person fares the same in each interleaving."""
    first, order = await run_of_a_thousand(1)
    for seed in (2, 3):
        again, other_order = await run_of_a_thousand(seed)
        assert again == first
        assert other_order != order
    assert len(set(first)) > 5  # enrolled, lost, refused; at attempts one to three


@pytest.mark.parametrize("fault", sorted(set(Fault) - NEEDS_AN_ANSWER))
async def test_a_fault_keeps_the_request_from_the_inner_transport(
    fault: Fault,
) -> None:
    """Only lost and slow answers let the inner transport act."""
    inner = ScriptedTransport([ANSWER])
    transport = FlakyTransport(inner, always(fault), clock=VirtualClock())
    with contextlib.suppress(VerifikError):
        assert await transport.send(REQUEST) is not ANSWER
    assert inner.requests == []


async def test_a_lost_answer_leaves_the_person_enrolled() -> None:
    """The sandbox has acted, the client knows nothing, and sending again finds it."""
    sandbox = SandboxTransport()
    losing = FlakyTransport(sandbox, always(Fault.LOST_ANSWER))
    with pytest.raises(ConnectionLostError):
        await VerifikClient("token", losing).enroll(request_of())
    (lost,) = sandbox.world.people("token")
    assert lost.collections == (COLLECTION,)
    with pytest.raises(VerifikError, match="duplicated_person"):
        await VerifikClient("token", sandbox).enroll(request_of())


async def test_a_slow_body_is_the_true_answer_within_the_limit() -> None:
    """A slow answer comes whole, after a part of Timeout.read."""
    clock = VirtualClock()
    inner = ScriptedTransport([ANSWER])
    transport = FlakyTransport(inner, always(Fault.SLOW_BODY), clock=clock)
    assert await transport.send(REQUEST) is ANSWER
    assert 0 < clock.monotonic() < REQUEST.timeout.read


async def test_a_file_fares_as_its_bytes_do(tmp_path: Path) -> None:
    """Where an image is kept decides nothing; files are read beside the loop."""
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(jpeg(1))
    flaky, ends = Flaky(probability=0.5), list[list[str]]()
    for image in (FaceImage.from_path(photo), FaceImage.from_bytes(jpeg(1))):
        transport = FlakyTransport(ScriptedTransport([ANSWER] * 40), flaky)
        part = Base64Part(label="images[0]", source=image)
        request = attrs.evolve(REQUEST, body=Body((part,)))
        ends.append([await end_of(transport, request) for _ in range(40)])
    assert ends[0] == ends[1]
    assert set(ends[0]) == {"200", "ConnectionLostError"}


async def end_of(transport: Transport, request: HttpRequest) -> str:
    """The status, or the name of the error."""
    try:
        return str((await transport.send(request)).status)
    except VerifikError as error:
        return type(error).__name__


async def test_what_is_spared_passes_unchanged() -> None:
    """Without a fault the inner transport gets the very request."""
    inner = ScriptedTransport([ANSWER, ConnectError("its own")])
    transport = FlakyTransport(inner, Flaky(probability=0))
    assert await transport.send(REQUEST) is ANSWER
    assert inner.requests == [REQUEST]
    with pytest.raises(ConnectError, match="its own"):
        await transport.send(REQUEST)


async def test_a_closed_one_closes_the_inner_and_refuses() -> None:
    """After aclose not even a fault is played."""
    inner = ScriptedTransport([ANSWER])
    transport = FlakyTransport(inner, always(Fault.REFUSED))
    await transport.aclose()
    with pytest.raises(ClientClosedError):
        await inner.send(REQUEST)
    with pytest.raises(ClientClosedError):
        await transport.send(REQUEST)
