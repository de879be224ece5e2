"""What can be wrong with a journal; each class asks for another deed.

JournalError                a ConfigurationError: nothing was sent because of it
├─ JournalLockedError       another run has it; .pid .host .since
├─ JournalMismatchError     it is of another job; .differs
├─ JournalPlaceError        it can't be kept there
├─ JournalDamagedError      it is no journal, or a damaged one
├─ JournalVersionError      a newer version of this package made it
└─ JournalWriteError        it can't be written any more
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from verifik_async.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable


class JournalError(ConfigurationError):
    """A journal can't be used; nothing is sent that is not in it."""

    hint = "Mend the journal, or name another one; nothing was sent without it."


class JournalLockedError(JournalError):
    """Another run uses this journal at this moment.

    Attributes:
        pid: That run's process, if it could be told.
        host: The machine that it runs on.
        since: When it began, as an ISO date and time.
    """

    hint = "Wait for the other run to end, or end it; its lock ends with its process."

    def __init__(
        self,
        *,
        pid: int | None = None,
        host: str | None = None,
        since: str | None = None,
    ) -> None:
        self.pid = pid
        self.host = host
        self.since = since
        holder = "another run" if pid is None else f"process {pid}"
        where = f" on {host}" if host else ""
        when = f", since {since}" if since else ""
        super().__init__(f"the journal is in use by {holder}{where}{when}")


class JournalMismatchError(JournalError):
    """The journal is of another job.

    Attributes:
        differs: What differs: `base_url`, `collection_id`, `liveness_min_score`,
            `min_score`, `search_mode`, or `keys`.
    """

    hint = "Name another journal for another job, or run this one as it began."

    def __init__(self, differences: Iterable[tuple[str, object, object]]) -> None:
        found = tuple(differences)
        self.differs = tuple(name for name, _, _ in found)
        told = (
            f"{name} was {_shown(before)} and is {_shown(now)}"
            for name, before, now in found
        )
        super().__init__(f"the journal is of another job: {'; '.join(told)}")


def _shown(value: object) -> str:
    return "left to each person" if value is None else str(value)


class JournalPlaceError(JournalError):
    """A journal can't be kept at this place."""

    hint = (
        "Check the path: it must be in a folder on a local disk that you may write to."
    )


class JournalDamagedError(JournalError):
    """The file is no journal, or its pages were damaged; it was left as it is."""

    hint = (
        "Check the path. If it was a journal, keep the file, restore a copy, or begin "
        "a new one after you have looked up who is enrolled."
    )


class JournalVersionError(JournalError):
    """A newer version of this package made the journal."""

    hint = "Update verifik-async, or finish the job with the version that began it."


class JournalWriteError(JournalError):
    """The journal can't be written any more, so the run has stopped.

    Who was in flight and could not be written down is `unknown` to the next run.
    """

    hint = "Mend what the message names, and run again: nothing unrecorded was sent."
