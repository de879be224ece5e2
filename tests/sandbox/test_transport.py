"""The in-memory door."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import verifik_async.sandbox
from tests.sandbox.calls import HEADERS, ROUTE, encoded, jpeg, request, sample
from verifik_async.bodies import Base64Part, Body
from verifik_async.errors import ClientClosedError, InvalidRequestError
from verifik_async.reading import FileReader
from verifik_async.sandbox import SandboxTransport, Settings, World
from verifik_async.wire import HttpRequest

if TYPE_CHECKING:
    from pathlib import Path

    from verifik_async.reading import Reader
    from verifik_async.transports.protocol import Transport


class _File:
    """An image on disk, as `Base64Part` wants it."""

    in_memory = False

    def __init__(self, path: Path) -> None:
        self._path = path
        self.size = path.stat().st_size

    def reader(self) -> Reader:
        return FileReader(str(self._path))


def _spliced(path: Path) -> HttpRequest:
    """The sample with an image read from disk while it is sent."""
    head, tail = encoded(sample(images=["HERE"])).split(b"HERE")
    part = Base64Part(label="images[0]", source=_File(path))
    return HttpRequest(
        method="POST",
        url=f"https://api.verifik.co{ROUTE}",
        headers=HEADERS,
        body=Body((head, part, tail)),
    )


async def test_it_is_a_transport() -> None:
    """It carries a request and gives lower-case headers, as the protocol asks."""
    transport: Transport = SandboxTransport()
    response = await transport.send(request(sample()))
    assert response.status == 200
    assert set(response.headers) == {"content-type", "x-sandbox-basis"}
    await transport.aclose()


async def test_files_are_read_as_they_are_sent(tmp_path: Path) -> None:
    """A body with an image on disk arrives whole."""
    path = tmp_path / "face.jpg"
    path.write_bytes(jpeg("face=alice", size=300_000))
    transport = SandboxTransport()
    assert (await transport.send(_spliced(path))).status == 200
    (person,) = transport.world.people()
    assert "face:alice" in person.likeness


async def test_a_file_that_changed_is_refused(tmp_path: Path) -> None:
    """The body's own refusal reaches the caller, and the sandbox sees nothing."""
    path = tmp_path / "face.jpg"
    path.write_bytes(jpeg())
    sent = _spliced(path)
    path.write_bytes(jpeg() + b"more")
    transport = SandboxTransport()
    with pytest.raises(InvalidRequestError):
        await transport.send(sent)
    assert transport.world.requests == 0


async def test_settings_make_a_world_of_its_own() -> None:
    """Settings in place of a world make a new one with them."""
    transport = SandboxTransport(Settings(production=False))
    for _ in range(2):
        assert (await transport.send(request(sample()))).status == 200
    assert len(transport.world.people()) == 1


async def test_closing_refuses_further_requests_and_forgets_nothing() -> None:
    """After `aclose`, which may be called twice, requests are refused."""
    world = World()
    transport = SandboxTransport(world)
    await transport.send(request(sample()))
    await transport.aclose()
    await transport.aclose()
    with pytest.raises(ClientClosedError):
        await transport.send(request(sample()))
    assert len(world.people()) == 1


def test_the_package_imports_without_aiohttp() -> None:
    """Using the in-memory door never imports aiohttp; the server's name does."""
    script = (
        "import sys, verifik_async.sandbox as sandbox\n"
        "sandbox.SandboxTransport()\n"
        "assert 'aiohttp' not in sys.modules\n"
        "sandbox.Sandbox\n"
        "assert 'aiohttp' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_every_public_name_is_there() -> None:
    """`__all__` is sorted as ruff sorts it, and each name in it exists."""
    package = verifik_async.sandbox
    assert all(hasattr(package, name) for name in package.__all__)
    assert not hasattr(package, "Nobody")
