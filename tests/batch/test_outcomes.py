"""Verdicts: every error of the tree means one status, and keeps no image alive."""

from __future__ import annotations

import attrs
import pytest
from batch_runs import ERRORS, error_of
from strategies import request_of

from verifik_async import (
    BatchItem,
    BatchReport,
    ConfigurationError,
    ConnectError,
    DuplicatePersonError,
    OutcomeStatus,
    OutcomeUnknownError,
    ReadTimeoutError,
    TokenExpiredError,
    VerifikError,
)
from verifik_async.batch.outcomes import FATAL, drop_frames, fatal_in, status_of

VERDICTS = {
    "VerifikError": "failed",
    "InvalidRequestError": "invalid",
    "ConfigurationError": "not_attempted",
    "ClientClosedError": "not_attempted",
    "CredentialsError": "not_attempted",
    "OutcomeUnknownError": "unknown",
    "TransportError": "failed",
    "ConnectError": "failed",
    "ConnectTimeoutError": "failed",
    "WriteError": "failed",
    "ReadTimeoutError": "unknown",
    "ConnectionLostError": "unknown",
    "UnexpectedResponseError": "unknown",
    "ApiError": "rejected",
    "AuthenticationError": "not_attempted",
    "TokenExpiredError": "not_attempted",
    "PermissionDeniedError": "not_attempted",
    "InsufficientCreditsError": "not_attempted",
    "DuplicatePersonError": "duplicate",
    "LivenessFailedError": "liveness_failed",
    "InvalidImageError": "rejected",
    "ParameterError": "rejected",
    "NotFoundError": "rejected",
    "RateLimitedError": "failed",
    "ServerError": "unknown",
}
"""Written out once more, so that a class added to the tree has to be decided on."""


def test_every_class_of_error_has_been_decided_on() -> None:
    """The table above names the classes of the tree: none more, none less."""
    assert sorted(kind.__name__ for kind in ERRORS) == sorted(VERDICTS)


@pytest.mark.parametrize("kind", ERRORS)
def test_an_error_means_one_status(kind: type[VerifikError]) -> None:
    """The verdict follows from the class alone."""
    assert status_of(error_of(kind)) == VERDICTS[kind.__name__]


@pytest.mark.parametrize("kind", ERRORS)
def test_an_error_is_fatal_if_and_only_if_its_person_stays_pending(
    kind: type[VerifikError],
) -> None:
    """What stops a run is nobody's failure, and what is a verdict stops no run."""
    error = error_of(kind)
    fatal = VERDICTS[kind.__name__] == "not_attempted"
    assert (fatal_in(error) is error) == isinstance(error, FATAL) == fatal


def test_a_duplicate_after_an_attempt_of_our_own_is_presumed_enrolled() -> None:
    """The person found may be the one whose answer was lost."""
    error = DuplicatePersonError(status=409)
    error.may_be_own_write = True
    assert status_of(error) is OutcomeStatus.PRESUMED_ENROLLED


def test_a_fatal_answer_behind_an_unknown_outcome_is_found() -> None:
    """The person stays `unknown`; the run has to stop all the same."""
    unknown = ReadTimeoutError("late")
    unknown.__cause__ = fatal = TokenExpiredError(status=401)
    assert status_of(unknown) is OutcomeStatus.UNKNOWN
    assert fatal_in(unknown) is fatal


def test_another_error_behind_one_stops_nothing() -> None:
    """Only the classes that each further person would meet alike do."""
    unknown = OutcomeUnknownError("lost")
    unknown.__cause__ = ConnectError("refused")
    assert fatal_in(unknown) is None


def raised(error: VerifikError) -> VerifikError:
    """The error after it went through a frame."""
    try:
        raise error
    except VerifikError as caught:
        return caught


def test_frames_are_dropped_along_the_whole_chain() -> None:
    """Causes and contexts hold the request as well, and may go round in a circle."""
    error, cause, context = (raised(ConnectError(name)) for name in "abc")
    error.__cause__ = cause
    error.__context__ = context
    cause.__context__ = error
    assert None not in [link.__traceback__ for link in (error, cause, context)]
    drop_frames(error)
    assert [link.__traceback__ for link in (error, cause, context)] == [None] * 3
    assert (error.__cause__, error.__context__) == (cause, context)


def test_an_item_does_not_show_its_person() -> None:
    """An item may come up in a log; names and images must not."""
    item = BatchItem(request=request_of(name="Jane Doe"), key="7")
    assert repr(item) == "BatchItem(key='7')"


@pytest.mark.parametrize("key", [5, b"5", True])
def test_a_key_that_is_no_text_is_refused(key: object) -> None:
    """By its type alone, and where it is given: a journal could not hash it."""
    with pytest.raises(ConfigurationError) as caught:
        BatchItem(request=request_of(), key=key)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert str(caught.value).endswith(type(key).__name__)


def report_of(*, elapsed: float, **counts: int) -> BatchReport:
    """A report of these counts."""
    by_status = {status: counts.get(status.value, 0) for status in OutcomeStatus}
    return BatchReport(counts=by_status, total=sum(by_status.values()), elapsed=elapsed)


def test_the_rate_leaves_out_who_cost_no_request() -> None:
    """A resumed or stopped run must not look fast by those that it passed over."""
    report = report_of(
        elapsed=2, enrolled=3, unknown=1, failed=2, skipped=90, not_attempted=900
    )
    assert report.rate == 3


def test_the_rate_is_nothing_before_the_clock_moves() -> None:
    """No division by zero at the start of a run."""
    assert report_of(elapsed=0, enrolled=3).rate == 0


def test_a_report_can_be_written_down_with_its_statuses_as_text() -> None:
    """Statuses are strings, so that JSON and CSV show them as documented."""
    shown = attrs.asdict(report_of(elapsed=1, presumed_enrolled=2))
    assert f"{[*shown['counts']][1]}" == "presumed_enrolled"
