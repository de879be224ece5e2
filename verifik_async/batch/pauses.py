"""Pauses that the server asks for, and that last longer than a single call waits."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

import attrs

from verifik_async.errors import (
    Outcome,
    RateLimitedError,
    VerifikError,
    attempts_of,
    note_outcome,
    outcome_of,
)

if TYPE_CHECKING:
    from verifik_async.client import VerifikClient
    from verifik_async.models import Enrollment, EnrollmentRequest


async def enroll_patiently(
    client: VerifikClient, request: EnrollmentRequest, *, longest: float | None
) -> Enrollment:
    """Enroll one person; sit through pauses longer than the client's `max_wait`.

    A service would rather have the error at once. A batch would make a failure of
    each person whose turn comes during the pause.

    Args:
        client: Sends.
        request: The person.
        longest: Seconds of such pauses, in all, that are sat through; None for any.

    Raises:
        VerifikError: What the call ended with; `attempts` counts all requests.
    """
    spent, left = 0, math.inf if longest is None else longest
    while True:
        try:
            enrollment = await client.enroll(request)
        except VerifikError as error:
            error.attempts += spent
            pause = long_pause(error, client)
            if pause is None or pause > left:
                raise
            spent, left = error.attempts, left - pause
        except asyncio.CancelledError as cancelled:
            sent = outcome_of(cancelled) is Outcome.UNKNOWN
            note_outcome(cancelled, sent=sent, attempts=attempts_of(cancelled) + spent)
            raise
        else:
            if not spent:
                return enrollment
            return attrs.evolve(enrollment, attempts=enrollment.attempts + spent)
        try:
            await client.clock.sleep(pause)
        except asyncio.CancelledError as cancelled:
            note_outcome(cancelled, sent=False, attempts=spent)
            raise


def long_pause(error: VerifikError, client: VerifikClient) -> float | None:
    """Seconds of the pause that ended a call, one which waits for shorter ones."""
    if not isinstance(error, RateLimitedError) or error.retry_after is None:
        return None
    return error.retry_after if error.retry_after > client.retry.max_wait else None
