"""What can be armed, and who meets it."""

from __future__ import annotations

import asyncio

import pytest

from tests.sandbox.calls import HEADERS, ask, of_faces, request, sample
from verifik_async import errors
from verifik_async.sandbox import SandboxTransport, World
from verifik_async.transports.faults import Fault


def _with_token(token: str) -> dict[str, str]:
    return {**HEADERS, "Authorization": f"Bearer {token}"}


async def test_armed_errors_come_as_often_as_said() -> None:
    """`internal_error` answers the documented 500 and stores nothing, then ends."""
    world = World()
    world.arm("internal_error", times=2)
    for _ in range(2):
        heard = await ask(world, sample())
        assert heard.refusal == (500, "internal_error", "ERROR")
        assert heard.headers["x-sandbox-basis"] == "armed; internal_error"
    assert not world.people()
    assert (await ask(world, sample())).status == 200


@pytest.mark.parametrize(
    ("fault", "status", "message"),
    [
        (Fault.RATE_LIMITED, 429, "too_many_requests"),
        (Fault.UNAVAILABLE, 503, "service_unavailable"),
    ],
)
async def test_refusals_for_now_say_when_to_come_back(
    fault: Fault, status: int, message: str
) -> None:
    """429 and 503 carry Retry-After, and nothing is stored."""
    world = World()
    world.arm(fault, retry_after=7)
    heard = await ask(world, sample())
    assert heard.refusal[:2] == (status, message)
    assert heard.headers["retry-after"] == "7"
    assert heard.headers["x-sandbox-basis"] == f"armed; {fault}"
    assert not world.people()


async def test_a_lost_answer_is_acted_upon() -> None:
    """`lost_answer` stores the person and breaks the connection; a repeat collides."""
    world = World()
    world.arm("lost_answer")
    transport = SandboxTransport(world)
    with pytest.raises(errors.ConnectionLostError):
        await transport.send(request(sample()))
    assert len(world.people()) == 1
    assert (await ask(world, sample())).refusal[1] == "409:duplicated_person"


async def test_scenarios_are_met_in_the_order_armed() -> None:
    """What is armed first is met first, and only by the token it is armed for."""
    world = World()
    world.arm("rate_limited", token="other")
    world.arm("unavailable")
    world.arm("internal_error")
    assert world.state()["armed"] == {
        "rate_limited": 1,
        "unavailable": 1,
        "internal_error": 1,
    }

    async def status(token: str) -> int:
        return (await ask(world, sample(), headers=_with_token(token))).status

    assert [await status("mine") for _ in range(3)] == [503, 500, 200]
    assert [await status("other") for _ in range(2)] == [429, 200]
    assert world.state()["armed"] == {}


async def test_refused_tokens_use_nothing_up() -> None:
    """A request that is refused for its route or token leaves what is armed."""
    world = World()
    world.arm("internal_error")
    assert (await ask(world, sample(), headers={})).status == 401
    assert (await ask(world, sample(), path="/")).status == 404
    assert (await ask(world, sample())).status == 500


@pytest.mark.parametrize(
    ("scenario", "status"),
    [("internal_error", 500), ("rate_limited", 429), ("unavailable", 503), ("x", 400)],
)
async def test_a_header_names_a_scenario(scenario: str, status: int) -> None:
    """`X-Sandbox-Scenario` works for its own request and leaves what is armed."""
    world = World()
    world.arm("unavailable")
    headers = {**HEADERS, "X-Sandbox-Scenario": scenario}
    heard = await ask(world, sample(), headers=headers)
    assert heard.status == status
    assert (await ask(world, sample())).status == 503


@pytest.mark.parametrize(
    ("scenario", "numbers"),
    [
        ("meteor", {}),
        ("lost_answer", {"times": 0}),
        ("rate_limited", {"retry_after": -1}),
    ],
)
def test_what_makes_no_sense_is_not_armed(
    scenario: str, numbers: dict[str, int]
) -> None:
    """Unknown scenarios and impossible numbers are refused when they are armed."""
    world = World()
    with pytest.raises(errors.ConfigurationError):
        world.arm(
            scenario,
            times=numbers.get("times", 1),
            retry_after=numbers.get("retry_after", 1),
        )
    assert world.state()["armed"] == {}


async def test_parallel_requests_share_what_is_armed() -> None:
    """Three armed errors meet three of ten parallel requests."""
    world = World()
    world.arm("internal_error", times=3)
    bodies = [of_faces(f"face=f{number}") for number in range(10)]
    heard = await asyncio.gather(*(ask(world, body) for body in bodies))
    assert sorted(each.status for each in heard) == [200] * 7 + [500] * 3
