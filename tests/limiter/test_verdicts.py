"""What each error says about load."""

from __future__ import annotations

import asyncio

import pytest
from batch_runs import ERRORS, error_of

from verifik_async import VerifikError
from verifik_async.limiter.verdicts import Verdict, verdict_of

VERDICTS = {
    "RateLimitedError": Verdict.THROTTLED,
    "DuplicatePersonError": Verdict.JUDGED,
    "LivenessFailedError": Verdict.JUDGED,
    "OutcomeUnknownError": Verdict.LOST,
    "ReadTimeoutError": Verdict.LOST,
    "ConnectionLostError": Verdict.LOST,
    "UnexpectedResponseError": Verdict.LOST,
    "ServerError": Verdict.LOST,
    "ApiError": Verdict.REFUSED,
    "InvalidImageError": Verdict.REFUSED,
    "ParameterError": Verdict.REFUSED,
    "NotFoundError": Verdict.REFUSED,
}
"""All others say nothing: not sent, or not let in."""


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_every_error_has_its_verdict(kind: type[VerifikError]) -> None:
    """Each class of the tree, also one that is added later."""
    expected = VERDICTS.get(kind.__name__, Verdict.SILENT)
    assert verdict_of(error_of(kind)) is expected


def test_a_person_is_work_and_a_bug_says_nothing() -> None:
    """Neither is cancelling anything that the server did."""
    assert verdict_of(None) is Verdict.WORKED
    assert verdict_of(RuntimeError("bug")) is Verdict.SILENT
    assert verdict_of(asyncio.CancelledError()) is Verdict.SILENT
