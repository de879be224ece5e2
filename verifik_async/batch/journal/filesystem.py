"""Which kind of disk a path lies on: SQLite's WAL needs a local one.

All processes that use a WAL share memory through a mapped file, which network file
systems do not offer; on them journals are damaged silently.
See https://www.sqlite.org/wal.html, "all processes must be on the same host".
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from verifik_async.batch.journal.errors import JournalPlaceError

_MOUNTS = Path("/proc/self/mountinfo")

_NETWORK = frozenset(
    (
        *("9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "glusterfs", "gpfs"),
        *("lustre", "ncpfs", "nfs", "nfs4", "orangefs", "panfs", "prl_fs", "pvfs2"),
        *("smb2", "smb3", "smbfs", "vboxsf"),
    )
)
_ESCAPED = re.compile(r"\\([0-7]{3})")


def require_local(folder: str) -> None:
    """Refuse a folder on a network.

    Only Linux tells; elsewhere every folder is taken for a local one.

    Raises:
        JournalPlaceError: It lies on a network file system, or on one of FUSE.
    """
    try:
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return
    kind = filesystem_of(os.path.realpath(folder), mounts)
    if kind is not None and is_network(kind):
        raise JournalPlaceError(
            f"the journal would lie on a network file system ({kind}), which can "
            "damage it"
        )


def is_network(kind: str) -> bool:
    """Whether file systems of this kind may be far away.

    Those of FUSE mostly are (sshfs, s3fs, gcsfuse), and few of them map files in
    shared memory as WAL needs it; `fuseblk` is a local disk.
    """
    return kind in _NETWORK or kind == "fuse" or kind.startswith("fuse.")


def filesystem_of(path: str, mounts: str) -> str | None:
    """The kind of the file system that holds a resolved path.

    Args:
        path: Absolute, without links.
        mounts: The text of `/proc/self/mountinfo`.

    Returns:
        The kind, such as `ext4`; None if no line says so.
    """
    found: tuple[int, str] | None = None
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        kind = after.split(" ")[0]
        if len(fields) < 5 or not kind:  # noqa: PLR2004 - see proc(5): the fifth
            continue
        point = _ESCAPED.sub(lambda code: chr(int(code[1], 8)), fields[4])
        # of two mounts at one place the later one hides the earlier
        if _holds(point, path) and (found is None or len(point) >= found[0]):
            found = len(point), kind
    return found[1] if found else None


def _holds(point: str, path: str) -> bool:
    return path == point or path.startswith(point.rstrip("/") + "/")
