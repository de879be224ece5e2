"""How far a run is: rates of now, JSON lines in log files, a bar on a terminal."""

import json
import os
import pty
import re
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from command_line import Command, ManifestOf

from verifik_async.cli import amounts
from verifik_async.cli.progress import Meter, Speed, Standing, in_json, in_words


def test_rates_are_those_of_the_last_seconds() -> None:
    """A slow start does not make a fast run look slow, nor the end far."""
    meter = Meter()
    total = 1000
    assert meter.read(0.0, Standing(done=0, total=total)) == Speed()
    meter.read(100.0, Standing(done=10, total=total))
    meter.read(101.0, Standing(done=10, total=total, sent=0))
    standing = Standing(done=510, total=total, sent=10 * 2**20)
    assert meter.read(111.0, standing) == Speed(persons=50, sent=2**20, left=9.8)
    assert meter.read(112.0, Standing(done=total, total=total)).left is None


def test_those_settled_before_make_nothing_faster() -> None:
    """A run that goes on would else promise to end far too soon."""
    meter = Meter()
    total = 10_000
    meter.read(0.0, Standing(done=0, total=total))
    speed = meter.read(1.0, Standing(done=5010, skipped=5000, total=total))
    assert speed == Speed(persons=10, left=499)


def test_words_tell_the_limit_and_what_is_waited_for() -> None:
    """As a line below the bar, and as an object for machines."""
    standing = Standing(
        done=510,
        total=1000,
        in_flight=3,
        limit=4,
        not_enrolled=7,
        waits_for="the first answers",
    )
    speed = Speed(persons=50, sent=2**20, left=9.8)
    assert in_words(standing, speed) == (
        "50/s · 1.0 MiB/s · 3 of 4 in flight · 7 not enrolled · "
        "waiting for the first answers"
    )
    told = json.loads(in_json(standing, speed))
    written = datetime.fromisoformat(told.pop("at"))
    assert written.tzinfo is UTC
    assert told == {
        "event": "progress",
        "done": 510,
        "total": 1000,
        "skipped": 0,
        "not_enrolled": 7,
        "persons_per_second": 50,
        "bytes_per_second": 2**20,
        "in_flight": 3,
        "limit": 4,
        "waits_for": "the first answers",
        "seconds_left": 10,
    }


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.04, "0.0 s"),
        (9.96, "10.0 s"),
        (59.4, "59 s"),
        (61, "1 min 1 s"),
        (3660, "1 h 1 min"),
        (90000, "1 d 1 h"),
    ],
)
def test_durations_have_the_units_that_count(seconds: float, words: str) -> None:
    """Two of them at the most."""
    assert amounts.duration(seconds) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (3 * 2**20, "3.0 MiB"),
        (2**30, "1.0 GiB"),
        (3 * 2**50, "3,072.0 TiB"),
    ],
)
def test_sizes_have_a_fitting_unit(count: float, words: str) -> None:
    """Up to TiB, and beyond in TiB."""
    assert amounts.size(count) == words


def test_one_is_singular() -> None:
    """`1 person`, and thousands are parted."""
    assert amounts.persons(1) == "1 person"
    assert amounts.rows(1) == "1 row"
    assert amounts.persons(1000) == "1,000 persons"


def test_log_files_get_a_line_now_and_then(
    command: Command, manifest_of: ManifestOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On stderr, so that results stay apart; no control characters."""
    monkeypatch.setattr("verifik_async.cli.progress._BETWEEN_LINES", 0.05)
    monkeypatch.setattr("verifik_async.cli.demo._LATENCY", 0.2)
    ended = command("demo", manifest_of(1).parent / "demo")
    assert ended.code == 0
    lines = [json.loads(line) for line in ended.err.splitlines()]
    assert len(lines) > 3
    assert {line["event"] for line in lines} <= {"checking", "progress"}
    done = [line["done"] for line in lines if line["event"] == "progress"]
    assert done == sorted(done)


def test_a_terminal_gets_a_bar(manifest_of: ManifestOf) -> None:
    """It moves, it is still there at the end, and the table stands below it."""
    folder = manifest_of(1).parent / "demo"
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "verifik_async", "demo", str(folder)],
        stdout=slave,
        stderr=slave,
        env={**os.environ, "COLUMNS": "90", "TERM": "xterm-256color"},
    )
    os.close(slave)
    shown = b""
    while True:
        try:
            block = os.read(master, 65536)
        except OSError:  # Linux tells the end of a terminal this way
            break
        if not block:
            break
        shown += block
    os.close(master)
    assert process.wait() == 0
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    counts = [int(found) for found in re.findall(r"━ +(\d+)/200", text)]
    assert len(set(counts)) > 3
    assert counts[-1] == 200
    assert " in flight · " in text
    assert " left" in text
    assert text.rindex("━") < text.index("176 of 200 persons enrolled")
