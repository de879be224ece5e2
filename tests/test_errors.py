"""The error tree: what each error promises to those who catch, log and pickle it."""

import copy
import inspect
import pickle
import traceback

import pytest

from verifik_async import errors
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
    RefusalFields,
    ServerError,
    TokenExpiredError,
    TransportError,
    UnexpectedResponseError,
    VerifikError,
    WriteError,
)

ROOTS = (VerifikError, TransportError)  # never raised themselves; they say no hint
REFUSAL: RefusalFields = {
    "status": 409,
    "code": "ERROR",
    "message": "m" * 300,
    "reason": "r" * 64,
    "detail": "d" * 300,
}
FAULT = FieldFault(field="images[1]", problem="is empty", hint="leave it out")
PERSON = ExistingPerson(id="5" * 64, collections=("6" * 64,) * 20)
NOT_SENT, REJECTED, UNKNOWN = Outcome.NOT_SENT, Outcome.REJECTED, Outcome.UNKNOWN

# An example of each class, the outcome of design.md §2, and the parents of §3.
TABLE: list[tuple[VerifikError, Outcome, set[type[BaseException]]]] = [
    (VerifikError("x"), NOT_SENT, {Exception}),
    (InvalidRequestError([FAULT] * 25), NOT_SENT, {VerifikError, ValueError}),
    (ConfigurationError("x"), NOT_SENT, {VerifikError, ValueError}),
    (ClientClosedError("x"), NOT_SENT, {VerifikError}),
    (CredentialsError("x"), NOT_SENT, {VerifikError}),
    (OutcomeUnknownError("x"), UNKNOWN, {VerifikError}),
    (TransportError("x"), NOT_SENT, {VerifikError}),
    (ConnectError("x"), NOT_SENT, {TransportError, ConnectionError}),
    (ConnectTimeoutError("x"), NOT_SENT, {TransportError, TimeoutError}),
    (WriteError("x"), NOT_SENT, {TransportError}),
    (
        ReadTimeoutError("x"),
        UNKNOWN,
        {OutcomeUnknownError, TransportError, TimeoutError},
    ),
    (
        ConnectionLostError("x"),
        UNKNOWN,
        {OutcomeUnknownError, TransportError, ConnectionError},
    ),
    (
        UnexpectedResponseError(status=200, problems=["p" * 500] * 50),
        UNKNOWN,
        {OutcomeUnknownError},
    ),
    (ApiError(**REFUSAL), REJECTED, {VerifikError}),
    (AuthenticationError(**REFUSAL), REJECTED, {ApiError}),
    (TokenExpiredError(**REFUSAL), REJECTED, {AuthenticationError}),
    (PermissionDeniedError(**REFUSAL), REJECTED, {ApiError}),
    (InsufficientCreditsError(**REFUSAL), REJECTED, {PermissionDeniedError}),
    (DuplicatePersonError(existing_person=PERSON, **REFUSAL), REJECTED, {ApiError}),
    (
        LivenessFailedError(score=0.45, retakeable=True, **REFUSAL),
        REJECTED,
        {ApiError},
    ),
    (InvalidImageError(**REFUSAL), REJECTED, {ApiError}),
    (ParameterError(**REFUSAL), REJECTED, {ApiError}),
    (NotFoundError(**REFUSAL), REJECTED, {ApiError}),
    (RateLimitedError(retry_after=1.5, **REFUSAL), REJECTED, {ApiError}),
    (ServerError(**REFUSAL), UNKNOWN, {OutcomeUnknownError, ApiError}),
]
EXAMPLES = [pytest.param(row[0], id=type(row[0]).__name__) for row in TABLE]


def test_table_is_complete() -> None:
    """Every error class of the module is held to the rules below."""
    here = {
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, BaseException)
    }
    assert {type(error) for error, *_ in TABLE} == here


@pytest.mark.parametrize(("error", "outcome", "parents"), TABLE)
def test_place_in_the_tree(
    error: VerifikError, outcome: Outcome, parents: set[type[BaseException]]
) -> None:
    """Each error has the outcome and exactly the parents that the design names."""
    assert error.outcome is outcome
    assert set(type(error).__bases__) == parents
    assert isinstance(error, VerifikError)


@pytest.mark.parametrize("error", EXAMPLES)
def test_unknown_has_one_class(error: VerifikError) -> None:
    """To handle `OutcomeUnknownError` is to handle every unknown outcome."""
    assert (error.outcome is UNKNOWN) == isinstance(error, OutcomeUnknownError)


