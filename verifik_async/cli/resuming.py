"""What a journal tells before the run: whether it fits, and who needs no check."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from verifik_async.batch.journal import JournalView, check_journal
from verifik_async.batch.journal.resumption import Resumption

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from verifik_async.batch.journal import Journal
    from verifik_async.batch.manifest import ManifestRow
    from verifik_async.cli.batch_options import BatchOptions


@contextlib.contextmanager
def settled_before(
    journal: Journal | None, options: BatchOptions, *, base_url: str
) -> Generator[Callable[[ManifestRow], bool]]:
    """Tells, inside of the `with`, whether a row will not be sent by this run.

    Such a row need not be fit to be sent any more: its pictures may be deleted.

    Raises:
        JournalError: The journal is in use, of another job, or can't be used.
    """
    if journal is None or not check_journal(journal, base_url=base_url):
        yield lambda _: False
        return
    rules = Resumption.of(options.retry, "resend" if options.resend_unknown else "hold")
    with JournalView.open(journal.path) as view, view.at_one_moment():
        key_rule = view.key_rule
        on_the_way = {item.key for item in view.intents()}

        def is_settled(row: ManifestRow) -> bool:
            if row.key is None:
                return False  # known by its content only, which has to be read
            key = key_rule.of_key(row.key)
            if key in on_the_way:
                return not rules.resend_unknown
            known = view.find([key])
            return bool(known) and not rules.sends(known[key].state)

        yield is_settled
