"""What users' type checkers say about the public names: checked, never run.

Each line with an `ignore` is a mistake that has to be found; the checkers complain
about an `ignore` which is not needed.
"""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

import datetime as dt
import io
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, assert_never, assert_type

import verifik_async
from verifik_async import (
    AiohttpTransport,
    ApiError,
    AttemptFinished,
    AttemptStarted,
    BatchEnroller,
    BatchItem,
    BatchOutcome,
    BatchReport,
    ConnectError,
    DuplicatePersonError,
    Enrollment,
    EnrollmentRequest,
    Event,
    ExistingPerson,
    FaceImage,
    FieldFault,
    Gender,
    HttpRequest,
    HttpResponse,
    ImageKind,
    InvalidRequestError,
    LimitChanged,
    LimiterSnapshot,
    Limits,
    LivenessFailedError,
    Outcome,
    OutcomeStatus,
    OutcomeUnknownError,
    Paused,
    Person,
    RateLimitedError,
    RetryPolicy,
    RetryScheduled,
    SandboxTransport,
    ScriptedTransport,
    SearchMode,
    Signature,
    Timeout,
    TokenProvider,
    TokenRenewed,
    Transport,
    UnexpectedResponseError,
    VerifikClient,
)


def names() -> None:
    """A lazy name has its type, a misspelt one is found."""
    assert_type(verifik_async.AiohttpTransport(), AiohttpTransport)
    verifik_async.Misspelt()  # type: ignore[attr-defined]


class MyTokens:
    """A token provider by shape alone."""

    async def get_token(self, *, force_refresh: bool = False) -> str:
        """The token."""
        return "new" if force_refresh else "old"


class MyTransport:
    """A transport by shape alone, wrapped around another."""

    def __init__(self, inner: Transport) -> None:
        self.inner = inner

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Carry."""
        assert_type(request.headers, Mapping[str, str])
        return await self.inner.send(request.with_header("X", "1"))

    async def aclose(self) -> None:
        """Close."""


class NoTransport:
    """Lacks `aclose`."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Carry."""
        raise NotImplementedError(request)


def protocols() -> None:
    """Everything that carries is a transport; nothing needs to be inherited."""
    _: list[Transport] = [
        AiohttpTransport(),
        SandboxTransport(),
        ScriptedTransport([HttpResponse(status=200), ConnectError("x")]),
        MyTransport(AiohttpTransport()),
    ]
    VerifikClient(MyTokens(), MyTransport(AiohttpTransport()))
    provider: TokenProvider = MyTokens()
    VerifikClient(provider, retry=RetryPolicy(on_unknown="resend"))
    VerifikClient("token", NoTransport())  # type: ignore[arg-type]
    VerifikClient(None)  # type: ignore[arg-type]
    VerifikClient("token", None, "https://api.verifik.co")  # type: ignore[call-arg]
    RetryPolicy(on_unknown="always")  # type: ignore[arg-type]
    Timeout(10)  # type: ignore[call-arg]
    Timeout(total=10)  # type: ignore[call-arg]


def requests(images: list[FaceImage], stream: Iterator[FaceImage]) -> None:
    """Fields take what they convert, and give what they are."""
    request = EnrollmentRequest(
        name="Jane Doe",
        gender="F",
        date_of_birth="1990-01-15",
        collection_id="65b9592267cc4f096dbe743d",
        liveness_min_score=0.65,
        min_score=1,
        search_mode="FAST",
        images=images,
    )
    assert_type(request.gender, Gender)
    assert_type(request.date_of_birth, dt.date)
    assert_type(request.nationality, str | None)
    assert_type(request.min_score, float)
    assert_type(request.search_mode, SearchMode)
    assert_type(request.images, tuple[FaceImage, ...])
    request.name = "x"  # type: ignore[misc]
    EnrollmentRequest(  # type: ignore[call-arg]
        name="Jane Doe",
        gender=Gender.FEMALE,
        date_of_birth=dt.date(1990, 1, 15),
        collection_id="c",
        liveness_min_score=0.65,
        min_score=0.8,
        images=stream,
    )
    EnrollmentRequest(
        name=b"Jane",  # type: ignore[arg-type]
        gender=SearchMode.FAST,
        date_of_birth=19900115,  # type: ignore[arg-type]
        collection_id=7,  # type: ignore[arg-type]
        liveness_min_score="0.65",  # type: ignore[arg-type]
        min_score=None,  # type: ignore[arg-type]
        search_mode=SearchMode.FAST,
        images=["a.jpg"],  # type: ignore[list-item]
    )


