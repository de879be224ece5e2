"""What a journal tells before the run: whether it fits, and who needs no check."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from verifik_async.batch.journal import JournalView, State, check_journal
from verifik_async.batch.journal.resumption import Resumption
from verifik_async.batch.manifest import ManifestRow

if TYPE_CHECKING:
    from collections.abc import Generator

    from verifik_async.batch.journal import Journal
    from verifik_async.cli.batch_options import BatchOptions


Settled = Callable[[Sequence[ManifestRow]], set[int]]
"""Tells by number which of these rows will not be sent by this run."""


@contextlib.contextmanager
def settled_before(
    journal: Journal | None, options: BatchOptions, *, base_url: str
) -> Generator[Settled]:
    """Tells, inside of the `with`, which rows will not be sent by this run.

    Such a row need not be fit to be sent any more: its pictures may be deleted. A row
    without an id is not among them: it is known by its content, which has to be read.

    Raises:
        JournalError: The journal is in use, of another job, or can't be used.
    """
    if journal is None or not check_journal(journal, base_url=base_url):
        yield lambda _: set()
        return
    rules = Resumption.of(options.retry, "resend" if options.resend_unknown else "hold")
    with JournalView.open(journal.path) as view, view.at_one_moment():
        key_rule = view.key_rule
        unanswered = {item.key: State.UNKNOWN for item in view.intents()}

        def settled(rows: Sequence[ManifestRow]) -> set[int]:
            keys = {
                row.number: key_rule.of_key(row.key)
                for row in rows
                if row.key is not None
            }
            found = view.find(list(keys.values()))
            states = {key: item.state for key, item in found.items()} | unanswered
            return {
                number
                for number, key in keys.items()
                if key in states and not rules.sends(states[key])
            }

        yield settled
