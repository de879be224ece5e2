"""The client: what is sent again, what is known, what is told."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import pickle
import subprocess
import sys
import textwrap
from pathlib import Path

import attrs
import pytest
from fake_clock import FakeClock
from raw_server import Behaviour, Exchange, serving
from strategies import request_of

from verifik_async import (
    AttemptFinished,
    AttemptStarted,
    AuthenticationError,
    ClientClosedError,
    ConfigurationError,
    ConnectError,
    ConnectionLostError,
    CredentialsError,
    DuplicatePersonError,
    EnrollmentRequest,
    Event,
    HttpRequest,
    HttpResponse,
    InvalidImageError,
    Late,
    LivenessFailedError,
    Outcome,
    OutcomeUnknownError,
    ParameterError,
    RateLimitedError,
    ReadTimeoutError,
    RetryPolicy,
    RetryScheduled,
    SandboxTransport,
    ScriptedTransport,
    ScriptExhaustedError,
    ServerError,
    Timeout,
    TokenExpiredError,
    TokenRenewed,
    UnexpectedResponseError,
    VerifikClient,
    VerifikError,
)
from verifik_async.errors import attempts_of, outcome_of

TOKEN = "token-that-must-not-be-seen"
PERSON = {
    "id": "JQ4RM",
    "data": {"_id": "65175da13e81e4fabc12345", "collections": ["c"]},
    "signature": {"message": "Certified by Verifik.co", "dateTime": "…"},
}
EXPIRED = {"message": "token_expired", "code": "FORBIDDEN"}
DUPLICATE = {"message": "409:duplicated_person", "code": "ERROR"}
LIVENESS = {"message": "409:liveness_failed@0.31", "code": "ERROR"}


def answer(status: int, value: object, **headers: str) -> HttpResponse:
    """A scripted answer."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return HttpResponse.of_json(status, value, headers=named)


def client_of(
    *steps: HttpResponse | BaseException,
    retry: RetryPolicy | None = None,
    observers: tuple[object, ...] = (),
) -> tuple[VerifikClient, ScriptedTransport, FakeClock]:
    """A client on a script, with a clock that passes when slept on."""
    transport, clock = ScriptedTransport(steps), FakeClock()
    client = VerifikClient(
        TOKEN,
        transport,
        retry=retry,
        clock=clock,
        observers=observers,  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    )
    return client, transport, clock


async def test_an_enrolled_person_comes_back() -> None:
    """The answer's person, signature and request id, and the attempts it took."""
    client, transport, _ = client_of(answer(200, PERSON))
    enrollment = await client.enroll(request_of())
    assert enrollment.person.id == "65175da13e81e4fabc12345"
    assert enrollment.person.collections == ("c",)
    assert enrollment.signature is not None
    assert enrollment.request_id == "JQ4RM"
    assert enrollment.attempts == 1
    (sent,) = transport.requests
    assert sent.method == "POST"
    assert sent.url == (
        "https://api.verifik.co/v2/face-recognition/persons/search-live-face"
    )
    assert sent.headers["Authorization"] == f"Bearer {TOKEN}"
    assert sent.headers["Content-Type"] == "application/json"
    assert json.loads(sent.body.read())["name"] == request_of().name


async def failing(client: VerifikClient) -> VerifikError:
    """The error that an enrollment ends with."""
    with pytest.raises(VerifikError) as caught:
        await client.enroll(request_of())
    return caught.value


