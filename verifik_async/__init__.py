"""Async SDK for Verifik's create-a-person-with-liveness call.

    async with VerifikClient(token) as client:
        enrollment = await client.enroll(EnrollmentRequest(…))

The call is not idempotent and costs money: every error says by its `outcome` whether
the server can have acted, and `OutcomeUnknownError` is the one to handle always.
"""

from typing import TYPE_CHECKING

from verifik_async.batch.enroller import BatchEnroller
from verifik_async.batch.outcomes import (
    BatchItem,
    BatchOutcome,
    BatchReport,
    OutcomeStatus,
)
from verifik_async.client import VerifikClient
from verifik_async.clock import Clock
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
    Observer,
    RetryScheduled,
    TokenRenewed,
)
from verifik_async.images import FaceImage, ImageKind
from verifik_async.models import (
    Enrollment,
    EnrollmentRequest,
    Gender,
    Person,
    SearchMode,
    Signature,
)
from verifik_async.retry import RetryPolicy
from verifik_async.tokens import TokenProvider
from verifik_async.transports.faults import Fault, Flaky
from verifik_async.transports.protocol import Transport
from verifik_async.transports.scripted import (
    FlakyTransport,
    Late,
    ScriptedTransport,
    ScriptExhaustedError,
)
from verifik_async.wire import Body, HttpRequest, HttpResponse, Timeout

if TYPE_CHECKING:
    from verifik_async.sandbox.transport import SandboxTransport
    from verifik_async.transports.live import AiohttpTransport

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
    "Body",
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
    "Flaky",
    "FlakyTransport",
    "Gender",
    "HttpRequest",
    "HttpResponse",
    "ImageKind",
    "InsufficientCreditsError",
    "InvalidImageError",
    "InvalidRequestError",
    "Late",
    "LivenessFailedError",
    "NotFoundError",
    "Observer",
    "Outcome",
    "OutcomeStatus",
    "OutcomeUnknownError",
    "ParameterError",
    "PermissionDeniedError",
    "Person",
    "RateLimitedError",
    "ReadTimeoutError",
    "RetryPolicy",
    "RetryScheduled",
    "SandboxTransport",
    "ScriptExhaustedError",
    "ScriptedTransport",
    "SearchMode",
    "ServerError",
    "Signature",
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

    def __getattr__(name: str) -> object:
        """Load what is heavy only when it is asked for: fixtures never need aiohttp."""
        if name == "AiohttpTransport":
            from verifik_async.transports.live import AiohttpTransport  # noqa: PLC0415

            return AiohttpTransport
        if name == "SandboxTransport":
            from verifik_async.sandbox.transport import SandboxTransport  # noqa: PLC0415

            return SandboxTransport
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