@pytest.mark.parametrize("error", EXAMPLES)
def test_says_what_to_do(error: VerifikError) -> None:
    """Each error that is raised has a hint, shown once below its traceback."""
    if type(error) in ROOTS:
        assert error.hint == ""
        return
    assert error.hint.endswith((".", "`."))
    shown = "".join(traceback.format_exception(error))
    assert shown.count(error.hint) == 1


@pytest.mark.parametrize("error", EXAMPLES)
def test_is_documented(error: VerifikError) -> None:
    """Each class has a docstring of its own and stands in the module's tree."""
    kind = type(error)
    assert vars(kind).get("__doc__")
    assert kind.__name__ in (errors.__doc__ or "")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("error", EXAMPLES)
def test_survives_pickling(error: VerifikError, protocol: int) -> None:
    """A pickled error comes back with its class, text, attributes and hint."""
    error.attempts, error.elapsed = 2, 1.25
    data = pickle.dumps(error, protocol)
    found: object = pickle.loads(data)  # noqa: S301 - made one line above
    assert type(found) is type(error)
    assert isinstance(found, VerifikError)
    assert (str(found), found.args) == (str(error), error.args)
    assert vars(found) == vars(error)
    assert (found.attempts, found.elapsed) == (2, 1.25)


@pytest.mark.parametrize("error", EXAMPLES)
def test_is_small(error: VerifikError) -> None:
    """An error takes less than 4 kB, even with all fields as long as they get."""
    assert len(pickle.dumps(error)) < 4096


@pytest.mark.parametrize("error", EXAMPLES)
def test_can_be_copied(error: VerifikError) -> None:
    """Copies, shallow and deep, equal the error in everything but identity."""
    for found in (copy.copy(error), copy.deepcopy(error)):
        assert type(found) is type(error)
        assert vars(found) == vars(error)
        assert str(found) == str(error)


class _OwnError(ParameterError):
    """What a user derives, with another constructor."""

    def __init__(self, row: int) -> None:
        super().__init__(status=409, message="row")
        self.row = row


def test_subclasses_survive_pickling() -> None:
    """A class derived by a user needs no pickling code of its own."""
    found: object = pickle.loads(pickle.dumps(_OwnError(7)))  # noqa: S301 - our own
    assert isinstance(found, _OwnError)
    assert (found.row, found.status) == (7, 409)


def test_all_faults_are_kept() -> None:
    """`faults` holds everything; the text shows twenty and counts the rest."""
    faults = [FieldFault(field=f"f{n}", problem="is odd") for n in range(25)]
    error = InvalidRequestError(iter(faults))
    assert error.faults == tuple(faults)
    assert str(error).split("; ") == [f"f{n}: is odd" for n in range(20)] + [
        "and 5 more"
    ]


def test_fault_as_text() -> None:
    """A fault reads as field, problem and, if there is one, the remedy."""
    assert str(FAULT) == "images[1]: is empty (leave it out)"
    assert str(FieldFault(field="name", problem="is empty")) == "name: is empty"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"status": 500}, "HTTP 500"),
        ({"status": 500, "message": ""}, "HTTP 500"),
        ({"status": 423, "code": "Locked"}, "HTTP 423 Locked"),
        ({"status": 409, "code": "ERROR", "reason": "r_r"}, "HTTP 409 r_r"),
        ({"status": 409, "message": "r_r", "reason": "r_r"}, "HTTP 409 r_r"),
        ({"status": 409, "message": "409:r_r", "reason": "r_r"}, "HTTP 409 r_r"),
        ({"status": 409, "message": "said", "reason": "r_r"}, "HTTP 409 r_r: said"),
        ({"status": 404, "message": "said"}, "HTTP 404: said"),
    ],
)
def test_refusal_as_text(fields: RefusalFields, text: str) -> None:
    """A refusal reads as status, reason, message, and says nothing twice."""
    assert str(ApiError(**fields)) == text


def test_new_errors_have_no_history() -> None:
    """Before a client has noted them, attempts and time are nought."""
    error = ConnectError("refused")
    assert (error.attempts, error.elapsed) == (0, 0.0)
    assert DuplicatePersonError(status=409).may_be_own_write is False


def test_unexpected_answers_tell_a_few_problems() -> None:
    """At the most ten problems are kept, each cut to 160 characters."""
    error = UnexpectedResponseError(status=201, problems=["p" * 500] * 50)
    assert error.problems == ("p" * 160,) * 10
    assert error.status == 201
