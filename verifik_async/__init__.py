"""Async SDK for Verifik's create-a-person-with-liveness call.

    async with VerifikClient(token) as client:
        enrollment = await client.enroll(EnrollmentRequest(…))

The call is not idempotent and costs money: every error says by its `outcome` whether
the server can have acted, and `OutcomeUnknownError` is the one to handle always.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from verifik_async.batch.enroller import (
        BatchEnroller,
    )
    from verifik_async.batch.journal import (
        JobTerms,
        Journal,
        JournalDamagedError,
        JournalError,
        JournalLockedError,
        JournalMismatchError,
        JournalPlaceError,
        JournalVersionError,
        JournalView,
        JournalWriteError,
    )
    from verifik_async.batch.outcomes import (
        BatchItem,
        BatchOutcome,
        BatchReport,
        OutcomeStatus,
        SettledBefore,
    )
    from verifik_async.batch.standing import (
        BatchStanding,
    )
    from verifik_async.batch.stops import (
        Stop,
        StopRules,
    )
    from verifik_async.bodies import Body
    from verifik_async.client import (
        VerifikClient,
    )
    from verifik_async.clock import (
        Clock,
    )
    from verifik_async.errors import (
        ApiError,
        AuthenticationError,
        ClientClosedError,
        ConfigurationError,
        ConnectError,
        ConnectionLostError,
        ConnectTimeoutError,
        CredentialsError,
        DuplicatePersonError,
        ExistingPerson,
        FieldFault,
        InsufficientCreditsError,
        InvalidImageError,
        InvalidRequestError,
        LivenessFailedError,
        NotFoundError,
        Outcome,
        OutcomeUnknownError,
        ParameterError,
        PermissionDeniedError,
        RateLimitedError,
        ReadTimeoutError,
        ServerError,
        TokenExpiredError,
        TransportError,
        UnexpectedResponseError,
        VerifikError,
        WriteError,
    )
    from verifik_async.events import (
        AttemptFinished,
        AttemptStarted,
        Event,
        LimitChanged,
        Observer,
        Paused,
        RetryScheduled,
        TokenRenewed,
    )
    from verifik_async.fixtures.errors import (
        CassetteError,
        CassetteMissError,
    )
    from verifik_async.fixtures.recording import (
        RecordingTransport,
    )
    from verifik_async.fixtures.transport import (
        FixtureTransport,
    )
    from verifik_async.images import (
        FaceImage,
        ImageKind,
    )
    from verifik_async.limiter import (
        Limiter,
        LimiterSnapshot,
        Limits,
    )
    from verifik_async.models import (
        Enrollment,
        EnrollmentRequest,
        Gender,
        Person,
        SearchMode,
        Signature,
    )
    from verifik_async.retry import (
        RetryPolicy,
    )
    from verifik_async.sandbox.transport import (
        SandboxTransport,
    )
    from verifik_async.tokens import (
        TokenProvider,
    )
    from verifik_async.transports.faults import (
        Fault,
        Flaky,
    )
    from verifik_async.transports.live import (
        AiohttpTransport,
    )
    from verifik_async.transports.protocol import (
        Transport,
    )
    from verifik_async.transports.scripted import (
        FlakyTransport,
        Late,
        ScriptedTransport,
        ScriptExhaustedError,
    )
    from verifik_async.wire import HttpRequest, HttpResponse, Timeout

__all__ = [
    "AiohttpTransport",
    "ApiError",
    "AttemptFinished",
    "AttemptStarted",
    "AuthenticationError",
    "BatchEnroller",
    "BatchItem",
    "BatchOutcome",
    "BatchReport",
    "BatchStanding",
    "Body",
    "CassetteError",
    "CassetteMissError",
    "ClientClosedError",
    "Clock",
    "ConfigurationError",
    "ConnectError",
    "ConnectTimeoutError",
    "ConnectionLostError",
    "CredentialsError",
    "DuplicatePersonError",
    "Enrollment",
    "EnrollmentRequest",
    "Event",
    "ExistingPerson",
    "FaceImage",
    "Fault",
    "FieldFault",
    "FixtureTransport",
    "Flaky",
    "FlakyTransport",
    "Gender",
    "HttpRequest",
    "HttpResponse",
    "ImageKind",
    "InsufficientCreditsError",
    "InvalidImageError",
    "InvalidRequestError",
    "JobTerms",
    "Journal",
    "JournalDamagedError",
    "JournalError",
    "JournalLockedError",
    "JournalMismatchError",
    "JournalPlaceError",
    "JournalVersionError",
    "JournalView",
    "JournalWriteError",
    "Late",
    "LimitChanged",
    "Limiter",
    "LimiterSnapshot",
    "Limits",
    "LivenessFailedError",
    "NotFoundError",
    "Observer",
    "Outcome",
    "OutcomeStatus",
    "OutcomeUnknownError",
    "ParameterError",
    "Paused",
    "PermissionDeniedError",
    "Person",
    "RateLimitedError",
    "ReadTimeoutError",
    "RecordingTransport",
    "RetryPolicy",
    "RetryScheduled",
    "SandboxTransport",
    "ScriptExhaustedError",
    "ScriptedTransport",
    "SearchMode",
    "ServerError",
    "SettledBefore",
    "Signature",
    "Stop",
    "StopRules",
    "Timeout",
    "TokenExpiredError",
    "TokenProvider",
    "TokenRenewed",
    "Transport",
    "TransportError",
    "UnexpectedResponseError",
    "VerifikClient",
    "VerifikError",
    "WriteError",
]

# Type checkers that saw this would take any name for one of the package.
if not TYPE_CHECKING:  # pragma: no branch
    from importlib import import_module

    # Each name is loaded when it is first asked for: the plugin for pytest comes with
    # every run of pytest, fixtures never need aiohttp, and commands start sooner.
    _ROOMS = {
        "verifik_async.batch.enroller": "BatchEnroller",
        "verifik_async.batch.journal": "JobTerms Journal JournalDamagedError JournalError JournalLockedError JournalMismatchError JournalPlaceError JournalVersionError JournalView JournalWriteError",
        "verifik_async.batch.outcomes": "BatchItem BatchOutcome BatchReport OutcomeStatus SettledBefore",
        "verifik_async.batch.standing": "BatchStanding",
        "verifik_async.batch.stops": "Stop StopRules",
        "verifik_async.client": "VerifikClient",
        "verifik_async.clock": "Clock",
        "verifik_async.errors": "ApiError AuthenticationError ClientClosedError ConfigurationError ConnectError ConnectTimeoutError ConnectionLostError CredentialsError DuplicatePersonError ExistingPerson FieldFault InsufficientCreditsError InvalidImageError InvalidRequestError LivenessFailedError NotFoundError Outcome OutcomeUnknownError ParameterError PermissionDeniedError RateLimitedError ReadTimeoutError ServerError TokenExpiredError TransportError UnexpectedResponseError VerifikError WriteError",
        "verifik_async.events": "AttemptFinished AttemptStarted Event LimitChanged Observer Paused RetryScheduled TokenRenewed",
        "verifik_async.fixtures.errors": "CassetteError CassetteMissError",
        "verifik_async.fixtures.recording": "RecordingTransport",
        "verifik_async.fixtures.transport": "FixtureTransport",
        "verifik_async.images": "FaceImage ImageKind",
        "verifik_async.limiter": "Limiter LimiterSnapshot Limits",
        "verifik_async.models": "Enrollment EnrollmentRequest Gender Person SearchMode Signature",
        "verifik_async.retry": "RetryPolicy",
        "verifik_async.sandbox.transport": "SandboxTransport",
        "verifik_async.tokens": "TokenProvider",
        "verifik_async.transports.faults": "Fault Flaky",
        "verifik_async.transports.live": "AiohttpTransport",
        "verifik_async.transports.protocol": "Transport",
        "verifik_async.transports.scripted": "FlakyTransport Late ScriptExhaustedError ScriptedTransport",
        "verifik_async.bodies": "Body",
        "verifik_async.wire": "HttpRequest HttpResponse Timeout",
    }
    _ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names.split()}

    def __getattr__(name: str) -> object:
        if name not in _ROOM_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(_ROOM_OF[name]), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
