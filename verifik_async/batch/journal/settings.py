"""Where and how a run is written down."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import attrs

from verifik_async.batch.journal.fingerprint import JobTerms
from verifik_async.errors import ConfigurationError

Durability = Literal["strict", "process"]


def _to_path(given: str | os.PathLike[str]) -> Path:
    # one file has one lock, by whichever link it is reached
    return Path(os.path.realpath(given))


@attrs.frozen
class Journal:
    """A file in which a run is written down, so that it can be resumed.

    To name more than the path:

        BatchEnroller(client, journal=Journal("job.sqlite3", job=JobTerms(…)))

    Attributes:
        path: A SQLite file on a local disk, made if it is not there. Beside it there
            are `-wal` and `-shm` while a run goes on, and `.lock`.
        job: What holds for all persons. A later run that says otherwise is another
            job, and refused before anybody is asked for. Without it only the terms of
            persons who were sent are compared, each with their own, and not of those
            whose request is a callable.
        service: What persons are sent to, in words that stay the same where its
            address does not; the client's `base_url` without it.
        durability: `"strict"` survives the loss of power, `"process"` only that of
            the process, and spares the disk.
        keep_keys: Also write the persons' keys down as they are, for reports that
            name them. Keys may be personal; otherwise only digests are kept.
    """

    path: Path = attrs.field(converter=_to_path)
    job: JobTerms | None = attrs.field(default=None, kw_only=True)
    service: str | None = attrs.field(default=None, kw_only=True)
    durability: Durability = attrs.field(default="strict", kw_only=True)
    keep_keys: bool = attrs.field(default=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if self.durability not in ("strict", "process"):
            raise ConfigurationError('durability must be "strict" or "process"')

    @property
    def lock_path(self) -> Path:
        """The file whose lock a run holds."""
        return self.path.with_name(self.path.name + ".lock")
