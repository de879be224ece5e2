"""What the documented API answers, as a pure function of a call and the people known.

Written from the reference page of
`POST /v2/face-recognition/persons/search-live-face`, with the standard library and
attrs only: nothing here is shared with the encoder, the models or the images of this
package, so a mistake there shows here instead of being repeated.

Checks run in this order, and the first that fails answers: route, method,
authorization, size, JSON, fields, images, liveness, collection, search and
duplicates. Every reply says in `X-Sandbox-Basis` whether the reference (or, where it
is silent, only our guess) stands behind it.

`decide` does it all. `admit`, `read` and `settle` are its steps: `read` is the slow
one and needs no state, so it may run in a thread; `settle` is quick, and its change
has to be stored before the next `settle` looks.
"""

from __future__ import annotations

from verifik_async.sandbox.rules.decisions import admit, decide, read, settle
from verifik_async.sandbox.rules.values import (
    Call,
    Decision,
    People,
    PersonRecord,
    Reply,
    Settings,
    Submission,
)

__all__ = [
    "Call",
    "Decision",
    "People",
    "PersonRecord",
    "Reply",
    "Settings",
    "Submission",
    "admit",
    "decide",
    "read",
    "settle",
]
