"""What can go wrong, as a tree that says what the caller may do next.

Every error carries `outcome`: whether the server can have acted.

    VerifikError                        .outcome .attempts .elapsed .hint
    ├─ InvalidRequestError              NOT_SENT  refused here; .faults; a ValueError
    ├─ ConfigurationError               NOT_SENT  a ValueError
    ├─ ClientClosedError                NOT_SENT
    ├─ CredentialsError                 NOT_SENT  no token could be had
    ├─ OutcomeUnknownError              UNKNOWN   the one class everybody must handle
    ├─ TransportError                             no readable answer
    │  ├─ ConnectError                  NOT_SENT  a ConnectionError
    │  ├─ ConnectTimeoutError           NOT_SENT  a TimeoutError
    │  ├─ WriteError                    NOT_SENT  the body was not fully handed over
    │  ├─ ReadTimeoutError              UNKNOWN   (OutcomeUnknownError, TimeoutError)
    │  └─ ConnectionLostError           UNKNOWN   (OutcomeUnknownError, ConnectionError)
    ├─ UnexpectedResponseError          UNKNOWN   a 2xx that can't be understood
    └─ ApiError                         REJECTED  .status .code .message .reason .detail
       ├─ AuthenticationError           401
       │  └─ TokenExpiredError          401, 403
       ├─ PermissionDeniedError         403
       │  └─ InsufficientCreditsError   402, 403
       ├─ DuplicatePersonError          409, 412
       ├─ LivenessFailedError           409
       ├─ InvalidImageError             412
       ├─ ParameterError                400, 409, 422
       ├─ NotFoundError                 404
       ├─ RateLimitedError              429, 503 with Retry-After
       └─ ServerError                   UNKNOWN   5xx (OutcomeUnknownError)

Errors are small, can be pickled, and hold no image, name, birth date or token.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, ClassVar, Required, TypedDict, Unpack

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable


class Outcome(enum.StrEnum):
    """Whether the server can have acted on an attempt that gave no person."""

    NOT_SENT = "NOT_SENT"
    """The server cannot have acted; the call may be repeated freely."""

    REJECTED = "REJECTED"
    """The server answered no; nobody was enrolled by this call."""

    UNKNOWN = "UNKNOWN"
    """The whole request was sent and no readable answer came: the person may
    exist, and the call may have been charged."""


class VerifikError(Exception):
    """Root of all errors that this package raises.

    Attributes:
        outcome: Whether the server can have acted; see `Outcome`.
        attempts: Requests sent, or begun, for this call, this one included.
        elapsed: Seconds from the start of the call until it failed.
        hint: What to do next, in a sentence for a person.
    """

    outcome: ClassVar[Outcome] = Outcome.NOT_SENT
    hint: ClassVar[str] = ""

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.attempts = 0
        self.elapsed = 0.0
        if self.hint:
            self.add_note(self.hint)  # tracebacks show it below the message

    # Exceptions unpickle by calling cls(*args), which fails for every class whose
    # constructor takes keywords; these are rebuilt without calling it.
    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.args, self.__dict__.copy())


def _rebuild(
    kind: type[VerifikError], args: tuple[object, ...], state: dict[str, object]
) -> VerifikError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


@attrs.frozen(kw_only=True)
class FieldFault:
    """One thing wrong with one field: never the value itself.

    Attributes:
        field: The field's name, for example `min_score` or `images[1]`.
        problem: What is wrong with it.
        hint: How to mend it.
    """

    field: str
    problem: str
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.field}: {self.problem}"
        return f"{text} ({self.hint})" if self.hint else text


_FAULTS_SHOWN = 20


class InvalidRequestError(VerifikError, ValueError):
    """The request was refused here, before the server could act on it.

    Attributes:
        faults: Everything that is wrong, by field.
    """

    hint = "Mend the fields named; nothing was sent."

    def __init__(self, faults: Iterable[FieldFault]) -> None:
        self.faults = tuple(faults)
        shown = [str(fault)[:160] for fault in self.faults[:_FAULTS_SHOWN]]
        if len(self.faults) > _FAULTS_SHOWN:
            shown.append(f"and {len(self.faults) - _FAULTS_SHOWN} more")
        super().__init__("; ".join(shown))


class ConfigurationError(VerifikError, ValueError):
    """The client, a transport or a batch was set up or used wrongly."""

    hint = "Mend the set-up; nothing was sent."


class ClientClosedError(VerifikError):
    """The client was used after it was closed."""

    hint = "Make a new client, or keep this one open for longer; nothing was sent."


class CredentialsError(VerifikError):
    """The token provider failed, or gave something that is no token."""

    hint = "See why the token provider failed; nothing was sent."


class OutcomeUnknownError(VerifikError):
    """The whole request was sent, and no readable answer came back.

    The person may have been enrolled and the call charged. Nothing is repeated
    unless the caller said `RetryPolicy(on_unknown="resend")`.
    """

    outcome = Outcome.UNKNOWN
    hint = (
        "The person may exist and the call may be charged: look the person up "
        "before you send it again."
    )


class TransportError(VerifikError):
    """No readable answer: the network or the connection failed."""


class ConnectError(TransportError, ConnectionError):
    """No connection could be made: DNS, refusal, TLS or proxy."""

    hint = "Nothing was sent: check the network and base URL, then try again."


class ConnectTimeoutError(TransportError, TimeoutError):
    """No connection was made within `Timeout.connect` seconds."""

    hint = "Nothing was sent: check the network, then try again."


class WriteError(TransportError):
    """The connection failed before the whole body had been handed over.

    A request whose Content-Length is not reached cannot be acted upon.
    """

    hint = "The server cannot have acted: try again."


class ReadTimeoutError(OutcomeUnknownError, TransportError, TimeoutError):
    """The body was sent, and no answer came within `Timeout.read` seconds."""


class ConnectionLostError(OutcomeUnknownError, TransportError, ConnectionError):
    """The body was sent, and the connection ended without a readable answer."""


class UnexpectedResponseError(OutcomeUnknownError):
    """The server answered something that can't be understood.

    A success in another shape than documented, an answer too large to be read, or a
    redirect (none is followed: the token and the face go nowhere else).

    Attributes:
        status: The HTTP status.
        problems: What was missing or wrong, as `reason @ $.path`.
    """

    def __init__(self, *, status: int, problems: Iterable[str]) -> None:
        self.status = status
        self.problems = tuple(problem[:160] for problem in problems)[:10]
        super().__init__(
            f"HTTP {status}, but the answer can't be understood: "
            + "; ".join(self.problems)
        )


class RefusalFields(TypedDict, total=False):
    """What every `ApiError` is made of; see there."""

    status: Required[int]
    code: str | None
    message: str
    reason: str | None
    detail: str | None


class ApiError(VerifikError):
    """The server answered no; but see `ServerError`, which leaves it open.

    Attributes:
        status: The HTTP status.
        code: The body's `code`, such as `ERROR`; often says nothing.
        message: The server's text, cut short, with personal data taken out.
        reason: The refusal as one word, such as `duplicated_person`, if it has one.
        detail: What the server adds to the reason, with personal data taken out.
    """

    outcome = Outcome.REJECTED
    hint = "The server refused; sending the same again will not help."

    def __init__(self, **refusal: Unpack[RefusalFields]) -> None:
        self.status = status = refusal["status"]
        self.code = code = refusal.get("code")
        self.message = message = refusal.get("message", "")
        self.reason = reason = refusal.get("reason")
        self.detail = refusal.get("detail")
        text = f"HTTP {status} {reason or code or ''}".rstrip()
        if message and message not in (reason, f"{status}:{reason}"):
            text = f"{text}: {message}"
        super().__init__(text)


class AuthenticationError(ApiError):
    """401: the token is missing, malformed or revoked."""

    hint = "Check the token; every further call will be refused alike."


class TokenExpiredError(AuthenticationError):
    """401 or 403 `token_expired`, also after the token was renewed once."""

    hint = "Get a new token; every further call will be refused alike."


class PermissionDeniedError(ApiError):
    """403 for another reason than an expired token."""

    hint = "This account may not do this; ask who manages it."


class InsufficientCreditsError(PermissionDeniedError):
    """402, or a 403 which says that the credits are used up."""

    hint = "Buy credits; every further call will be refused alike."


@attrs.frozen(kw_only=True)
class ExistingPerson:
    """Who is enrolled already, without personal data.

    Attributes:
        id: The person's id, if the answer gave it.
        collections: Ids (or codes) of the collections which hold the person.
    """

    id: str | None = None
    collections: tuple[str, ...] = ()


class DuplicatePersonError(ApiError):
    """The person, or the face, is in this collection already.

    Attributes:
        may_be_own_write: An earlier attempt of this very call ended `UNKNOWN`, so
            the person found may be the one that this call enrolled.
        existing_person: The person found, where the answer tells.
    """

    hint = "The person is enrolled already: use that one, or another collection."

    def __init__(
        self,
        *,
        existing_person: ExistingPerson | None = None,
        **refusal: Unpack[RefusalFields],
    ) -> None:
        super().__init__(**refusal)
        self.existing_person = existing_person
        self.may_be_own_write = False


class LivenessFailedError(ApiError):
    """The images did not pass the liveness check.

    Attributes:
        score: The liveness score (0 to 1) if the answer gave it.
        retakeable: The capture was at fault (light, position, several faces), so a
            new photograph may pass; False for a verdict on the face itself.
    """

    hint = "Take new photographs of the living person; see `reason`."

    def __init__(
        self,
        *,
        score: float | None = None,
        retakeable: bool = False,
        **refusal: Unpack[RefusalFields],
    ) -> None:
        super().__init__(**refusal)
        self.score = score
        self.retakeable = retakeable


class InvalidImageError(ApiError):
    """412: an image is no raw base64, too small, or can't be read."""

    hint = "Check the image files; the server could not read one of them."


