"""A run that goes wrong in the middle loses nobody."""

import errno
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest
from command_line import ManifestOf, unmeasured

from verifik_async.batch.journal import JournalView
from verifik_async.batch.manifest import Manifest, RowDefaults
from verifik_async.batch.outcomes import BatchOutcome, BatchReport, OutcomeStatus
from verifik_async.cli.batch_options import BatchOptions
from verifik_async.cli.enrollment import Plan, carry_out
from verifik_async.cli.exit_codes import ExitCode
from verifik_async.cli.job import Result, Taker
from verifik_async.cli.progress import RunProgress, Standing
from verifik_async.cli.screen import Screen
from verifik_async.cli.summary import Summary
from verifik_async.cli.targets import embedded_sandbox
from verifik_async.errors import ConfigurationError, LivenessFailedError
from verifik_async.retry import RetryPolicy


def plan_for(path: Path) -> Plan:
    """One person at a time into the embedded sandbox."""
    return Plan(
        manifest=Manifest.open(path, defaults=RowDefaults(collection_id="c1")),
        target=embedded_sandbox(RetryPolicy()),
        options=BatchOptions(concurrency=1),
    )


def test_a_full_disk_stops_the_run_in_order(
    manifest_of: ManifestOf, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever was sent keeps the outcome, and the reason is told."""
    heard: list[OutcomeStatus] = []

    def full(_row: int, outcome: BatchOutcome) -> None:
        heard.append(outcome.status)
        if len(heard) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")

    rest: list[OutcomeStatus] = []
    code = carry_out(
        plan_for(manifest_of(9)),
        Screen(),
        full,
        lambda _row, outcome: rest.append(outcome.status),
    )
    assert code is ExitCode.STOPPED
    assert heard == [OutcomeStatus.ENROLLED] * 2
    assert len(rest) == 9
    assert OutcomeStatus.NOT_ATTEMPTED in rest
    message = "stopped: the outcomes file can't be written: No space left on device"
    assert message in capsys.readouterr().err


FULL_DISK = """
import resource, sys
from verifik_async.__main__ import main
resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))
sys.exit(main())
"""


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl"])
def test_a_file_that_is_full_names_who_is_not_in_it(
    manifest_of: ManifestOf, name: str
) -> None:
    """One line, the summary, and everybody enrolled is in the file or in the list."""
    path = manifest_of(60)
    out = path.with_name(name)
    words = ("enroll", path, "--collection", "c1", "--sandbox", "--outcomes", out)
    process = subprocess.run(
        [sys.executable, "-B", "-c", FULL_DISK, *words, "--concurrency", "4"],
        capture_output=True,
        text=True,
        check=False,
        env=unmeasured(),
    )
    assert process.returncode == 4, process.stderr
    (line,) = process.stderr.splitlines()
    assert "the outcomes file can't be written: File too large" in line
    found = re.search(r"(\d+) of 60 persons enrolled in", process.stdout)
    assert found is not None
    _, _, listed = process.stdout.partition("Sent, and not in the outcomes file")
    rows = re.findall(r"^ +\d+ +id-\d+ +enrolled +\w+", listed, re.MULTILINE)
    written = out.read_text()
    assert written.endswith("\n")
    assert rows
    assert written.count("enrolled") + len(rows) == int(found[1])


def test_a_run_that_ends_early_does_not_look_complete(
    manifest_of: ManifestOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever's turn did not come is not counted as done."""
    ends: list[Standing] = []

    def finish(_: RunProgress, standing: Standing) -> None:
        ends.append(standing)

    monkeypatch.setattr(RunProgress, "finish", finish)

    def full(_row: int, _outcome: BatchOutcome) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    heard: list[OutcomeStatus] = []
    carry_out(
        plan_for(manifest_of(9)),
        Screen(),
        full,
        lambda _row, outcome: heard.append(outcome.status),
    )
    (end,) = ends
    assert end.done == heard.count(OutcomeStatus.ENROLLED) < end.total == 9


def at_person(number: int, act: Callable[[], object]) -> Taker:
    """Does something once so many persons have their outcome."""
    heard: list[int] = []

    def hear(row: int, _outcome: BatchOutcome) -> None:
        heard.append(row)
        if len(heard) == number:
            act()

    return hear


