"""Who is sent again, by where the journal says that they stand."""

import pytest

from verifik_async.batch.journal.records import State
from verifik_async.batch.journal.resumption import OnUnknown, Resumption

UNSENT = {State.PENDING, State.FAILED, State.INVALID}


@pytest.mark.parametrize(
    ("retry", "on_unknown", "more"),
    [
        ((), "hold", set[State]()),
        ((), "resend", {State.UNKNOWN}),
        (("duplicate", "rejected"), "hold", {State.DUPLICATE, State.REJECTED}),
        (("liveness_failed",), "resend", {State.LIVENESS_FAILED, State.UNKNOWN}),
    ],
)
def test_who_is_sent(
    retry: tuple[str, ...], on_unknown: OnUnknown, more: set[State]
) -> None:
    """Whoever was never decided upon, and of the others those who are asked for."""
    rules = Resumption.of(retry, on_unknown)
    assert {state for state in State if rules.sends(state)} == UNSENT | more
