"""Which addresses are fit for a token and a face."""

from __future__ import annotations

import pytest

from verifik_async import ConfigurationError
from verifik_async.transports.addresses import checked_base_url, require_private


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://api.verifik.co", "https://api.verifik.co"),
        ("https://api.verifik.co/", "https://api.verifik.co"),
        ("http://127.0.0.1:8080/base/", "http://127.0.0.1:8080/base"),
        ("https://[::1]:8443", "https://[::1]:8443"),
    ],
)
def test_base_urls_lose_their_closing_slash(given: str, kept: str) -> None:
    """A base URL is kept as given, so that paths can be put behind it."""
    assert checked_base_url(given) == kept


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.verifik.co",
        "ftp://api.verifik.co",
        "https://",
        "https://user:password@api.verifik.co",
        "https://api.verifik.co?token=abc",
        "https://api.verifik.co#top",
        "https://api.verifik.co:port",
        "https://api.verifik.co:0",
        "https://[::1",
    ],
)
def test_odd_base_urls_are_refused_without_being_told(url: str) -> None:
    """What is no plain address is refused; the text may hold a password."""
    with pytest.raises(ConfigurationError) as caught:
        checked_base_url(url)
    assert "password" not in str(caught.value)
    assert "abc" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.verifik.co",
        "http://127.0.0.1:1",
        "http://127.9.9.9",
        "http://[::1]:80",
        "http://localhost:8080",
    ],
)
def test_tls_and_loopback_are_private(url: str) -> None:
    """TLS anywhere, plain HTTP on this machine only."""
    require_private(url)


@pytest.mark.parametrize(
    "url", ["http://api.verifik.co", "http://192.168.0.1", "http://localhost.evil.co"]
)
def test_plain_http_elsewhere_is_not(url: str) -> None:
    """Plain HTTP to any other machine is refused."""
    with pytest.raises(ConfigurationError, match="in the clear"):
        require_private(url)
