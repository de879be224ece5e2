"""Which proxy an address is reached through."""

from __future__ import annotations

from typing import Protocol
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from verifik_async.errors import ConfigurationError
from verifik_async.transports.addresses import require_private


class Proxies(Protocol):
    """Where proxies come from."""

    def proxy_for(self, url: str) -> str | None:
        """The URL of the proxy for `url`, if there is one.

        Raises:
            ConfigurationError: Plain http through a proxy elsewhere: the token and
                the faces would leave this machine in the clear.
        """
        ...


class FixedProxy:
    """The same proxy for every address, or none."""

    def __init__(self, proxy: str | None) -> None:
        self._proxy = proxy

    def proxy_for(self, url: str) -> str | None:
        """See `Proxies`."""
        return _fit(self._proxy, url)


class EnvironmentProxies:
    """HTTP_PROXY, HTTPS_PROXY and NO_PROXY, as they were when this was made."""

    def __init__(self) -> None:
        self._proxies = getproxies()

    def proxy_for(self, url: str) -> str | None:
        """See `Proxies`."""
        parts = urlsplit(url)
        if proxy_bypass(parts.hostname or ""):
            return None
        return _fit(self._proxies.get(parts.scheme), url)


def _fit(proxy: str | None, url: str) -> str | None:
    if proxy is not None and urlsplit(url).scheme != "https":
        try:
            require_private(proxy)
        except ConfigurationError:
            problem = "plain http through a proxy on another machine: use https"
        else:
            return proxy
        raise ConfigurationError(problem)
    return proxy
