"""The scripted transport: answers in turn, remembered requests."""

from __future__ import annotations

from pathlib import Path

import pytest

from verifik_async import (
    Body,
    ClientClosedError,
    ConnectError,
    FaceImage,
    HttpRequest,
    HttpResponse,
    InvalidRequestError,
    ScriptedTransport,
    ScriptExhaustedError,
)
from verifik_async.bodies import Base64Part

REQUEST = HttpRequest(method="POST", url="x", headers={}, body=Body((b"hello",)))


async def test_steps_are_played_in_turn() -> None:
    """Answers are given and errors raised in the order of the script."""
    answer = HttpResponse.of_json(200, {"a": 1})
    transport = ScriptedTransport([answer, ConnectError("no")])
    assert transport.remaining == 2
    assert await transport.send(REQUEST) is answer
    with pytest.raises(ConnectError, match="no"):
        await transport.send(REQUEST)
    assert transport.remaining == 0


async def test_requests_are_remembered() -> None:
    """What was asked can be looked at afterwards, body included."""
    transport = ScriptedTransport([HttpResponse(status=204)])
    await transport.send(REQUEST)
    assert [request.body.read() for request in transport.requests] == [b"hello"]


async def test_a_request_too_many_is_no_transport_error() -> None:
    """An exhausted script fails the test instead of feeding a retry."""
    transport = ScriptedTransport([])
    with pytest.raises(ScriptExhaustedError, match="request 1 came after"):
        await transport.send(REQUEST)


async def test_a_changed_file_is_refused_as_on_the_network(tmp_path: Path) -> None:
    """The body is read as it would be sent, so a vanished image is noticed."""
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"\xff\xd8\xff" + b"p" * 200)
    part = Base64Part(label="images[0]", source=FaceImage.from_path(photo))
    photo.unlink()
    transport = ScriptedTransport([HttpResponse(status=200)])
    request = HttpRequest(method="POST", url="x", headers={}, body=Body((part,)))
    with pytest.raises(InvalidRequestError):
        await transport.send(request)
    assert transport.remaining == 1


async def test_a_closed_script_refuses() -> None:
    """After aclose nothing is answered."""
    transport = ScriptedTransport([HttpResponse(status=200)])
    await transport.aclose()
    with pytest.raises(ClientClosedError):
        await transport.send(REQUEST)