def faces(archive: BinaryIO) -> None:
    """Four ways to an image."""
    image = assert_type(FaceImage.from_path("a.jpg"), FaceImage)
    FaceImage.from_path(Path("a.jpg"))
    FaceImage.from_bytes(memoryview(b""))
    FaceImage.from_base64(b"", allow_data_url=True)
    FaceImage.from_opener(lambda: io.BytesIO(b""), 100)
    assert_type(image.kind, ImageKind)
    assert_type(image.open(), BinaryIO)
    FaceImage.from_path(archive)  # type: ignore[arg-type]
    FaceImage.from_base64("", True)  # type: ignore[call-arg]  # noqa: FBT003


async def services(  # noqa: PLR0911 - one return for each error
    client: VerifikClient, request: EnrollmentRequest
) -> str:
    """One person: what comes back, and what each error tells."""
    try:
        enrollment = await client.enroll(request)
    except OutcomeUnknownError as error:
        assert_type(error.outcome, Outcome)
        assert_type(error.attempts, int)
        if isinstance(error, UnexpectedResponseError):
            assert_type(error.problems, tuple[str, ...])
        return error.hint
    except InvalidRequestError as error:
        assert_type(error.faults, tuple[FieldFault, ...])
        return error.faults[0].problem
    except DuplicatePersonError as error:
        assert_type(error.may_be_own_write, bool)
        assert_type(error.existing_person, ExistingPerson | None)
        return "duplicate"
    except LivenessFailedError as error:
        assert_type(error.score, float | None)
        return error.reason or ""
    except RateLimitedError as error:
        assert_type(error.retry_after, float | None)
        return "later"
    except ApiError as error:
        assert_type(error.status, int)
        assert_type(error.code, str | None)
        assert_type(error.detail, str | None)
        return error.message
    assert_type(enrollment, Enrollment)
    assert_type(enrollment.person, Person)
    assert_type(enrollment.person.collections, tuple[str, ...])
    assert_type(enrollment.person.date_of_birth, dt.date | None)
    assert_type(enrollment.person.extra, Mapping[str, object])
    assert_type(enrollment.signature, Signature | None)
    return enrollment.person.id


async def batches(
    client: VerifikClient, people: AsyncIterator[EnrollmentRequest]
) -> None:
    """Many persons, from any kind of source."""
    async with BatchEnroller(client, concurrency=8) as enroller:
        async for outcome in enroller.enroll(people):
            assert_type(outcome, BatchOutcome)
            assert_type(outcome.status, OutcomeStatus)
            assert_type(outcome.enrollment, Enrollment | None)
        enroller.enroll([])
        enroller.enroll(iter([BatchItem(request=later)]))
        enroller.enroll(["row"])  # type: ignore[list-item]
    assert_type(enroller.report, BatchReport)


def limits() -> None:
    """What a client is held to, for good or for a while."""
    client = VerifikClient("token", limits=Limits(rate=5, concurrency="auto"))
    with client.limiter.configured(Limits(concurrency=8)):
        assert_type(client.limiter.limits, Limits)
        assert_type(client.limiter.snapshot(), LimiterSnapshot)
    VerifikClient("token", limits=5)  # type: ignore[arg-type]
    Limits(5)  # type: ignore[call-arg]
    Limits(concurrency="all")  # type: ignore[arg-type]


def later() -> EnrollmentRequest:
    """A request made when its turn comes."""
    raise NotImplementedError


def decisions(outcome: Outcome, event: Event) -> str:
    """Outcomes and events can be told apart completely."""
    match outcome:
        case Outcome.NOT_SENT | Outcome.REJECTED:
            pass
        case Outcome.UNKNOWN:
            return "look the person up"
        case _:
            assert_never(outcome)
    match event:
        case AttemptStarted():
            return str(event.body_bytes)
        case AttemptFinished():
            return str(event.outcome)
        case RetryScheduled() | Paused() | LimitChanged():
            return event.because
        case TokenRenewed():
            return "renewed"
        case _:
            assert_never(event)
