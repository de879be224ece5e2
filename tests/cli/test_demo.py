"""`demo`: everything on this machine, and an end that compares with the beginning."""

import csv
from pathlib import Path

import pytest
from command_line import Command

from verifik_async.batch.outcomes import OutcomeStatus
from verifik_async.cli import demo_folder


def test_it_goes_as_staged_and_again(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice into the same folder; the commands to try next are named."""
    monkeypatch.setattr("verifik_async.cli.demo._LATENCY", 0.0)
    folder = tmp_path / "my demo"
    command("demo", folder)
    ended = command("demo", folder)
    assert (ended.code, ended.err) == (0, "")
    assert "Everything came as it was staged." in ended.out
    with (folder / "outcomes.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 200
    for line in (
        f"verifik-async check '{folder}/people.csv' --collection demo",
        "verifik-async enroll people.csv --collection ID --sandbox",
        "enroll people.csv --collection ID --journal job.sqlite3 --report report.html",
    ):
        assert line in ended.out
    for status, count in (("duplicate", 10), ("liveness_failed", 5), ("invalid", 9)):
        assert len([row for row in rows if row["status"] == status]) == count
    assert command("check", folder / "people.csv", "--collection", "demo").code == 2


def test_a_foreign_folder_is_left_alone(command: Command, tmp_path: Path) -> None:
    """A folder with something in it that is of no demo is refused, untouched."""
    (tmp_path / "mine.txt").write_text("mine")
    ended = command("demo", tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert "is not empty and not of a demo" in ended.err
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_a_folder_that_can_t_be_made_is_an_error(
    command: Command, tmp_path: Path
) -> None:
    """A line and exit code 2."""
    (tmp_path / "file").touch()
    ended = command("demo", tmp_path / "file")
    assert ended.code == 2
    assert "can't be written: " in ended.err


def test_a_difference_is_told(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 3, with the rows, what was staged and what came."""
    monkeypatch.setattr("verifik_async.cli.demo._LATENCY", 0.0)
    write = demo_folder.write

    def without_a_fault(folder: Path) -> demo_folder.Stage:
        stage = write(folder)
        path = folder / demo_folder.MANIFEST
        path.write_text(path.read_text().replace(",female,", ",F,"))
        return stage

    monkeypatch.setattr(demo_folder, "write", without_a_fault)
    ended = command("demo", tmp_path / "demo")
    assert ended.code == 3
    assert "row 196: staged ['invalid'], came ['enrolled']" in ended.out
    assert "not everything came as it was staged" in ended.err


def test_who_is_the_duplicate_of_two_does_not_matter(tmp_path: Path) -> None:
    """Two with one face are sent side by side: either may come first, not both."""
    stage = demo_folder.write(tmp_path)
    with (tmp_path / demo_folder.MANIFEST).open() as stream:
        rows = dict(enumerate(csv.DictReader(stream), start=2))
    assert len(rows) == stage.counts().total()
    came = {
        row: OutcomeStatus.INVALID if row >= 193 else OutcomeStatus.ENROLLED
        for row in rows
    }
    came |= dict.fromkeys(range(188, 193), OutcomeStatus.LIVENESS_FAILED)
    came |= dict.fromkeys(range(2, 12), OutcomeStatus.DUPLICATE)
    assert stage.differences(came) == []
    came[178] = OutcomeStatus.DUPLICATE
    assert len(stage.differences(came)) == 1