class ParameterError(ApiError):
    """400, 409 or 422: a parameter is missing or out of range."""

    hint = "See `message` for the parameter; the same request will fail again."


class NotFoundError(ApiError):
    """404: the collection, or the address, does not exist."""

    hint = "Check collection_id and the base URL."


class RateLimitedError(ApiError):
    """429, or 503 with Retry-After: not now. The request was not acted upon.

    Attributes:
        retry_after: Seconds to wait at the least, if the server said so.
    """

    hint = "Send fewer requests, or later; this one was not acted upon."

    def __init__(
        self,
        *,
        retry_after: float | None = None,
        **refusal: Unpack[RefusalFields],
    ) -> None:
        super().__init__(**refusal)
        self.retry_after = retry_after


class ServerError(OutcomeUnknownError, ApiError):
    """5xx: the server failed, and may have acted before it did."""


def note_outcome(cancelled: BaseException, *, sent: bool, attempts: int = 0) -> None:
    """Say on a cancellation whether the server can have acted; see `outcome_of`."""
    outcome = Outcome.UNKNOWN if sent else Outcome.NOT_SENT
    cancelled.__dict__.update(verifik_outcome=outcome, verifik_attempts=attempts)


def outcome_of(error: BaseException) -> Outcome:
    """Whether the server can have acted when a call ended with `error`.

    Also for the `CancelledError` of a cancelled call; `UNKNOWN` where nobody said.
    """
    if isinstance(error, VerifikError):
        return error.outcome
    noted: object = error.__dict__.get("verifik_outcome")
    return noted if isinstance(noted, Outcome) else Outcome.UNKNOWN


def attempts_of(error: BaseException) -> int:
    """Requests sent, or begun, by a call that ended with `error`."""
    if isinstance(error, VerifikError):
        return error.attempts
    noted: object = error.__dict__.get("verifik_attempts")
    return noted if isinstance(noted, int) else 0
