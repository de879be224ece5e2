"""`report`: a page for people, and rows to mend; fed back over HTTP as well."""

from __future__ import annotations

import asyncio
import csv
from pathlib import Path
from typing import cast

import pytest
from command_line import Command, ManifestOf, Starter, ended, json_of
from report_runs import Page, mixed_run

from verifik_async.sandbox import faces


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Where the journal is."""
    return tmp_path / "job.sqlite3"


def test_the_page_goes_beside_the_journal(command: Command, journal: Path) -> None:
    """Unless it is said where; only the user may read it."""
    asyncio.run(mixed_run(journal))
    end = command("report", journal)
    page = journal.with_suffix(".html")
    assert (end.code, end.err) == (0, "")
    assert end.out == f"The report is in {page}\n"
    assert "Enrolled 4 of 10 persons" in Page(page.read_text()).text
    other = journal.with_name("other.html")
    assert command("report", journal, "-o", other).code == 0
    assert other.exists()


@pytest.mark.parametrize("words", [("--failed", "failed.csv"), ("--include-names",)])
def test_what_the_journal_has_not_needs_the_manifest(
    command: Command, journal: Path, words: tuple[str, ...]
) -> None:
    """It says so kindly, before anything is written."""
    asyncio.run(mixed_run(journal))
    end = command("report", journal, *words)
    assert end.code == 2
    assert "--manifest" in end.err
    assert not journal.with_suffix(".html").exists()


def test_what_can_t_be_read_or_written_is_a_line(
    command: Command, journal: Path, tmp_path: Path
) -> None:
    """With exit code 2."""
    assert command("report", journal).code == 2
    asyncio.run(mixed_run(journal))
    for words in (
        ("-o", tmp_path / "people.csv"),
        ("-o", tmp_path / "missing" / "a.html"),
        ("--manifest", tmp_path / "missing.csv"),
    ):
        end = command("report", journal, *words)
        assert end.code == 2
        assert end.err.startswith("Error: ")


def test_failed_rows_are_mended_and_fed_back(
    command: Command,
    start: Starter,
    sandbox_url: str,
    manifest_of: ManifestOf,
    journal: Path,
) -> None:
    """By the commands alone: three kinds of failures, and in the end nobody twice."""
    rows = ({"images": "0.jpg"}, {"gender": "female"}, {"images": "spoof.jpg"})
    manifest = manifest_of(2, more=rows)
    folder = manifest.parent
    (folder / "spoof.jpg").write_bytes(faces.picture(faces.SPOOF))
    target = ("--collection", "c1", "--base-url", sandbox_url, "--journal", journal)

    def enroll(path: Path, *words: str) -> int:
        process = start("enroll", path, *target, *words, VERIFIK_TOKEN="abc")
        return ended(process).code

    assert enroll(manifest, "--skip-invalid") == 3
    assert " 2 of 5 persons enrolled" in command("status", journal).out
    failed = folder / "failed.csv"
    end = command("report", journal, "--failed", failed, "--manifest", manifest)
    assert end.code == 0, end.err
    assert end.out == f"3 rows to mend: {failed}\n"
    with failed.open(encoding="utf-8-sig", newline="") as stream:
        mended = list(csv.DictReader(stream))
    by_id = {row["id"]: row for row in mended}
    duplicate = by_id.get("id-900") or by_id["id-0"]
    duplicate["images"] = "900.jpg"
    by_id["id-901"]["gender"] = "F"
    by_id["id-902"]["images"] = "902.jpg"
    with failed.open("w", newline="") as stream:
        table = csv.DictWriter(stream, list(mended[0]))
        table.writeheader()
        table.writerows(mended)
    assert enroll(failed, "--retry", "duplicate,liveness_failed") == 0
    assert enroll(manifest, "--skip-invalid") in (0, 3)
    state = json_of(f"{sandbox_url}/_sandbox/state")
    assert len(cast("list[object]", state["listed"])) == 5
    page = folder / "job.html"
    assert command("report", journal, "-o", page).code == 0
    text = Page(page.read_text()).text
    assert "Unknown 0 every answer came" in text


def test_who_was_not_found_is_told(
    command: Command, manifest_of: ManifestOf, journal: Path
) -> None:
    """The manifest is another one, or was changed since."""
    asyncio.run(mixed_run(journal))
    manifest = manifest_of(1)
    failed = manifest.with_name("failed.csv")
    end = command("report", journal, "--failed", failed, "--manifest", manifest)
    assert end.code == 0
    assert end.out == f"0 rows to mend: {failed}\n"
    assert "6 persons of the journal not found" in end.err
