"""Which disks a journal may lie on."""

from __future__ import annotations

from pathlib import Path

import pytest

from verifik_async.batch.journal import JournalPlaceError, filesystem
from verifik_async.batch.journal.filesystem import (
    filesystem_of,
    is_network,
    require_local,
)

MOUNTS = """\
21 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 27 0:40 / /mnt/home rw - nfs4 server:/home rw,vers=4.2
31 30 0:41 / /mnt/home/fast rw master:2 - xfs /dev/sdb rw
32 27 0:42 / /mnt/my\\040share rw - cifs //server/share rw
33 27 0:43 / /data rw - autofs systemd-1 rw
34 33 0:44 / /data rw - ext4 /dev/sdc rw
35 27 0:45 / /bucket rw - fuse.s3fs s3fs rw
nonsense
36 27 0:46 / /half
"""
"""As in /proc/self/mountinfo; see proc(5)."""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "ext4"),
        ("/home/me", "ext4"),
        ("/mnt/home", "nfs4"),
        ("/mnt/home/me/jobs", "nfs4"),
        ("/mnt/homely", "ext4"),
        ("/mnt/home/fast/jobs", "xfs"),
        ("/mnt/my share/jobs", "cifs"),
        ("/data/jobs", "ext4"),
        ("/bucket/x", "fuse.s3fs"),
        ("/half/x", "ext4"),
    ],
)
def test_a_path_lies_on_the_mount_that_is_nearest(path: str, kind: str) -> None:
    """And of two at one place on the later, which hides the earlier."""
    assert filesystem_of(path, MOUNTS) == kind


def test_without_mounts_nobody_knows() -> None:
    """A text that says nothing refuses nothing."""
    assert filesystem_of("/home", "") is None


@pytest.mark.parametrize(
    "kind", ["nfs", "nfs4", "cifs", "smb3", "lustre", "9p", "fuse.sshfs", "fuse"]
)
def test_network_file_systems(kind: str) -> None:
    """Those whose files may be far away."""
    assert is_network(kind)


@pytest.mark.parametrize(
    "kind", ["ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "fuseblk", "apfs"]
)
def test_local_file_systems(kind: str) -> None:
    """Those whose files are here."""
    assert not is_network(kind)


def test_a_network_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By where the folder really is, and not by the link that leads there."""
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS + f"40 27 0:50 / {tmp_path / 'far'} rw - lustre x rw\n")
    monkeypatch.setattr(filesystem, "_MOUNTS", mounts)
    (tmp_path / "far").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "far")
    require_local(str(tmp_path))
    for name in ("far", "link"):
        with pytest.raises(JournalPlaceError, match="lustre"):
            require_local(str(tmp_path / name))


def test_where_nothing_tells_everything_is_local(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only Linux has such a list."""
    monkeypatch.setattr(filesystem, "_MOUNTS", tmp_path / "missing")
    require_local(str(tmp_path))
