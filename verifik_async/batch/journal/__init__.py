"""The journal of a batch: what makes a run that was killed go on without paying twice.

An intent is on the disk before a request is sent, and its outcome before the caller
gets it. So after a crash it is known who was not sent, who is settled, and of whom
neither can be said: those are `unknown`, and nobody else is. Intents are a little
ahead of requests, see `Lead`, so some of these were not sent.

    Journal, JobTerms       settings, for `BatchEnroller(client, journal=…)`
    JournalView             looking into one
    check_journal           whether one can be used
    JournalError and below  why one can't be used
"""

from verifik_async.batch.journal.errors import (
    JournalDamagedError,
    JournalError,
    JournalLockedError,
    JournalMismatchError,
    JournalPlaceError,
    JournalVersionError,
    JournalWriteError,
)
from verifik_async.batch.journal.fingerprint import JobTerms
from verifik_async.batch.journal.opening import check_journal
from verifik_async.batch.journal.records import State
from verifik_async.batch.journal.settings import Journal
from verifik_async.batch.journal.view import JournalView

__all__ = [
    "JobTerms",
    "Journal",
    "JournalDamagedError",
    "JournalError",
    "JournalLockedError",
    "JournalMismatchError",
    "JournalPlaceError",
    "JournalVersionError",
    "JournalView",
    "JournalWriteError",
    "State",
    "check_journal",
]
