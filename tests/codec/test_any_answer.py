"""Whatever a server answers, the codec gives a person or one of its errors."""

import json
import pickle

import pytest
from answers import PERSON_ID, answer, decoded
from hypothesis import given
from hypothesis import strategies as st

from verifik_async import (
    ApiError,
    Enrollment,
    HttpResponse,
    Outcome,
    UnexpectedResponseError,
    VerifikError,
)
from verifik_async.codec.refusals import WORDS

KEYS = st.sampled_from(
    [
        "message",
        "code",
        "error",
        "validationError",
        "data",
        "detail",
        "loc",
        "msg",
        "failureReason",
        "livenessScore",
        "_id",
        "id",
        "$oid",
        "collections",
        "name",
        "gender",
        "date_of_birth",
        "year",
        "month",
        "day",
        "createdAt",
        "signature",
    ]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(sorted(WORDS)).map(lambda word: f"409:{word}@0.4")
    | st.sampled_from(["1990-01-15", "2024-01-30T20:16:34.841Z", PERSON_ID, "F"])
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5)
    ),
    max_leaves=15,
)
BODIES = st.dictionaries(KEYS, VALUES, max_size=6)
STATUSES = st.sampled_from([400, 401, 402, 403, 404, 409, 412, 422, 429, 500, 503])
HEADERS = st.dictionaries(
    st.sampled_from(["Retry-After", "Date", "Content-Type"]),
    st.text() | st.integers().map(str) | st.floats().map(str),
)


def outcome_of(response: HttpResponse) -> Enrollment | VerifikError:
    """The enrollment, or the error; any other error fails the test."""
    try:
        return decoded(response)
    except VerifikError as error:
        return error


@given(st.integers(0, 999), HEADERS, st.binary() | st.text().map(str.encode))
def test_any_bytes(status: int, headers: dict[str, str], body: bytes) -> None:
    """Bytes that are no answer become an error that fits the status."""
    found = outcome_of(answer(status, body, headers=headers))
    if status < 400:
        assert isinstance(found, UnexpectedResponseError)
        assert found.outcome is Outcome.UNKNOWN
    else:
        assert isinstance(found, ApiError)
        assert (found.outcome is Outcome.UNKNOWN) == (status >= 500) or (
            status == 503 and "retry-after" in {name.lower() for name in headers}
        )


@given(STATUSES, HEADERS, BODIES)
def test_any_refusal(
    status: int, headers: dict[str, str], body: dict[str, object]
) -> None:
    """Any JSON beside a status of refusal becomes a small error that pickles."""
    found = outcome_of(answer(status, body, headers=headers))
    assert isinstance(found, ApiError)
    assert found.status == status
    data = pickle.dumps(found)
    assert len(data) < 4096
    copy: object = pickle.loads(data)  # noqa: S301 - made one line above
    assert vars(copy) == vars(found)


@given(st.integers(200, 299), BODIES)
def test_any_success(status: int, body: dict[str, object]) -> None:
    """Any JSON beside a status of success is a person or an unknown outcome."""
    found = outcome_of(answer(status, body))
    if isinstance(found, Enrollment):
        assert found.person.id
    else:
        assert isinstance(found, UnexpectedResponseError)


@given(BODIES)
def test_any_person(data: dict[str, object]) -> None:
    """A person with an id is never lost, and nothing that was told is."""
    data = {**data, "_id": PERSON_ID}
    found = outcome_of(answer(200, {"data": data}))
    assert isinstance(found, Enrollment)
    person = found.person
    told = json.loads(json.dumps(data))
    for key in told.keys() - {
        "_id",
        "name",
        "gender",
        "date_of_birth",
        "collections",
        "createdAt",
    }:
        assert repr(person.extra[key]) == repr(told[key])


@pytest.mark.parametrize("depth", [*range(900, 1000, 7), 5000])
@pytest.mark.parametrize("status", [200, 409])
@pytest.mark.parametrize("key", ["loc", "collections", "date_of_birth", "x"])
def test_deep_nesting(depth: int, status: int, key: str) -> None:
    """Nesting around the interpreter's limit is no error of another kind."""
    nest = "[" * depth + "]" * depth
    body = (
        f'{{"detail":[{{"{key}":{nest},"msg":"x"}}],'
        f'"data":{{"_id":"5","{key}":{nest},"detail":{nest}}}}}'
    )
    outcome_of(answer(status, body.encode()))
