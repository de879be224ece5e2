"""Why somebody is not enrolled, and what to do next, in words.

What to do is said by the errors themselves (`VerifikError.hint`): the journal keeps an
error's class, and the class knows its hint.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs

from verifik_async import errors
from verifik_async.batch.journal.findings import Item
from verifik_async.batch.journal.records import State
from verifik_async.errors import VerifikError

if TYPE_CHECKING:
    from verifik_async.batch.journal.findings import Fault
    from verifik_async.batch.journal.fingerprint import JobTerms

MEANINGS = {
    State.ENROLLED: "created or updated",
    State.PRESUMED_ENROLLED: "there already, most likely by our own attempt",
    State.DUPLICATE: "was in the collection before",
    State.LIVENESS_FAILED: "the pictures did not pass",
    State.REJECTED: "refused by the server",
    State.INVALID: "faults in the row; not sent",
    State.UNKNOWN: "maybe sent, and no answer: may be enrolled, may be charged",
    State.FAILED: "not sent, or put off by the server, at every attempt",
}
"""What the states mean in which a turn can end."""

_BUG = "A fault of the program, or of a transport of your own: report it."
_SAYS_NOTHING = "ERROR"
_WORD = re.compile(r"[A-Za-z]+(_[A-Za-z]+)*")
_NOTHING_MORE = re.compile(r"[\d\s.:]*")
"""What is left of `409:duplicated_person` or a mere score, beside the reason."""


@attrs.frozen
class Why:
    """Why somebody is not enrolled.

    Attributes:
        what: The reason: a word of the server's, or what is wrong with the row.
        detail: What was said beside it.
        hint: What to do next.
    """

    what: str
    detail: str = ""
    hint: str = ""

    @property
    def title(self) -> str:
        """The reason for people: the server's words are written with underscores."""
        if not _WORD.fullmatch(self.what):
            return self.what
        return self.what.replace("_", " ").capitalize()

    def __str__(self) -> str:
        return f"{self.what}: {self.detail}" if self.detail else self.what


def state_of(finding: Item | Fault) -> State:
    """Where somebody stands; whoever has no place in the journal was not sent."""
    return finding.state if isinstance(finding, Item) else State.INVALID


def why(finding: Item | Fault) -> Why:
    """The reason, without personal data."""
    detail = finding.detail or ""
    what = ""
    if isinstance(finding, Item):
        what = finding.reason or ""
        if not what and finding.code != _SAYS_NOTHING:
            what = finding.code or ""
    if not what:
        what, detail = detail or finding.error or state_of(finding).value, ""
    detail = "" if _NOTHING_MORE.fullmatch(detail.removesuffix(what)) else detail
    return Why(what, detail, hint_of(finding.error))


def hint_of(error: str | None) -> str:
    """What the error of this class tells to do."""
    kind: object = getattr(errors, error or "VerifikError", None)
    if isinstance(kind, type) and issubclass(kind, VerifikError):
        return kind.hint
    return _BUG


def score_of(item: Item, terms: JobTerms | None) -> str:
    """The liveness score beside what was asked for, if there is one."""
    if item.liveness is None:
        return ""
    needed = terms.liveness_min_score if terms is not None else None
    told = f"score {item.liveness:.4g}"
    return told if needed is None else f"{told}, {needed:g} needed"
