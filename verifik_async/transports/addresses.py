"""Where a token and a face may be sent."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from verifik_async.errors import ConfigurationError


def checked_base_url(url: str) -> str:
    """A base URL without its closing slash.

    Raises:
        ConfigurationError: It is no http(s) address of a host, or holds more than a
            path: user, query or fragment.
    """
    try:
        parts = urlsplit(url)
        port_fits = parts.port is None or parts.port > 0
    except ValueError:
        raise ConfigurationError("base_url is no address") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_fits:
        raise ConfigurationError("base_url must be like https://api.verifik.co")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigurationError("base_url must hold no user, query or fragment")
    return url.rstrip("/")


def require_private(url: str) -> None:
    """Refuse plain HTTP unless it stays on this machine.

    Raises:
        ConfigurationError: The token and the faces would travel in the clear.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" and not _is_loopback(parts.hostname or ""):
        raise ConfigurationError(
            "plain http would send the token and the faces in the clear: use https"
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
