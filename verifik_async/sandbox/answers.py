"""What a world gives back for a call, and what it remembers of it."""

from __future__ import annotations

import attrs

from verifik_async.sandbox.rules import Reply
from verifik_async.sandbox.scenarios import Met
from verifik_async.transports.faults import Fault


@attrs.frozen(kw_only=True)
class Seen:
    """A request that was answered: no token, no name, no image.

    Attributes:
        status: The answer's, also where it was lost on purpose; None where the
            fault that was met is no answer.
        message: The answer's, where it is a refusal of the rules.
        body_size: Bytes of the request that were read.
        fault: What it was made to meet, if anything.
    """

    status: int | None
    message: str | None
    body_size: int
    fault: Fault | None


@attrs.frozen(kw_only=True)
class Answer:
    """What goes back to the caller; one of the two is there, or both.

    Attributes:
        reply: The rules' own; None if they were not asked.
        met: The fault that the caller gets in its place, or gets it with.
    """

    reply: Reply | None
    met: Met | None = None
