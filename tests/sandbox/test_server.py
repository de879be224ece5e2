"""The sandbox over real HTTP."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import socket
from typing import TYPE_CHECKING

import aiohttp
import pytest

from tests.sandbox.calls import (
    BORN,
    COLLECTION,
    HEADERS,
    NAME,
    ROUTE,
    Heard,
    b64,
    encoded,
    jpeg,
    of_faces,
    sample,
    without,
)
from verifik_async.errors import ConfigurationError
from verifik_async.sandbox import Sandbox, Settings, World

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

RIGHT = HEADERS
NO_TOKEN = {"Content-Type": "application/json"}


@pytest.fixture
async def sandbox() -> AsyncGenerator[Sandbox]:
    """A running sandbox in production."""
    async with Sandbox() as running:
        yield running


async def _ask(
    sandbox: Sandbox,
    body: object,
    *,
    method: str = "POST",
    path: str = ROUTE,
    headers: Mapping[str, str] = RIGHT,
) -> Heard:
    """Send over HTTP, with a connection of its own."""
    async with (
        aiohttp.ClientSession(skip_auto_headers=["Content-Type"]) as session,
        session.request(
            method,
            sandbox.base_url + path,
            data=io.BytesIO(encoded(body)),
            headers=headers,
        ) as response,
    ):
        return Heard(
            status=response.status,
            json=json.loads(await response.read()),
            headers={name.lower(): value for name, value in response.headers.items()},
        )


def _head(size: int) -> bytes:
    """A request up to its body, for a socket."""
    lines = [f"POST {ROUTE} HTTP/1.1", "Host: x", f"Content-Length: {size}"]
    lines += [f"{name}: {value}" for name, value in RIGHT.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def test_a_person_is_enrolled_over_http(sandbox: Sandbox) -> None:
    """The sample request is answered as documented, and the world knows the person."""
    heard = await _ask(sandbox, sample())
    assert heard.person["name"] == NAME
    assert heard.headers["content-type"] == "application/json"
    assert heard.headers["x-sandbox-basis"] == "documented"
    (person,) = sandbox.world.people("token-1")
    assert person.id == heard.person["_id"]


@pytest.mark.parametrize(
    ("body", "headers", "refusal"),
    [
        (sample(), NO_TOKEN, (401, "Authentication required", "UNAUTHORIZED")),
        (
            sample(),
            {**RIGHT, "Authorization": "Bearer expired"},
            (403, "token_expired", "FORBIDDEN"),
        ),
        (
            sample(),
            {**RIGHT, "Authorization": "Bearer no-credits"},
            (403, "insufficient_credits", "Forbidden"),
        ),
        (b"{", RIGHT, (400, "the body is no valid JSON", "BadRequest")),
        (
            sample(),
            {"Authorization": "Bearer token-1"},
            (400, "Content-Type must be application/json", "BadRequest"),
        ),
        (
            without("min_score"),
            RIGHT,
            (409, '"min_score" is required', "MissingParameter"),
        ),
        (
            of_faces("face=a;liveness=0.31"),
            RIGHT,
            (409, "409:liveness_failed@0.31", "ERROR"),
        ),
        (sample(images=["data:x"]), RIGHT, (412, "only_images_in_base64", "ERROR")),
        (
            sample(),
            {**RIGHT, "X-Sandbox-Scenario": "internal_error"},
            (500, "internal_error", "ERROR"),
        ),
    ],
)
async def test_refusals_arrive_over_http(
    sandbox: Sandbox,
    body: object,
    headers: Mapping[str, str],
    refusal: tuple[int, str, str],
) -> None:
    """The rules answer the same over HTTP as in memory."""
    heard = await _ask(sandbox, body, headers=headers)
    assert heard.refusal == refusal
    assert not sandbox.world.people()


async def test_routes_and_methods_are_told_apart(sandbox: Sandbox) -> None:
    """Other paths are 404 in JSON with a hint; GET on the right one is 405."""
    heard = await _ask(sandbox, sample(), path="/v2/face-recognition/persons/liveness")
    assert heard.status == 404
    assert heard.json["hint"] == f"The route is POST {ROUTE}"
    heard = await _ask(sandbox, b"", method="GET")
    assert (heard.status, heard.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("size", [200, 300_000])
async def test_twenty_at_once_make_one_person(sandbox: Sandbox, size: int) -> None:
    """Of twenty parallel requests with one face, one enrolls and nineteen collide."""
    body = sample(images=[b64(jpeg("face=a", size=size))])
    heard = await asyncio.gather(*(_ask(sandbox, body) for _ in range(20)))
    assert sorted(each.status for each in heard) == [200] + [409] * 19
    assert {each.json.get("message") for each in heard if each.status == 409} == {
        "409:duplicated_person"
    }


async def test_a_lost_answer_breaks_the_connection(sandbox: Sandbox) -> None:
    """The person is enrolled and the client gets no answer at all."""
    sandbox.arm("lost_answer", token="token-1")
    with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
        await _ask(sandbox, sample())
    assert len(sandbox.world.people()) == 1
    assert (await _ask(sandbox, sample())).refusal[1] == "409:duplicated_person"


async def test_settings_reach_the_rules() -> None:
    """`production`, `collections` and `seed` work as in memory."""
    async with Sandbox(production=False, collections=[COLLECTION], seed=3) as sandbox:
        assert sandbox.world.settings == Settings(
            production=False, collections=[COLLECTION], seed=3
        )
        for _ in range(2):
            assert (await _ask(sandbox, sample())).status == 200
        heard = await _ask(sandbox, sample(collection_id="other"))
        assert heard.refusal == (404, "invalid_collection", "ERROR")


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_above_the_limit_is_refused_as_json(*, chunked: bool) -> None:
    """Too many bytes are a 413 in JSON, with and without Content-Length."""
    world = World(Settings(largest_body=100_000))
    body = bytes(200_000)

    async def blocks() -> AsyncGenerator[bytes]:
        yield body

    async with (
        Sandbox(world=world) as sandbox,
        aiohttp.ClientSession(headers=RIGHT) as session,
        session.post(
            sandbox.base_url + ROUTE, data=blocks() if chunked else body
        ) as response,
    ):
        assert response.status == 413
        assert (await response.json())["code"] == "PayloadTooLarge"


async def test_an_endless_body_is_not_read_to_its_end() -> None:
    """The 413 comes as soon as the limit is passed, not after the whole upload."""
    async with Sandbox(world=World(Settings(largest_body=1000))) as sandbox:
        port = int(sandbox.base_url.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(_head(10**9) + bytes(1001))
        async with asyncio.timeout(20):
            assert b" 413 " in await reader.readline()
        writer.close()
        await writer.wait_closed()


async def test_megabytes_of_images_pass(sandbox: Sandbox) -> None:
    """A body above aiohttp's own limit of 1 MiB is no problem."""
    images = [b64(jpeg("face=a", number=n, size=2_000_000)) for n in range(3)]
    assert (await _ask(sandbox, sample(images=images))).status == 200


