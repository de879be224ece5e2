"""Standard output that breaks does not take a run with it."""

import subprocess
import sys
from pathlib import Path

import pytest
from command_line import ManifestOf

FULL = Path("/dev/full")


def to(path: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command with standard output in a file."""
    with path.open("w") as stream:
        return subprocess.run(
            [sys.executable, "-m", "verifik_async", *words],
            stdout=stream,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
@pytest.mark.parametrize("unbuffered", [True, False])
def test_a_full_disk_behind_output_is_a_line(
    manifest_of: ManifestOf, monkeypatch: pytest.MonkeyPatch, *, unbuffered: bool
) -> None:
    """Everybody is enrolled, and the exit code still tells of them."""
    if unbuffered:
        monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    path = manifest_of(5)
    out = path.with_name("out.jsonl")
    words = ("--collection", "c1", "--sandbox", "--outcomes", out)
    process = to(FULL, "enroll", path, *words)
    (line,) = process.stderr.splitlines()
    assert line == "Error: standard output can't be written: No space left on device"
    assert process.returncode == 0
    assert out.read_text().count('"enrolled"') == 5


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
def test_help_into_a_full_disk_is_a_line() -> None:
    """What the libraries print themselves ends in words, too."""
    process = to(FULL, "--help")
    assert process.returncode == 1
    assert process.stderr.startswith("Error: standard output can't be written: ")
    assert "Traceback" not in process.stderr


def test_closed_streams_are_no_failure(manifest_of: ManifestOf) -> None:
    """As of a daemon: nothing is printed, and the exit code tells."""
    words = ("enroll", manifest_of(5), "--collection", "c1", "--sandbox")
    for closed in (">&-", "2>&-", ">&- 2>&- <&-"):
        process = subprocess.run(
            [
                *("sh", "-c", f'exec "$@" {closed}', "sh"),
                *(sys.executable, "-m", "verifik_async", *words),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert process.returncode == 0
        assert "Traceback" not in process.stderr


def test_a_reader_that_leaves_is_no_failure(manifest_of: ManifestOf) -> None:
    """`| head -0`: the run goes on, silently, and ends with its own code."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "verifik_async", "enroll", manifest_of(5)),
            *("--collection", "c1", "--sandbox"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    with process.stderr as stderr:
        assert not stderr.read()
    assert process.wait() == 0
