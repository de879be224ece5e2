"""The client: encodes a person, carries the request with retries, decodes."""

from __future__ import annotations

import asyncio
import itertools
import os
from importlib import metadata
from typing import TYPE_CHECKING, Self, TypeVar

import attrs

from verifik_async.clock import Clock, SystemClock
from verifik_async.codec import decode_enrollment, encode_enrollment
from verifik_async.errors import (
    ClientClosedError,
    ConfigurationError,
    Outcome,
    TokenExpiredError,
    VerifikError,
    note_outcome,
    outcome_of,
)
from verifik_async.events import (
    AttemptStarted,
    Observer,
    Observers,
    RetryScheduled,
    TokenRenewed,
    attempt_finished,
)
from verifik_async.limiter import Limiter, Limits
from verifik_async.models import Enrollment, EnrollmentRequest
from verifik_async.retry import Retrying, RetryPolicy
from verifik_async.tokens import Token, TokenProvider, token_source
from verifik_async.transports.addresses import checked_base_url, require_private
from verifik_async.wire import HttpRequest, Timeout

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from contextlib import AbstractContextManager
    from types import TracebackType

    from verifik_async.transports.protocol import Transport

DEFAULT_BASE_URL = "https://api.verifik.co"


class VerifikClient:
    """Enrolls persons with liveness; one for many tasks.

        async with VerifikClient(token) as client:
            enrollment = await client.enroll(request)

    The client owns its transport and closes it; to share connections, give each
    client an `AiohttpTransport` around one session of yours. It may be used from
    several event loops one after another.
    """

    def __init__(  # noqa: PLR0913 - the public surface; all but two by keyword
        self,
        token: str | TokenProvider,
        transport: Transport | None = None,
        *,
        base_url: str = DEFAULT_BASE_URL,
        timeout: Timeout | None = None,
        retry: RetryPolicy | None = None,
        limits: Limits | None = None,
        observers: Iterable[Observer] = (),
        clock: Clock | None = None,
    ) -> None:
        """Set up, without connecting.

        Args:
            token: The access token, or a provider of tokens, which is asked for a
                new one when the server calls the old one expired.
            transport: What carries requests; None is aiohttp with its defaults.
            base_url: Where the API is. Plain http only for this machine.
            timeout: How long to wait for the network.
            retry: What is sent again; see `RetryPolicy`.
            limits: How fast to send; None is as fast as the calls come, but for the
                pause that a 429 asks for. See `Limits`.
            observers: Called with each event; see `events`.
            clock: For tests: what tells and passes the time.

        Raises:
            ConfigurationError: The token or the address can't be one.
        """
        self._observers = Observers(observers)
        self._tokens = token_source(token, renewed=self._tell_renewed)
        del token  # errors carry the variables of their frames
        self._base_url = checked_base_url(base_url)
        self._timeout = _given(timeout, Timeout, "timeout")
        self._retry = _given(retry, RetryPolicy, "retry")
        self._clock = SystemClock() if clock is None else clock
        if transport is None:
            transport = _live_transport(self._base_url)
        self._transport = _carrier(transport)
        self._limiter = Limiter(limits, clock=self._clock, tell=self._observers.tell)
        self._calls = itertools.count(1)
        self._user_agent = f"verifik-async/{metadata.version('verifik-async')}"
        self._closed = False

    @classmethod
    def from_env(  # noqa: PLR0913 - as the constructor, without token and address
        cls,
        transport: Transport | None = None,
        *,
        env: Mapping[str, str] | None = None,
        timeout: Timeout | None = None,
        retry: RetryPolicy | None = None,
        limits: Limits | None = None,
        observers: Iterable[Observer] = (),
        clock: Clock | None = None,
    ) -> Self:
        """A client set up by VERIFIK_TOKEN and, if set, VERIFIK_BASE_URL.

        Raises:
            ConfigurationError: VERIFIK_TOKEN is not set, or one of them is unfit.
        """
        given = os.environ if env is None else env
        if not given.get("VERIFIK_TOKEN"):
            raise ConfigurationError("VERIFIK_TOKEN is not set")
        return cls(
            given["VERIFIK_TOKEN"],
            transport,
            # set but empty is a mistake, and no reason to go to production
            base_url=given.get("VERIFIK_BASE_URL", DEFAULT_BASE_URL),
            timeout=timeout,
            retry=retry,
            limits=limits,
            observers=observers,
            clock=clock,
        )

    @property
    def base_url(self) -> str:
        """Where the API is, without a closing slash."""
        return self._base_url

    @property
    def limiter(self) -> Limiter:
        """What lets requests go when they may; see it for where that stands."""
        return self._limiter

    @property
    def retry(self) -> RetryPolicy:
        """What is sent again."""
        return self._retry

    @property
    def clock(self) -> Clock:
        """What tells and passes the time."""
        return self._clock

    def observed_by(self, observer: Observer) -> AbstractContextManager[None]:
        """Tell one more observer of each event, until the `with` ends.

        It is called in the task that called `enroll`.
        """
        return self._observers.joined_by(observer)

    async def enroll(self, request: EnrollmentRequest) -> Enrollment:
        """Enroll one person: create, or update, after liveness and a search.

        Not idempotent, and charged. What `RetryPolicy` allows is sent again; an
        attempt with unknown outcome is not, unless it says so.

        Cancelling stops at once and closes the connection. If the request was
        already sent the outcome is unknown, as with any lost answer; the note on the
        `CancelledError` says which.

        Raises:
            OutcomeUnknownError: The request was sent and no readable answer came:
                the person may exist. The one class that every caller must handle.
            ApiError: The server answered no; its class and `hint` say what to do.
                With `attempts` 0 it is a `RateLimitedError` that says for how long
                the client is told to pause. Not sent.
            TransportError: Nothing was sent (unless it is an `OutcomeUnknownError`).
            InvalidRequestError: An image changed since it was checked. Not sent.
            CredentialsError: The token provider failed. Not sent.
            ClientClosedError: The client is closed. Not sent.
            ConfigurationError: Not a request, or an unfit address. Not sent.
        """
        if self._closed:
            raise ClientClosedError("the client is closed")
        if not isinstance(request, EnrollmentRequest):  # pyright: ignore[reportUnnecessaryIsInstance] - not all callers check types
            raise ConfigurationError(
                f"enroll() takes an EnrollmentRequest, not {type(request).__name__}"
            )
        call = _Call(number=next(self._calls), request=request)
        began = self._clock.monotonic()
        try:
            return await self._persist(call)
        except VerifikError as error:
            error.attempts = call.attempts
            error.elapsed = self._clock.monotonic() - began
            raise
        except asyncio.CancelledError as cancelled:
            sent = call.unsettled
            note_outcome(cancelled, sent=sent, attempts=call.attempts)
            known = "may have been acted upon" if sent else "was not acted upon"
            cancelled.add_note(f"enroll() was cancelled: its request {known}")
            raise

    async def _persist(self, call: _Call) -> Enrollment:
        """Attempt until there is a person or a final error."""
        retrying: Retrying | None = None  # most calls need none
        while True:
            try:
                return await self._attempt_with_token(call)
            except VerifikError as error:
                retrying = retrying or Retrying(self._retry)
                elapsed = self._since_first_sent(call)
                wait = retrying.wait_after(error, elapsed=elapsed)
                if wait is None:
                    final = retrying.verdict(error)
                    if final is error:
                        raise
                    raise final from error
                because = type(error).__name__
            self._observers.tell(
                RetryScheduled(
                    call=call.number, attempt=call.attempts, wait=wait, because=because
                )
            )
            await self._clock.sleep(wait)

    async def _attempt_with_token(self, call: _Call) -> Enrollment:
        """One attempt, and one more with a renewed token if the first had expired."""
        token = await self._tokens.current()
        try:
            return await self._attempt(call, token)
        except TokenExpiredError:
            renewed = await self._tokens.after_expiry(token)
            if renewed is None:
                raise
        return await self._attempt(call, renewed)

    async def _attempt(self, call: _Call, token: Token) -> Enrollment:
        """Send once, when the limiter says so."""
        http = encode_enrollment(
            call.request,
            base_url=self._base_url,
            user_agent=self._user_agent,
            timeout=self._timeout,
            token=token,
        )
        patience = self._retry.max_wait
        with await self._limiter.turn(http.body.size, patience=patience):
            return await self._send(call, http, token)

    async def _send(self, call: _Call, http: HttpRequest, token: Token) -> Enrollment:
        """Send now; observers learn how it went, also when it is cancelled."""
        call.attempts += 1
        heard = self._observers.listening
        if heard:
            started = AttemptStarted(
                call=call.number,
                attempt=call.attempts,
                body_bytes=http.body.size,
            )
            self._observers.tell(started)
        began = self._clock.monotonic()
        if call.first_sent is None:
            call.first_sent = began
        try:
            response = await self._transport.send(http)
            enrollment = decode_enrollment(
                response, request=call.request, token=token, now=self._clock.now()
            )
        except (Exception, asyncio.CancelledError) as error:
            call.unsettled |= outcome_of(error) is Outcome.UNKNOWN
            if heard:
                self._tell_finished(call, began, error)
            raise
        if heard:
            self._tell_finished(call, began, None)
        if call.attempts == 1:  # nearly always, and as it is
            return enrollment
        return attrs.evolve(enrollment, attempts=call.attempts)

    def _tell_finished(
        self, call: _Call, began: float, error: BaseException | None
    ) -> None:
        event = attempt_finished(
            call=call.number,
            attempt=call.attempts,
            elapsed=self._clock.monotonic() - began,
            error=error,
        )
        self._observers.tell(event)

    def _since_first_sent(self, call: _Call) -> float:
        if call.first_sent is None:
            return 0.0
        return self._clock.monotonic() - call.first_sent

    def _tell_renewed(self) -> None:
        self._observers.tell(TokenRenewed())

    async def aclose(self) -> None:
        """Close the transport; every further call raises `ClientClosedError`.

        May be called again.
        """
        self._closed = True
        self._limiter.close()
        try:
            await self._tokens.aclose()
        finally:
            await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()


@attrs.define(kw_only=True)
class _Call:
    """One call of `enroll`: what is sent, how often it was, and what became of it.

    Attributes:
        unsettled: An attempt of it ended without an answer that can be read.
    """

    number: int
    request: EnrollmentRequest
    attempts: int = 0
    first_sent: float | None = None
    unsettled: bool = False


Setting = TypeVar("Setting")


def _given(value: Setting | None, kind: type[Setting], name: str) -> Setting:
    """A setting, or its default; not all callers check types."""
    if value is None:
        return kind()
    if not isinstance(value, kind):
        found = type(value).__name__
        raise ConfigurationError(f"{name} must be a {kind.__name__}, not {found}")
    return value


def _carrier(transport: Transport) -> Transport:
    if isinstance(transport, type) or not callable(getattr(transport, "send", None)):
        raise ConfigurationError("transport must be an object with send() and aclose()")
    return transport


def _live_transport(base_url: str) -> Transport:
    require_private(base_url)
    # aiohttp is most of the import time; suites on fixtures never need it
    from verifik_async.transports.live import AiohttpTransport  # noqa: PLC0415

    return AiohttpTransport()
