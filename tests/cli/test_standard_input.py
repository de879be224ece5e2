"""`-`: what is piped in is checked and enrolled as a file is."""

import contextlib
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import PATIENCE, Ended, ManifestOf, unmeasured


def piped(folder: Path, data: bytes, *words: str) -> Ended:
    """The command's end, with this in its standard input, in this folder."""
    done = subprocess.run(
        [sys.executable, "-m", "verifik_async", *words, "--collection", "c1"],
        input=data,
        capture_output=True,
        cwd=folder,
        timeout=PATIENCE,
        check=False,
    )
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.mark.parametrize("verb", [["check"], ["enroll", "--sandbox"]])
def test_a_piped_manifest_goes_through(
    manifest_of: ManifestOf, verb: list[str]
) -> None:
    """Both verbs read every row twice, or more, of what came but once."""
    path = manifest_of(3)
    ended = piped(path.parent, path.read_bytes(), *verb, "-")
    assert (ended.code, ended.err) == (0, "")


def test_faults_of_a_piped_manifest_are_told(manifest_of: ManifestOf) -> None:
    """Of rows by number, of the whole by the name of what it came from."""
    path = manifest_of(1, more=[{"gender": "x"}])
    ended = piped(path.parent, path.read_bytes(), "enroll", "--sandbox", "-")
    assert ended.code == 2
    assert ended.out.startswith("row 3 (id id-900)  gender: must be F or M")
    ended = piped(path.parent, b"", "check", "-")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("Error: standard input: the manifest is empty")


def test_ctrl_c_while_the_pipe_is_read_ends_it(tmp_path: Path) -> None:
    """With the code of an interrupt, without a traceback, and nothing was sent."""
    with subprocess.Popen(
        [sys.executable, "-m", "verifik_async", "check", "-"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=unmeasured(),
    ) as process:
        assert process.stdin is not None
        # more than a pipe holds: written only once the process reads
        process.stdin.write("x" * 2_000_000)
        process.stdin.flush()
        # A signal that comes as the process is about to read is seen after the read,
        # so that people, too, may have to press Ctrl-C once more.
        for _ in range(PATIENCE):
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(1)
                break
        assert process.stderr is not None
        told = process.stderr.read()
        assert process.wait(PATIENCE) == 130
    assert "interrupted; nothing was sent" in told