async def test_a_refused_connection_is_tried_again_and_was_not_sent() -> None:
    """All attempts are spent with back-off between them; the last error is raised."""
    client, transport, clock = client_of(*[ConnectError("refused")] * 3)
    error = await failing(client)
    assert isinstance(error, ConnectError)
    assert error.outcome is Outcome.NOT_SENT
    assert error.attempts == 3
    assert len(transport.requests) == 3
    assert len(clock.slept) == 2
    assert error.elapsed == pytest.approx(sum(clock.slept))


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (409, DUPLICATE, DuplicatePersonError),
        (409, LIVENESS, LivenessFailedError),
        (409, {"message": '"name" is required'}, ParameterError),
        (412, {"message": "only_images_in_base64"}, InvalidImageError),
        (401, {"message": "Authentication required"}, AuthenticationError),
        (403, EXPIRED, TokenExpiredError),
    ],
)
async def test_refusals_are_final(
    status: int, body: object, kind: type[VerifikError]
) -> None:
    """The server's no is asked for once."""
    client, transport, _ = client_of(answer(status, body))
    error = await failing(client)
    assert type(error) is kind
    assert error.outcome is Outcome.REJECTED
    assert len(transport.requests) == error.attempts == 1


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (answer(500, {"message": "internal_error", "code": "ERROR"}), ServerError),
        (answer(502, "<html>"), ServerError),
        (answer(503, {}), ServerError),
        (ReadTimeoutError("late"), ReadTimeoutError),
        (ConnectionLostError("lost"), ConnectionLostError),
        (answer(200, {"message": "what?"}), UnexpectedResponseError),
        (HttpResponse(status=200), UnexpectedResponseError),
    ],
)
async def test_unknown_outcomes_are_not_sent_again(
    step: HttpResponse | BaseException, kind: type[VerifikError]
) -> None:
    """A lost or unreadable answer is one request, and UNKNOWN."""
    client, transport, _ = client_of(step)
    error = await failing(client)
    assert type(error) is kind
    assert isinstance(error, OutcomeUnknownError)
    assert error.outcome is Outcome.UNKNOWN
    assert len(transport.requests) == 1


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_waited_for(status: int) -> None:
    """429, or 503 with Retry-After: waited at least that long, then sent again."""
    later = answer(status, {"message": "slow down"}, Retry_After="7")
    client, transport, clock = client_of(later, answer(200, PERSON))
    enrollment = await client.enroll(request_of())
    assert enrollment.attempts == 2
    assert len(transport.requests) == 2
    assert clock.slept[0] == 7
    assert sum(clock.slept) <= 7 * 1.05


async def test_a_retry_after_beyond_patience_is_raised() -> None:
    """A wait longer than max_wait is the caller's to decide on."""
    later = answer(429, {}, Retry_After="3600")
    client, transport, clock = client_of(later)
    error = await failing(client)
    assert isinstance(error, RateLimitedError)
    assert error.retry_after == 3600
    assert clock.slept == []
    assert len(transport.requests) == 1


async def test_a_resent_request_has_the_same_body() -> None:
    """Every attempt sends the whole body anew."""
    client, transport, _ = client_of(
        ConnectError("no"),
        ReadTimeoutError("late"),
        answer(200, PERSON),
        retry=RetryPolicy(on_unknown="resend"),
    )
    await client.enroll(request_of())
    bodies = {request.body.read() for request in transport.requests}
    assert len(transport.requests) == 3
    assert len(bodies) == 1
    assert json.loads(bodies.pop())["images"]


async def test_a_lost_answer_then_a_duplicate_may_be_our_own() -> None:
    """With resend, the person found may be the one of the lost attempt."""
    client, _, _ = client_of(
        ReadTimeoutError("late"),
        answer(409, DUPLICATE),
        retry=RetryPolicy(on_unknown="resend"),
    )
    error = await failing(client)
    assert isinstance(error, DuplicatePersonError)
    assert error.may_be_own_write
    assert error.attempts == 2


@pytest.mark.parametrize(
    "later",
    [answer(409, LIVENESS), ConnectError("no"), answer(401, {"message": "no"})],
)
async def test_a_lost_answer_stays_unknown_whatever_follows(
    later: HttpResponse | BaseException,
) -> None:
    """A later refusal or failed connection says nothing about the lost attempt."""
    client, _, _ = client_of(
        ReadTimeoutError("late"),
        later,
        retry=RetryPolicy(on_unknown="resend", max_attempts=2),
    )
    error = await failing(client)
    assert isinstance(error, ReadTimeoutError)
    assert isinstance(error.__cause__, VerifikError)
    assert error.attempts == 2


class Provider:
    """A token provider that counts."""

    def __init__(self) -> None:
        self.generation = 1
        self.renewals = 0

    async def get_token(self, *, force_refresh: bool = False) -> str:
        """The current token."""
        await asyncio.sleep(0)
        self.renewals += force_refresh
        self.generation += force_refresh
        return f"token-{self.generation}"


class FirstTokenExpired:
    """A server to which token-1 has expired."""

    def __init__(self) -> None:
        self.refused = self.accepted = 0

    async def send(self, request: HttpRequest) -> HttpResponse:
        """403 for the first token, a person for later ones."""
        await asyncio.sleep(0.001)
        if request.headers["Authorization"] == "Bearer token-1":
            self.refused += 1
            return answer(403, EXPIRED)
        self.accepted += 1
        return answer(200, PERSON)

    async def aclose(self) -> None:
        """Nothing to free."""


