"""What a journal says of its job: names and values in one table."""

from __future__ import annotations

import contextlib
from importlib import metadata
from typing import TYPE_CHECKING, cast

import attrs

from verifik_async.batch.journal import keys
from verifik_async.batch.journal.errors import JournalMismatchError
from verifik_async.batch.journal.fingerprint import TERMS, Fingerprint, JobTerms

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from verifik_async.batch.journal.records import KeyKind


def read_job(database: sqlite3.Connection) -> dict[str, object]:
    """What makes the job this job, by name."""
    rows = cast("list[tuple[str, object]]", database.execute("SELECT * FROM job"))
    return dict(rows)


def write_job(database: sqlite3.Connection, values: Mapping[str, object]) -> None:
    """Write some of it down."""
    database.executemany("INSERT OR REPLACE INTO job VALUES (?, ?)", values.items())


def described(fingerprint: Fingerprint) -> dict[str, object]:
    """What is written down of a fingerprint, and who wrote it."""
    made: dict[str, object] = {"base_url": fingerprint.base_url}
    with contextlib.suppress(metadata.PackageNotFoundError):
        made["made_by"] = f"verifik-async {metadata.version('verifik-async')}"
    if fingerprint.terms is None:
        return made
    return {**made, "terms": 1, **attrs.asdict(fingerprint.terms)}


def fingerprint_of(told: Mapping[str, object]) -> Fingerprint:
    """The fingerprint that a journal has."""
    terms = None
    if told.get("terms"):
        known = {name: told.get(name) for name in TERMS}
        terms = JobTerms(**known)  # type: ignore[arg-type]
    return Fingerprint(base_url=str(told.get("base_url")), terms=terms)


def require_same(told: Mapping[str, object], now: Fingerprint) -> None:
    """Refuse a journal that is of another job.

    Raises:
        JournalMismatchError: It is, and says by what.
    """
    differences = list(fingerprint_of(told).differences(now))
    if told.get("rule") != keys.RULE:
        differences.append(("keys", f"rule {told.get('rule')}", f"rule {keys.RULE}"))
    if differences:
        raise JournalMismatchError(differences)


def kinds_of(told: Mapping[str, object]) -> frozenset[KeyKind]:
    """By what a journal's persons are known."""
    kinds = str(told.get("keys") or "").split(",")
    return frozenset(cast("list[KeyKind]", [kind for kind in kinds if kind]))
