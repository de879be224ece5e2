"""`status`: how a job stands, while it runs, later, or after it was killed."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import cast

import pytest
from batch_runs import Carrier, client_of, take
from command_line import Command
from journal_runs import items, run
from report_runs import edit, mixed_run

from verifik_async import BatchEnroller


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Where the journal is."""
    return tmp_path / "job.sqlite3"


def told(command: Command, journal: Path) -> dict[str, object]:
    """What the command tells programs."""
    end = command("status", journal, "--json")
    assert (end.code, end.err) == (0, "")
    return cast("dict[str, object]", json.loads(end.out))


def test_a_finished_job_is_told(command: Command, journal: Path) -> None:
    """Counts with their meaning, and what to do next."""
    asyncio.run(mixed_run(journal))
    end = command("status", journal)
    assert (end.code, end.err) == (0, "")
    lines = [" ".join(line.split()) for line in end.out.splitlines()]
    assert lines[0].startswith("Finished 20")
    assert ": 4 enrolled" in lines[0]
    assert "liveness_failed 2 the pictures did not pass" in lines
    told = "maybe sent, and no answer: may be enrolled, may be charged"
    assert f"unknown 1 {told}" in lines
    assert "- Look up who is unknown (1 person)" in end.out
    assert "key-of" not in end.out


def test_several_runs_are_listed(command: Command, journal: Path) -> None:
    """With how each ended."""
    asyncio.run(run(journal, items([1])))
    asyncio.run(run(journal, items([2])))
    edit(
        journal,
        "UPDATE event SET facts = json_object('stop_reason', 'no \x1b[31mcredits') "
        "WHERE kind = 'run_ended' AND run = 1",
    )
    out = command("status", journal).out
    assert "stopped: no \N{REPLACEMENT CHARACTER}[31mcredits" in out
    assert out.count("finished") == 1


async def test_a_run_that_goes_on_is_told(command: Command, journal: Path) -> None:
    """Who has it, and how many are left, if the run has said how many there are."""
    enroller = BatchEnroller(client_of(Carrier()), concurrency=2, journal=journal)
    async with enroller:
        enroller.note("planned", {"persons": 30})
        await take(enroller.enroll(items(range(30))), 1)
        end = command("status", journal)
        status = told(command, journal)
    assert end.code == 0
    assert end.out.startswith("Running since ")
    assert f"process {os.getpid()}" in end.out
    assert " of 30 persons enrolled" in end.out
    assert (status["running"], status["process"]) == (True, os.getpid())
    assert isinstance(status["pending"], int)
    assert 0 < status["pending"] < 30


def test_a_killed_run_is_told(command: Command, journal: Path) -> None:
    """Whoever was in flight is unknown; nothing is changed by looking."""
    asyncio.run(run(journal, items([1])))
    edit(journal, "DELETE FROM event WHERE kind = 'run_ended'")
    edit(journal, "INSERT INTO intent VALUES (x'01', 9, NULL, 5.0, NULL)")
    before = journal.read_bytes()
    end = command("status", journal)
    assert end.out.startswith("Cut off ")
    assert "as by a crash" in end.out
    status = told(command, journal)
    assert cast("dict[str, int]", status["counts"])["unknown"] == 1
    assert status["running"] is False
    assert journal.read_bytes() == before


def test_a_journal_without_a_run_is_told(command: Command, journal: Path) -> None:
    """Nobody was sent yet."""
    asyncio.run(run(journal, []))
    edit(journal, "DELETE FROM event")
    end = command("status", journal)
    assert end.out.startswith("No run yet: 0 enrolled")
    assert "Nobody was sent yet" in end.out


@pytest.mark.parametrize("text", [None, "", "id,name\n1,Jane Doe\n" * 50])
def test_what_is_no_journal_is_said_to_be_none(
    command: Command, journal: Path, text: str | None
) -> None:
    """A line and exit code 2, and the file stays as it is."""
    if text is not None:
        journal.write_text(text)
    end = command("status", journal)
    assert (end.code, end.out) == (2, "")
    assert "no such journal" in end.err or "is no journal" in end.err
    assert "Jane" not in end.err
    assert journal.exists() is (text is not None)
    assert text is None or journal.read_text() == text