async def test_a_hundred_tasks_renew_an_expired_token_once() -> None:
    """Each task sends again with the renewed token; the provider is asked once."""
    provider, server, events = Provider(), FirstTokenExpired(), list[Event]()
    retry = RetryPolicy(max_attempts=1)
    client = VerifikClient(provider, server, retry=retry, observers=[events.append])
    tasks = (client.enroll(request_of()) for _ in range(100))
    enrollments = await asyncio.gather(*tasks)
    assert provider.renewals == 1
    assert server.refused == server.accepted == 100
    assert {enrollment.attempts for enrollment in enrollments} == {2}
    assert events.count(TokenRenewed()) == 1


async def test_a_renewed_token_that_is_refused_too_is_final() -> None:
    """One renewal a call: an account that is out stays out."""
    transport = ScriptedTransport([answer(401, EXPIRED), answer(401, EXPIRED)])
    client = VerifikClient(Provider(), transport)
    error = await failing(client)
    assert isinstance(error, TokenExpiredError)
    assert error.attempts == 2


async def test_a_provider_that_fails_sends_nothing() -> None:
    """Without a token nothing is sent."""

    class Broken:
        async def get_token(self, *, force_refresh: bool = False) -> str:
            raise RuntimeError("no")

    transport = ScriptedTransport([])
    error = await failing(VerifikClient(Broken(), transport))
    assert isinstance(error, CredentialsError)
    assert error.attempts == 0
    assert transport.requests == []


async def test_observers_are_told_what_happens() -> None:
    """Events tell the course of a call, in order, without personal data."""
    events: list[Event] = []
    client, _, clock = client_of(
        ConnectError("no"), answer(409, LIVENESS), observers=(events.append,)
    )
    await failing(client)
    size = next(e.body_bytes for e in events if isinstance(e, AttemptStarted))
    assert events == [
        AttemptStarted(call=1, attempt=1, body_bytes=size),
        AttemptFinished(
            call=1, attempt=1, elapsed=0, outcome=Outcome.NOT_SENT, error="ConnectError"
        ),
        RetryScheduled(call=1, attempt=1, wait=clock.slept[0], because="ConnectError"),
        AttemptStarted(call=1, attempt=2, body_bytes=size),
        AttemptFinished(
            call=1,
            attempt=2,
            elapsed=0,
            outcome=Outcome.REJECTED,
            error="LivenessFailedError",
            status=409,
            reason="liveness_failed",
        ),
    ]
    assert all(attrs.has(type(event)) for event in events)