def test_a_manifest_that_breaks_on_the_way_stops_the_run(
    manifest_of: ManifestOf, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was sent is counted, and the error is told with its line."""
    path = manifest_of(2000)

    def spoil() -> None:
        # behind what was read ahead
        path.write_bytes(path.read_bytes()[:60_000] + bytes(9000))

    code = carry_out(plan_for(path), Screen(), at_person(1, spoil))
    assert code is ExitCode.STOPPED
    captured = capsys.readouterr()
    assert "holds NUL bytes" in captured.err
    assert "of 2,000 persons enrolled" in captured.out


def test_a_row_that_breaks_on_the_way_is_that_person_s_outcome(
    manifest_of: ManifestOf, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rows are checked again when their turn comes: a picture may be gone by then."""
    path = manifest_of(9)
    picture = path.parent / "8.jpg"
    code = carry_out(plan_for(path), Screen(), at_person(1, picture.unlink))
    assert code is ExitCode.SOME_NOT_ENROLLED
    assert "images[0]: the file can't be" in capsys.readouterr().out


def test_a_bug_is_told_by_its_class_only(capsys: pytest.CaptureFixture[str]) -> None:
    """The text of an error that is not of this package may hold anything."""
    error = RuntimeError("Jane Doe")
    summary = Summary()
    summary.take(2, BatchOutcome(index=0, status=OutcomeStatus.UNKNOWN, error=error))
    counts = dict.fromkeys(OutcomeStatus, 0) | {OutcomeStatus.UNKNOWN: 1}
    report = BatchReport(counts=counts, total=1)
    summary.show(Screen(), Result(report=report, total=1, sent=0))
    shown = capsys.readouterr().out
    assert "RuntimeError" in shown
    assert "Jane" not in shown


def test_a_liveness_failure_tells_score_and_threshold(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The score that was needed is that of the row; none is told if none came."""
    summary = Summary({2: 0.65})
    for row, score in ((2, 0.31), (3, 0.4), (4, None)):
        error = LivenessFailedError(status=409, reason="spoof", score=score)
        status = OutcomeStatus.LIVENESS_FAILED
        summary.take(row, BatchOutcome(index=row, status=status, error=error))
    counts = dict.fromkeys(OutcomeStatus, 0) | {OutcomeStatus.LIVENESS_FAILED: 3}
    report = BatchReport(counts=counts, total=3)
    summary.show(Screen(), Result(report=report, total=3, sent=0))
    shown = " ".join(capsys.readouterr().out.split())
    assert "score 0.31" in shown
    assert shown.count("below 0.65") == 1
    assert shown.count("score 0.4") == 1
    assert shown.count(", score") == 2


def test_a_frequent_reason_does_not_hide_a_rare_one(
    manifest_of: ManifestOf, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three rows of a reason are listed, and how many there are in all."""
    same = [{"images": "0.jpg"}] * 15
    plan = plan_for(manifest_of(1, more=[*same, {"gender": "x"}]))
    assert carry_out(attrs.evolve(plan, skip_invalid=True), Screen()) == 3
    shown = capsys.readouterr().out
    assert "Not enrolled, 4 of 16" in shown
    assert "gender: must be F or M" in shown


def test_a_manifest_that_shrinks_on_the_way_is_told(
    manifest_of: ManifestOf, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else it would look as if all had had their turn."""
    path = manifest_of(2000)
    lines = path.read_text().splitlines(keepends=True)

    def shrink() -> None:
        path.write_text("".join(lines[:1900]))  # behind what was read ahead

    options = BatchOptions(concurrency=8)
    plan = attrs.evolve(plan_for(path), options=options)
    code = carry_out(plan, Screen(), at_person(1, shrink))
    assert code is ExitCode.SOME_NOT_ENROLLED
    err = capsys.readouterr().err
    assert re.search(r"had 2,000 rows when it was checked, and 1,8\d\d when", err)


def test_a_report_that_fails_does_not_deny_the_run(
    manifest_of: ManifestOf, capsys: pytest.CaptureFixture[str]
) -> None:
    """All are enrolled and charged: that is told, and how to make the report later."""
    path = manifest_of(3)
    report, failed = path.with_name("report.html"), path.with_name("failed.csv")
    plan = attrs.evolve(plan_for(path), report=report, failed=failed)
    assert carry_out(plan, Screen(), at_person(1, report.mkdir)) is ExitCode.OK
    err = capsys.readouterr().err
    assert "don't repeat it" in err
    assert "nothing was sent" not in err
    kept = re.search(r" report (\S+/journal\.sqlite3) -o ", err)
    assert kept is not None
    assert Path(kept[1]).is_file()
    shutil.rmtree(Path(kept[1]).parent)


FULL_JOURNAL = FULL_DISK.replace("1024, 1024", "65536, 65536")


def test_a_journal_that_is_full_says_whom_it_lacks(manifest_of: ManifestOf) -> None:
    """The next run calls them unknown, and would replace the file that knows better."""
    path = manifest_of(400)
    out, journal = path.with_name("out.csv"), path.with_name("job.sqlite3")
    words = ("enroll", path, "--collection", "c1", "--sandbox", "--concurrency", "8")
    process = subprocess.run(
        [
            *(sys.executable, "-B", "-c", FULL_JOURNAL, *words),
            *("--journal", journal, "--outcomes", out),
        ],
        capture_output=True,
        text=True,
        check=False,
        env=unmeasured(),
    )
    assert process.returncode == 4, process.stderr
    told = re.search(r"could not be told how (\d+) persons? ended", process.stdout)
    with JournalView.open(journal) as view:
        assert told is not None
        assert int(told[1]) == view.in_flight
    assert f"are in {out}. Keep a copy" in " ".join(process.stdout.split())


@pytest.mark.parametrize("journal", ["job.html", "./job.html", "in/../job.html"])
def test_no_file_of_the_run_replaces_another(
    manifest_of: ManifestOf, journal: str
) -> None:
    """A report in the journal's place would cost all that is known of the job."""
    path = manifest_of(1)
    path.with_name("in").mkdir()
    plan = attrs.evolve(
        plan_for(path),
        journal=path.with_name("in").parent / journal,
        report=path.with_name("job.html"),
    )
    with pytest.raises(ConfigurationError, match="report would replace the journal"):
        carry_out(plan, Screen())


def test_a_folder_that_may_not_be_written_is_refused_before(
    manifest_of: ManifestOf, tmp_path: Path
) -> None:
    """Not when all are enrolled, and no report can be made."""
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o500)
    if os.access(folder, os.W_OK):
        pytest.skip("this user may write anywhere")
    plan = attrs.evolve(plan_for(manifest_of(1)), report=folder / "report.html")
    with pytest.raises(ConfigurationError, match="folder of the report can't be"):
        carry_out(plan, Screen())