async def test_health_and_state(sandbox: Sandbox) -> None:
    """The server says that it is up, and what it holds, without personal data."""
    assert (await _ask(sandbox, b"", method="GET", path="/_sandbox/health")).json == {
        "status": "ok"
    }
    await _ask(sandbox, sample())
    state = (await _ask(sandbox, b"", method="GET", path="/_sandbox/state")).json
    assert (state["requests"], state["people"]) == (1, 1)
    for secret in (NAME, BORN, "token-1", b64(jpeg())):
        assert secret not in json.dumps(state)
    heard = await _ask(sandbox, b"", path="/_sandbox/state")
    assert heard.status == 404


async def test_a_client_that_leaves_half_way_does_no_harm(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """Half a body enrolls nobody, logs nothing, and the server lives on."""
    port = int(sandbox.base_url.rpartition(":")[2])
    body = encoded(sample())
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(_head(len(body)) + body[:-10])
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    with caplog.at_level(logging.WARNING):
        assert (await _ask(sandbox, sample())).status == 200
    assert not caplog.records
    assert sandbox.world.requests == 1


async def test_no_log_shows_who_was_sent(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither address, token nor name reaches a log of any level."""
    with caplog.at_level(logging.DEBUG):
        await _ask(sandbox, sample(), path=f"{ROUTE}?name=Jane")
        await _ask(sandbox, sample(name="Jane"), path="/Jane")
    for secret in ("Jane", "token-1", BORN):
        assert secret not in caplog.text


async def test_latency_delays_and_stopping_does_not_wait_for_it() -> None:
    """A slow request is dropped when the server stops, instead of held to the end."""
    sent = asyncio.Event()

    async def blocks() -> AsyncGenerator[bytes]:
        yield encoded(sample())
        sent.set()

    async def post(sandbox: Sandbox) -> int:
        async with (
            aiohttp.ClientSession(headers=RIGHT) as session,
            session.post(sandbox.base_url + ROUTE, data=blocks()) as response,
        ):
            return response.status

    async with asyncio.timeout(20):
        async with Sandbox(latency=3600) as sandbox:
            slow = asyncio.create_task(post(sandbox))
            await sent.wait()
            health = await _ask(sandbox, b"", method="GET", path="/_sandbox/health")
            assert health.status == 200
            assert not slow.done()
        with pytest.raises(aiohttp.ClientError):
            await slow
    assert not sandbox.world.people()


async def test_a_short_latency_still_answers() -> None:
    """Requests with latency wait side by side and are answered."""
    async with Sandbox(latency=0.01) as sandbox:
        bodies = [of_faces(f"face=f{number}") for number in range(5)]
        heard = await asyncio.gather(*(_ask(sandbox, body) for body in bodies))
    assert [each.status for each in heard] == [200] * 5


async def test_it_listens_on_the_loopback_address_only(sandbox: Sandbox) -> None:
    """The address is 127.0.0.1 with the port that was free."""
    host, port = sandbox.base_url.removeprefix("http://").split(":")
    assert host == "127.0.0.1"
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.2", int(port)), timeout=5).close()


async def test_a_taken_port_is_an_error(sandbox: Sandbox) -> None:
    """A second server on the same port raises OSError and leaves nothing behind."""
    port = int(sandbox.base_url.rpartition(":")[2])
    second = Sandbox(port=port)
    with pytest.raises(OSError, match="in use"):
        await second.__aenter__()
    with pytest.raises(ConfigurationError):
        _ = second.base_url
    await second.__aexit__(None, None, None)


async def test_it_runs_inside_the_block_only() -> None:
    """There is no address before and after, one run at a time, and it can rerun."""
    sandbox = Sandbox()
    for _ in range(2):
        with pytest.raises(ConfigurationError):
            _ = sandbox.base_url
        async with sandbox:
            assert (await _ask(sandbox, sample())).status in (200, 409)
            with pytest.raises(ConfigurationError):
                await sandbox.__aenter__()
    assert sandbox.world.answers == {200: 1, 409: 1}


@pytest.mark.parametrize("latency", [-1.0, float("inf"), float("nan")])
def test_latency_is_a_number_of_seconds(latency: float) -> None:
    """Impossible latencies are refused before anything starts."""
    with pytest.raises(ConfigurationError):
        Sandbox(latency=latency)
