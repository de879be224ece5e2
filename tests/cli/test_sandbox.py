"""`sandbox`: says where it is in its first line, and takes what it tells to paste."""

import os
import pty
import re
import shlex
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from command_line import Command, Starter, ended, json_of


def pasted(process: subprocess.Popen[str]) -> urllib.request.Request:
    """The request that the curl command on stderr makes, without curl."""
    assert process.stderr is not None
    words = shlex.split(next(line for line in process.stderr if "curl" in line))
    heads = [
        words[n + 1].partition(": ") for n, word in enumerate(words) if word == "-H"
    ]
    return urllib.request.Request(  # noqa: S310 - loopback
        words[1],
        data=words[words.index("-d") + 1].encode(),
        headers={name: value for name, _, value in heads},
        method="POST",
    )


def test_the_first_line_is_the_address(start: Starter) -> None:
    """It comes at once, and whoever reads it can send."""
    process = start("sandbox")
    assert process.stdout is not None
    url = process.stdout.readline().strip().removeprefix("Sandbox ready at ")
    assert json_of(f"{url}/_sandbox/health") == {"status": "ok"}


def test_what_is_told_to_paste_enrolls_somebody_once(start: Starter) -> None:
    """In production, which is the default, a face is refused when it returns."""
    request = pasted(start("sandbox"))
    assert "data" in json_of(request)
    with pytest.raises(urllib.error.HTTPError) as refused:
        json_of(request)
    with refused.value as answer:
        assert answer.code == 409


def test_what_is_told_to_paste_is_one_line_in_a_narrow_terminal() -> None:
    """The terminal may wrap it on the screen; no line break is written into it."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "verifik_async", "sandbox"],
        stdout=slave,
        stderr=slave,
        env={**os.environ, "COLUMNS": "60", "TERM": "xterm-256color"},
    )
    os.close(slave)
    shown = b""
    while b"Ctrl-C ends it" not in shown and (block := os.read(master, 65536)):
        shown += block
    process.terminate()
    assert process.wait() == 0
    os.close(master)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    (line,) = [line for line in text.splitlines() if "curl" in line]
    assert shlex.split(line)[-1].endswith("]}")


def test_without_production_a_face_may_return(start: Starter) -> None:
    """`--no-production` updates where production refuses."""
    request = pasted(start("sandbox", "--no-production"))
    for _ in range(2):
        assert "data" in json_of(request)


def test_a_port_that_is_taken_is_an_error(command: Command) -> None:
    """A line and exit code 2."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        end = command("sandbox", "--port", str(port))
    assert (end.code, end.out) == (2, "")
    assert f"can't listen on port {port}: " in end.err


def test_it_listens_where_it_is_told(start: Starter) -> None:
    """On the port asked for, and on this machine's own address only."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    process = start("sandbox", "--port", str(port))
    assert process.stdout is not None
    assert process.stdout.readline() == f"Sandbox ready at http://127.0.0.1:{port}\n"
    process.terminate()
    assert ended(process).code == 0
