"""Where a token and a face may be sent."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit, urlunsplit

from verifik_async.errors import ConfigurationError


def checked_base_url(url: str) -> str:
    """A base URL without its closing slash, and without white space around it.

    Raises:
        ConfigurationError: It is no http(s) address of a host, or holds more than a
            path: user, query or fragment.
    """
    address = str(url).strip()
    if not address.isascii() or not address.isprintable() or " " in address:
        raise ConfigurationError("base_url holds white space or odd characters")
    try:
        parts = urlsplit(address)
        port_fits = parts.port is None or parts.port > 0
    except ValueError:
        raise ConfigurationError("base_url is no address") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_fits:
        raise ConfigurationError("base_url must be like https://api.verifik.co")
    if any(mark in address for mark in "@?#"):
        raise ConfigurationError("base_url must hold no user, query or fragment")
    return urlunsplit(parts).rstrip("/")


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
