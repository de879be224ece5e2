"""For tests of batches: numbered persons, sources, and a transport that counts."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Generator,
    Iterable,
)

import pybase64
from strategies import jpeg, request_of

from verifik_async import (
    ApiError,
    BatchEnroller,
    BatchItem,
    BatchOutcome,
    EnrollmentRequest,
    FaceImage,
    HttpRequest,
    HttpResponse,
    InvalidRequestError,
    RetryPolicy,
    UnexpectedResponseError,
    VerifikClient,
    VerifikError,
    errors,
)

Answer = HttpResponse | BaseException
Given = EnrollmentRequest | BatchItem
Source = Iterable[Given] | AsyncIterable[Given]
HANG = 30
"""Seconds after which a run that should have ended is given up."""

ERRORS: tuple[type[VerifikError], ...] = tuple(
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, VerifikError)
)
"""Every class of the tree."""


def error_of(kind: type[VerifikError]) -> VerifikError:
    """An error of this class."""
    if issubclass(kind, InvalidRequestError):
        return kind([])
    if issubclass(kind, UnexpectedResponseError):
        return kind(status=200, problems=[])
    return kind(status=400) if issubclass(kind, ApiError) else kind("by design")


def person(number: int, *, size: int = 150) -> EnrollmentRequest:
    """Someone whose one image tells the number."""
    return request_of(images=[FaceImage.from_bytes(jpeg(number, size=size))])


def number_of(request: HttpRequest) -> int:
    """Whose request it is."""
    body: dict[str, list[str]] = json.loads(request.body.read())
    image = pybase64.b64decode(body["images"][0])
    return int.from_bytes(image[4:12], "big")


def enrolled(number: int) -> HttpResponse:
    """The answer for a person who was enrolled."""
    return HttpResponse.of_json(200, {"data": {"_id": f"person-{number}"}})


def refused(status: int, message: str = "", code: str = "ERROR") -> HttpResponse:
    """The server's no."""
    return HttpResponse.of_json(status, {"message": message, "code": code})


async def at_once(_number: int) -> None:
    """No wait, but others may run."""
    await asyncio.sleep(0)


async def turns(count: int) -> None:
    """Let the event loop go round so many times."""
    for _ in range(count):
        await asyncio.sleep(0)


class Carrier:
    """A transport that answers by the person's number.

    Attributes:
        sent: Whose requests came, in order.
        in_flight: How many are there now.
        most: How many there were at once.
    """

    def __init__(
        self,
        answer: Callable[[int], Answer] = enrolled,
        *,
        wait: Callable[[int], Awaitable[None]] = at_once,
    ) -> None:
        self._answer = answer
        self._wait = wait
        self.sent: list[int] = []
        self.in_flight = 0
        self.most = 0

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Wait, then answer or raise."""
        number = number_of(request)
        self.sent.append(number)
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)
        try:
            await self._wait(number)
        finally:
            self.in_flight -= 1
        answer = self._answer(number)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    async def aclose(self) -> None:
        """Nothing is held."""


class Persons:
    """Persons 0, 1, 2 and so on, without end unless `count` is given.

    Attributes:
        pulled: How many were handed out.
        closed: Whether the source was closed, or came to its end.
    """

    def __init__(self, count: int | None = None) -> None:
        self._numbers = itertools.count() if count is None else range(count)
        self.pulled = 0
        self.closed = False

    def source(self, *, asynchronous: bool) -> Source:
        """As either kind of generator."""
        return self.later() if asynchronous else self.plain()

    def plain(self) -> Generator[EnrollmentRequest]:
        """As a generator."""
        try:
            for number in self._numbers:
                self.pulled += 1
                yield person(number)
        finally:
            self.closed = True

    async def later(self) -> AsyncGenerator[EnrollmentRequest]:
        """As an asynchronous generator."""
        try:
            for number in self._numbers:
                await asyncio.sleep(0)
                self.pulled += 1
                yield person(number)
        finally:
            await asyncio.sleep(0)
            self.closed = True


def client_of(carrier: Carrier) -> VerifikClient:
    """A client that sends each request once."""
    once = RetryPolicy(max_attempts=1)
    return VerifikClient("token", transport=carrier, retry=once)


async def outcomes_of(enroller: BatchEnroller, people: Source) -> list[BatchOutcome]:
    """All outcomes of a run, in the order of the source."""
    async with asyncio.timeout(HANG), enroller:
        outcomes = [outcome async for outcome in enroller.enroll(people)]
    return in_order(outcomes)


async def take(outcomes: AsyncIterator[BatchOutcome], count: int) -> list[BatchOutcome]:
    """The next so many."""
    async with asyncio.timeout(HANG):
        return [await anext(outcomes) for _ in range(count)]


async def take_all(
    outcomes: AsyncIterator[BatchOutcome], taken: list[BatchOutcome]
) -> None:
    """All that come; `taken` also has them if the run ends with an error."""
    async with asyncio.timeout(HANG):
        async for outcome in outcomes:
            taken.append(outcome)  # noqa: PERF401 - a comprehension would lose them


def in_order(outcomes: Iterable[BatchOutcome]) -> list[BatchOutcome]:
    """In the order of the source."""
    return sorted(outcomes, key=lambda outcome: outcome.index)


def indexes(outcomes: Iterable[BatchOutcome]) -> list[int]:
    """Whose outcomes these are, in the order of the source."""
    return [outcome.index for outcome in in_order(outcomes)]


def tasks_left() -> list[str]:
    """Names of the tasks that run beside the caller's."""
    current = asyncio.current_task()
    return [task.get_name() for task in asyncio.all_tasks() if task is not current]
