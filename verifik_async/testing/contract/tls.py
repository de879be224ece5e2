"""To whom a token and a face are sent: to the right machine, and unreadably."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from verifik_async.errors import ConfigurationError, ConnectError, VerifikError
from verifik_async.testing.contract.bench import Bench, expect
from verifik_async.testing.contract.case import Capability, ContractCase, rule
from verifik_async.testing.contract.running import require
from verifik_async.testing.contract.samples import TOKEN, sample_request

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

_ELSEWHERE = "http://192.0.2.1"  # kept free for documentation by RFC 5737
_MUCH = 100_000

# A certificate for 127.0.0.1 which nobody has signed, valid until 2126, and its key.
# Both were made for this check and guard nothing.
_CERTIFICATE = """
MIIBijCCATCgAwIBAgIUSW9ENL5tYI7n37iFEXRE+gaBpsgwCgYIKoZIzj0EAwIwETEPMA0GA1UEAwwGbm9i
b2R5MCAXDTI2MTEyMjIwMDgzN1oYDzIxMjYxMDI5MjAwODM3WjARMQ8wDQYDVQQDDAZub2JvZHkwWTATBgcq
hkjOPQIBBggqhkjOPQMBBwNCAAS7OXD4LtzGEi0psF/MYEcdTSR0JH/KUg5pgvh3gokEWnA5bHNZquM/4HVq
okinxbkszkaEQw6Oy9VSmrzqkbVRo2QwYjAdBgNVHQ4EFgQUeqHFLtvDkLvE2wPvl0Rm629XK/UwHwYDVR0j
BBgwFoAUeqHFLtvDkLvE2wPvl0Rm629XK/UwDwYDVR0TAQH/BAUwAwEB/zAPBgNVHREECDAGhwR/AAABMAoG
CCqGSM49BAMCA0gAMEUCIQDdj3t3/OAPfiKknieGVseXwYDSWE+BnK3FgNhuam11DAIgZWOqix0O6/dJ/tUw
T6/CWqk4oxGIshGP9sfO3j/BaZ0=
"""
_KEY = """
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgiIBjwUK27YtuQDKHeTkolE/83s9bX8ic8Q02
BN3yIHChRANCAAS7OXD4LtzGEi0psF/MYEcdTSR0JH/KUg5pgvh3gokEWnA5bHNZquM/4HVqokinxbkszkaE
Qw6Oy9VSmrzqkbVR
"""


class TlsChecks(ContractCase):
    """Nothing is sent that others could read, nor to somebody who may be anybody."""

    @rule(
        Capability.REACHES_URLS,
        why="Without TLS anybody on the way reads the token and the faces.",
    )
    async def test_plain_http_to_other_machines_is_refused(self) -> None:
        """Plain HTTP is for this machine only."""
        async with self.serving() as bench:
            request = sample_request(_ELSEWHERE, timeout=self.impatient)
            expect(await bench.error_of(request), ConfigurationError)

    @rule(
        Capability.REACHES_URLS,
        why="Whoever takes any certificate sends the token and the faces to any "
        "machine that stands in the way.",
    )
    async def test_an_unknown_certificate_is_refused(self) -> None:
        """A certificate that nobody known has signed ends the call, unsent."""
        error = await self._error_from(with_unknown_certificate())
        expect(error, ConnectError, ConfigurationError)

    @rule(
        Capability.REACHES_URLS,
        why="A server that answers a TLS greeting in plain text must not make anybody "
        "send in plain text, too; and it has not got the request.",
    )
    async def test_a_server_without_tls_was_not_sent_anything(self) -> None:
        """Where TLS is asked for and not given, that is ConnectError."""
        expect(await self._error_from(None), ConnectError)

    async def _error_from(self, tls: ssl.SSLContext | None) -> VerifikError:
        async with (
            _listening(tls) as (url, heard),
            self.opened(self.make_transport()) as transport,
        ):
            bench = Bench(transport=transport, url=url)
            error = await bench.error_of(bench.request())
        require(TOKEN.encode() not in b"".join(heard), "the token was sent")
        return error


@contextlib.asynccontextmanager
async def _listening(
    tls: ssl.SSLContext | None,
) -> AsyncGenerator[tuple[str, list[bytes]]]:
    """A server that refuses whatever it hears: its address, and what it heard."""
    heard: list[bytes] = []

    async def refuse(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(ConnectionError):
            heard.append(await reader.read(_MUCH))
            writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            writer.close()
            await writer.wait_closed()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield "https://{}:{}".format(*server.sockets[0].getsockname()), heard


def with_unknown_certificate() -> ssl.SSLContext:
    """What a server on 127.0.0.1 needs that nobody has a reason to trust."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        chain = Path(folder, "chain.pem")
        chain.write_text(_pem("PRIVATE KEY", _KEY) + _pem("CERTIFICATE", _CERTIFICATE))
        context.load_cert_chain(chain)
    return context


def _pem(kind: str, text: str) -> str:
    body = base64.encodebytes(base64.b64decode(text)).decode()
    return f"-----BEGIN {kind}-----\n{body}-----END {kind}-----\n"