async def test_a_failing_observer_fails_no_enrollment(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An observer's fault is logged once, and the call goes on."""

    def broken(_: Event) -> None:
        raise RuntimeError("observer is broken")

    client, _, _ = client_of(answer(200, PERSON), observers=(broken,))
    await client.enroll(request_of())
    assert caplog.text.count("An observer failed") == 1


async def test_a_cancelled_call_is_told_as_unknown() -> None:
    """Cancelling raises CancelledError at once, and observers learn of it."""
    events: list[Event] = []

    class Never:
        async def send(self, request: HttpRequest) -> HttpResponse:
            await asyncio.sleep(60)
            raise AssertionError

        async def aclose(self) -> None:
            pass

    client = VerifikClient(TOKEN, Never(), observers=[events.append])
    task = asyncio.create_task(client.enroll(request_of()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    last = events[-1]
    assert isinstance(last, AttemptFinished)
    assert last.outcome is Outcome.UNKNOWN
    assert last.error == "CancelledError"


async def test_foreign_errors_pass_unchanged_and_are_not_retried() -> None:
    """A fixture's miss, or a bug, is nobody's transport error."""
    client, transport, _ = client_of()
    with pytest.raises(ScriptExhaustedError):
        await client.enroll(request_of())
    assert len(transport.requests) == 1


async def test_a_closed_client_refuses() -> None:
    """After closing, which may be done twice, nothing is sent."""
    client, transport, _ = client_of(answer(200, PERSON))
    async with client:
        pass
    await client.aclose()
    error = await failing(client)
    assert isinstance(error, ClientClosedError)
    assert transport.requests == []


async def test_only_checked_requests_are_taken() -> None:
    """Whoever passes something else is told what to pass."""
    client, _, _ = client_of()
    with pytest.raises(ConfigurationError, match="EnrollmentRequest, not dict"):
        await client.enroll({"name": "Jane"})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_a_client_can_be_set_up_by_the_environment() -> None:
    """VERIFIK_TOKEN and VERIFIK_BASE_URL; nothing is read at import."""
    env = {"VERIFIK_TOKEN": "abc", "VERIFIK_BASE_URL": "http://127.0.0.1:9/"}
    client = VerifikClient.from_env(ScriptedTransport([]), env=env)
    assert client.base_url == "http://127.0.0.1:9"
    client = VerifikClient.from_env(env={"VERIFIK_TOKEN": "abc"})
    assert client.base_url == "https://api.verifik.co"
    with pytest.raises(ConfigurationError, match="VERIFIK_TOKEN is not set"):
        VerifikClient.from_env(env={})
    with pytest.raises(ConfigurationError, match="base_url"):
        VerifikClient.from_env(env={"VERIFIK_TOKEN": "abc", "VERIFIK_BASE_URL": ""})


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"transport": "https://api.verifik.co"}, "transport must be"),
        ({"transport": SandboxTransport}, "transport must be"),
        ({"timeout": 5}, "timeout must be a Timeout, not int"),
        ({"retry": 3}, "retry must be a RetryPolicy, not int"),
    ],
)
def test_what_is_no_setting_is_refused_at_once(
    wrong: dict[str, object], said: str
) -> None:
    """A wrong setting is named when the client is made, not when it is used."""
    with pytest.raises(ConfigurationError, match=said):
        VerifikClient(TOKEN, **wrong)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def test_a_cancelled_call_tells_whether_it_was_sent() -> None:
    """Waiting for a token or a retry, nobody was enrolled; in flight, who knows."""

    async def cancelled(client: VerifikClient) -> asyncio.CancelledError:
        task = asyncio.create_task(client.enroll(request_of()))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        await client.aclose()
        return caught.value

    class SlowProvider:
        async def get_token(self, *, force_refresh: bool = False) -> str:
            await asyncio.sleep(60)
            return "token"

    waiting = await cancelled(VerifikClient(SlowProvider(), ScriptedTransport([])))
    assert outcome_of(waiting) is Outcome.NOT_SENT
    assert "was not acted upon" in waiting.__notes__[0]
    later = ScriptedTransport([answer(429, {}, Retry_After="30")])
    assert outcome_of(await cancelled(VerifikClient(TOKEN, later))) is Outcome.NOT_SENT
    hanging = ScriptedTransport([Late(answer(200, PERSON), 60)])
    in_flight = await cancelled(VerifikClient(TOKEN, hanging))
    assert outcome_of(in_flight) is Outcome.UNKNOWN
    assert attempts_of(in_flight) == 1


def test_the_environment_is_that_of_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without `env` the process's own environment is read."""
    monkeypatch.setenv("VERIFIK_TOKEN", "abc")
    monkeypatch.setenv("VERIFIK_BASE_URL", "https://staging.example")
    assert VerifikClient.from_env().base_url == "https://staging.example"


@pytest.mark.parametrize("url", ["http://api.verifik.co", "ftp://x", "api.verifik.co"])
def test_unfit_addresses_are_refused_at_once(url: str) -> None:
    """A client that would send faces in the clear is not made."""
    with pytest.raises(ConfigurationError):
        VerifikClient(TOKEN, base_url=url)


async def echo_person(exchange: Exchange) -> None:
    """Answer with a person."""
    await exchange.read_body()
    await exchange.answer(200, PERSON)


async def drop(exchange: Exchange) -> None:
    """Take everything and close."""
    await exchange.read_body()
    exchange.writer.close()


def answering(status: int, body: object, **headers: str) -> Behaviour:
    """A server's behaviour: this answer."""

    async def behave(exchange: Exchange) -> None:
        await exchange.read_body()
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        await exchange.answer(status, body, named)

    return behave


