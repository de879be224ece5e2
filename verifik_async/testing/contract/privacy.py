"""No token, no name, no birth date and no face in any text that others read."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from verifik_async.errors import VerifikError
from verifik_async.testing.contract.answers import raw
from verifik_async.testing.contract.case import ANSWERS, Capability, ContractCase, rule
from verifik_async.testing.contract.running import require
from verifik_async.testing.contract.samples import (
    TOKEN,
    photo,
    sample_request,
    secrets_of,
    shrunk_photo,
)
from verifik_async.testing.contract.secrets import all_logs, leaks_of
from verifik_async.testing.dead_ends import dead_end
from verifik_async.transports.faults import BEFORE_THE_SERVER, Fault, effect

if TYPE_CHECKING:
    from verifik_async.testing.contract.bench import Bench
    from verifik_async.wire import HttpRequest

_WHY = (
    "Errors and logs go to files, trackers and chats: a token there is everybody's, "
    "and a face or a birth date can't be taken back."
)
_FAILING = tuple(
    fault
    for fault in Fault
    if fault is not Fault.SLOW_BODY and isinstance(effect(fault), VerifikError)
)
_UNREACHED = tuple(fault for fault in _FAILING if fault in BEFORE_THE_SERVER)
_REACHED = tuple(fault for fault in _FAILING if fault not in BEFORE_THE_SERVER)
_MIRRORS = (
    b"HTTP/1.1 banana " + TOKEN.encode() + b"\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nAuthorization " + TOKEN.encode() + b"\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: " + TOKEN.encode() + b"\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + TOKEN.encode() + b"\r\n",
)
"""Answers that are no HTTP, and quote the token: parsers like to quote them."""
_IMAGE = photo(size=2_000_000)
"""Larger than what a socket takes at once, so that sending it can fail."""

_SECRETS = (*secrets_of(sample_request()), *secrets_of(sample_request(image=_IMAGE)))


class PrivacyChecks(ContractCase):
    """What is sent shows neither in errors nor in logs."""

    @rule(Capability.REACHES_URLS, Capability.PLAYS_STEPS, why=_WHY)
    async def test_no_error_tells_a_secret(self) -> None:
        """Errors of all faults are silent, with all that is chained to them."""
        if not self.can(Capability.REACHES_URLS):
            async with self.meeting(*_FAILING) as bench:
                for fault in _FAILING:
                    request = bench.request(timeout=self.impatient)
                    await self._fails_silently(bench, request, fault)
            return
        mirrors = [raw(mirror, close=True) for mirror in _MIRRORS]
        for step in (*_REACHED, *mirrors):
            async with self.serving(step) as bench:
                request = bench.request(image=_IMAGE, timeout=self.impatient)
                what = step if isinstance(step, Fault) else "a mirror"
                await self._fails_silently(bench, request, what)
        async with self.serving() as bench:
            for fault in _UNREACHED:
                with dead_end(fault) as url:
                    request = sample_request(url, timeout=self.impatient)
                    await self._fails_silently(bench, request, fault)

    @rule(*ANSWERS, why=_WHY)
    async def test_no_refusal_tells_a_secret(self) -> None:
        """An image that can't be read, and a closed transport, give silent errors."""
        async with self.answering() as bench:
            request = bench.request(image=shrunk_photo(10_000))
            await self._fails_silently(bench, request, "a cut image")
            await bench.transport.aclose()
            await self._fails_silently(bench, bench.request(), "a closed transport")

    @rule(Capability.REACHES_URLS, Capability.PLAYS_STEPS, why=_WHY)
    async def test_no_log_tells_a_secret(self) -> None:
        """At the lowest level, with asyncio's debug mode on, logs hold no secret."""
        asyncio.get_running_loop().set_debug(True)
        with all_logs() as logs:
            for fault in (Fault.RATE_LIMITED, *_REACHED):
                async with self.meeting(fault) as bench:
                    await bench.end_of(bench.request(timeout=self.impatient))
        told = [secret for secret in _SECRETS if any(secret in text for text in logs)]
        require(not told, f"{len(told)} secrets stand in the logs")

    @rule(*ANSWERS, why=_WHY)
    async def test_no_transport_shows_a_secret(self) -> None:
        """After a call the transport's repr tells nothing of it."""
        async with self.answering() as bench:
            await bench.answer_to()
            shown = f"{bench.transport!r} {bench.transport}"
        told = [secret for secret in _SECRETS if secret in shown]
        require(not told, f"{len(told)} secrets stand in the transport's repr")

    async def _fails_silently(
        self, bench: Bench, request: HttpRequest, what: str
    ) -> None:
        leaks = leaks_of(await bench.error_of(request), _SECRETS)
        require(not leaks, f"the error after {what} tells in: {', '.join(leaks)}")
