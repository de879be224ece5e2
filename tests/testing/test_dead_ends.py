"""Addresses at which no server is reached."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import pytest

from verifik_async import ConfigurationError, Fault
from verifik_async.testing import NotPlayableError, dead_end, dead_ends
from verifik_async.transports.faults import BEFORE_THE_SERVER


def connect(url: str) -> None:
    """Knock there for a moment."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=0.1):
        pass


def test_a_refused_port_refuses_and_is_held() -> None:
    """Nobody listens there, and nobody else can."""
    with dead_end(Fault.REFUSED) as url:
        with pytest.raises(ConnectionRefusedError):
            connect(url)
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind((urlsplit(url).hostname, urlsplit(url).port))


def test_a_full_port_says_nothing() -> None:
    """Connecting there takes until one gives up."""
    with dead_end(Fault.CONNECT_TIMEOUT) as url, pytest.raises(TimeoutError):
        connect(url)


def test_an_unknown_host_is_unknown() -> None:
    """The name can't be looked up, and is one for TLS."""
    with dead_end(Fault.DNS) as url:
        assert urlsplit(url).scheme == "https"
        with pytest.raises(socket.gaierror):
            socket.getaddrinfo(urlsplit(url).hostname, 443)


def test_a_network_that_knows_all_names_plays_no_dns_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Name servers that answer for names they don't know are told apart."""

    def known(*_: object) -> list[object]:
        return []

    monkeypatch.setattr(socket, "getaddrinfo", known)
    with pytest.raises(NotPlayableError, match="name server"), dead_end(Fault.DNS):
        pass


def test_a_system_without_full_queues_plays_no_connect_timeout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Systems that take every connection are told apart."""

    def taken(*_: object) -> bool:
        return True

    monkeypatch.setattr(dead_ends, "_connects", taken)
    with (
        pytest.raises(NotPlayableError, match="full queue"),
        dead_end(Fault.CONNECT_TIMEOUT),
    ):
        pass


@pytest.mark.parametrize("fault", sorted(set(Fault) - BEFORE_THE_SERVER))
def test_faults_of_servers_have_no_dead_end(fault: Fault) -> None:
    """What needs a server is refused, with the place where it can be had."""
    with pytest.raises(ConfigurationError, match="server"), dead_end(fault):
        pass