@pytest.mark.parametrize(
    ("behaviours", "requests", "outcome"),
    [
        ([drop], 1, Outcome.UNKNOWN),
        ([answering(500, {"message": "internal_error"})], 1, Outcome.UNKNOWN),
        ([answering(409, DUPLICATE)], 1, Outcome.REJECTED),
        ([answering(412, {"message": "only_images_in_base64"})], 1, Outcome.REJECTED),
        ([answering(429, {}, Retry_After="0"), drop], 2, Outcome.UNKNOWN),
        ([answering(429, {}, Retry_After="0"), echo_person], 2, None),
    ],
)
async def test_over_real_sockets_the_server_sees_what_it_should(
    behaviours: list[Behaviour], requests: int, outcome: Outcome | None
) -> None:
    """The number of requests on the wire, and the outcome, case by case."""
    async with (
        serving(*behaviours) as server,
        VerifikClient(TOKEN, base_url=server.url) as client,
    ):
        if outcome is None:
            await client.enroll(request_of())
        else:
            assert (await failing(client)).outcome is outcome
        assert len(server.exchanges) == requests


async def test_a_lost_answer_on_a_used_connection_is_one_request() -> None:
    """A reused keep-alive connection makes no difference: one request, UNKNOWN."""
    async with (
        serving(echo_person, drop) as server,
        VerifikClient(TOKEN, base_url=server.url) as client,
    ):
        await client.enroll(request_of())
        error = await failing(client)
        assert isinstance(error, OutcomeUnknownError)
        assert len(server.exchanges) == 2
        assert server.connections == 1


async def test_timeouts_of_the_client_reach_the_transport() -> None:
    """Timeout is the client's, and kept by whatever transport carries."""

    async def silent(exchange: Exchange) -> None:
        await exchange.read_body()
        await asyncio.sleep(60)

    async with (
        serving(silent) as server,
        VerifikClient(TOKEN, base_url=server.url, timeout=Timeout(read=0.1)) as client,
    ):
        assert isinstance(await failing(client), ReadTimeoutError)


async def test_the_sandbox_in_memory_behaves_like_the_service() -> None:
    """The same face twice in one collection is a duplicate."""
    async with VerifikClient(TOKEN, SandboxTransport()) as client:
        enrollment = await client.enroll(request_of())
        assert enrollment.person.name == request_of().name
        assert isinstance(await failing(client), DuplicatePersonError)


async def test_nothing_private_is_logged_or_raised(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """No log at DEBUG level and no error holds token, name, birth date or image."""
    caplog.set_level(logging.DEBUG)
    person = request_of(name="Zebulon Quarternight", date_of_birth="1971-03-04")
    secrets = _secrets_of(person)
    echoed = {"message": f"{person.name} 1971-03-04 {TOKEN} {secrets[-1]}"}
    behaviours = [
        answering(418, echoed),
        answering(409, {"message": echoed["message"], "code": person.name}),
        answering(500, echoed),
        answering(200, echoed),
        drop,
    ]
    texts: list[str] = []
    async with (
        serving(*behaviours) as server,
        VerifikClient(TOKEN, base_url=server.url, observers=[lambda _: None]) as client,
    ):
        for _ in behaviours:
            with pytest.raises(VerifikError) as caught:
                await client.enroll(person)
            error = caught.value
            assert len(pickle.dumps(error)) < 4096
            texts += [str(error), repr(error), str(vars(error)), repr(client)]
            texts.append(pickle.dumps(error).decode("latin-1"))
    texts.append(caplog.text)
    assert "AttemptStarted" in caplog.text
    assert [s for s in secrets for text in texts if s in text] == []


def _secrets_of(person: EnrollmentRequest) -> list[str]:
    with person.images[0].open() as stream:
        image = base64.b64encode(stream.read()).decode()
    return [TOKEN, "Zebulon", "Quarternight", "1971-03-04", image[:60]]


def test_one_client_in_two_loops_leaves_nothing_open() -> None:
    """A client used in two runs of asyncio, never closed: works, and no warning."""
    program = """
        import asyncio, gc
        from raw_server import serving
        from strategies import request_of
        from verifik_async import VerifikClient

        ports = []

        async def person(exchange):
            await exchange.read_body()
            await exchange.answer(200, {"data": {"_id": "1"}})

        class Provider:
            async def get_token(self, *, force_refresh=False):
                await asyncio.sleep(0)
                return "token"

        async def main():
            global client
            async with serving(person) as server:
                if client is None:
                    client = VerifikClient(Provider(), base_url=server.url)
                client._base_url = server.url
                calls = (client.enroll(request_of()) for _ in range(5))
                print(len(await asyncio.gather(*calls)))

        client = None
        asyncio.run(main())
        asyncio.run(main())
        del client
        gc.collect()
    """
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(Path(__file__).parent / "support")},
        timeout=60,
    )
    assert ran.stdout == "5\n5\n"
    assert ran.stderr == ""
