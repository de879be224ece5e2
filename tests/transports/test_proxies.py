"""Which proxy an address is reached through."""

from __future__ import annotations

import pytest

from verifik_async import ConfigurationError
from verifik_async.transports.proxies import EnvironmentProxies, FixedProxy

HTTPS, LOCAL = "https://api.verifik.co/v2", "http://127.0.0.1:9/v2"


def test_a_fixed_proxy_serves_all() -> None:
    """The same for every address; none if none was given."""
    assert FixedProxy("http://proxy:3128").proxy_for(HTTPS) == "http://proxy:3128"
    assert FixedProxy(None).proxy_for(HTTPS) is None


def test_the_environment_decides_by_scheme_and_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """HTTPS_PROXY counts for https, and NO_PROXY takes hosts out."""
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    monkeypatch.setenv("no_proxy", "127.0.0.1,internal.example")
    proxies = EnvironmentProxies()
    assert proxies.proxy_for(HTTPS) == "http://proxy:3128"
    assert proxies.proxy_for("https://internal.example/") is None
    assert proxies.proxy_for(LOCAL) is None


def test_plain_http_goes_through_no_proxy_elsewhere() -> None:
    """A proxy on another machine would see token and faces in the clear."""
    assert FixedProxy("http://127.0.0.1:3128").proxy_for(LOCAL)
    with pytest.raises(ConfigurationError, match="another machine"):
        FixedProxy("http://proxy:3128").proxy_for(LOCAL)
