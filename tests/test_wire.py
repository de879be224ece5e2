"""Requests and answers as values: checked, and silent about what they hold."""

import json
import math

import attrs
import pytest

from verifik_async import ConfigurationError, HttpRequest, HttpResponse, Timeout
from verifik_async.bodies import text_body


@pytest.mark.parametrize("name", ["connect", "write", "read"])
@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, True, "1", None])
def test_unfit_timeouts(name: str, value: object) -> None:
    """A limit is a positive, finite number of seconds."""
    with pytest.raises(ConfigurationError, match=rf"Timeout\.{name} must be"):
        Timeout(**{name: value})  # type: ignore[arg-type]


def test_timeouts() -> None:
    """Whole and broken seconds are taken."""
    assert attrs.astuple(Timeout(connect=1, write=0.5)) == (1, 0.5, 60.0)


def request_with(headers: dict[str, str]) -> HttpRequest:
    """A request with these headers."""
    return HttpRequest(
        method="POST",
        url="https://api.example/x",
        headers=headers,
        body=text_body(b"Zebedee"),
    )


def test_requests_show_no_content() -> None:
    """Neither headers, with the token in them, nor the body stand in repr."""
    shown = repr(request_with({"Authorization": "Bearer secret"}))
    assert shown == (
        "HttpRequest(method='POST', url='https://api.example/x', body=Body(size=7), "
        "timeout=Timeout(connect=10.0, write=30.0, read=60.0))"
    )


def test_with_header() -> None:
    """Another header makes another request and leaves the first alone."""
    first = request_with({"A": "1"})
    second = first.with_header("B", "2").with_header("A", "3")
    assert first.headers == {"A": "1"}
    assert second.headers == {"A": "3", "B": "2"}
    assert second.body is first.body


def test_responses_show_no_content() -> None:
    """An answer is shown by status and size."""
    response = HttpResponse(status=200, headers={"Set-Cookie": "s"}, body=b"Zebedee")
    assert repr(response) == "HttpResponse(status=200, body=<7 bytes>)"


def test_header_names_are_lower_case() -> None:
    """An answer's headers are found however the server wrote them."""
    response = HttpResponse(status=429, headers={"Retry-AFTER": "Soon"})
    assert response.headers == {"retry-after": "Soon"}


def test_response_of_json() -> None:
    """A made answer holds the value, and headers of one's own."""
    response = HttpResponse.of_json(409, {"code": "É"}, headers={"Date": "today"})
    assert json.loads(response.body) == {"code": "É"}
    assert response.headers == {"content-type": "application/json", "date": "today"}
    assert HttpResponse.of_json(200, None).headers == {
        "content-type": "application/json"
    }
