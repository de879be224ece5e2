"""`enroll --journal`: the same command again goes on, whatever ended the one before."""

import contextlib
import csv
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import (
    PATIENCE,
    Command,
    ManifestOf,
    Starter,
    ended,
    json_of,
)

from verifik_async.batch.journal import JournalError, JournalView, State
from verifik_async.sandbox import faces

PEOPLE = 40
TOKEN = {"VERIFIK_TOKEN": "abc"}


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox takes any."""
    monkeypatch.setenv("VERIFIK_TOKEN", "abc")


def job(url: str, journal: Path, *more: str) -> tuple[str | Path, ...]:
    """The words of a run that is written down."""
    target = ("--collection", "c1", "--base-url", url, "--concurrency", "8")
    return (*target, "--journal", journal, *more)


def requests_at(url: str) -> object:
    """How many came to the sandbox."""
    return json_of(f"{url}/_sandbox/state")["requests"]


def statuses(path: Path) -> Counter[str]:
    """What an outcomes file says."""
    with path.open() as stream:
        return Counter(row["status"] for row in csv.DictReader(stream))


def wait_for_settled(journal: Path, least: int) -> None:
    """Until the journal of a run that goes on has so many outcomes."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(JournalError), JournalView.open(journal) as view:
            if view.counts().total() >= least:
                return
        time.sleep(0.02)
    raise TimeoutError


def test_the_same_command_again_sends_nobody_twice(
    command: Command, manifest_of: ManifestOf, sandbox_url: str, tmp_path: Path
) -> None:
    """All are skipped, as what they were settled; the outcomes file is whole again."""
    manifest, out = manifest_of(5, more=[{"images": "0.jpg"}]), tmp_path / "out.csv"
    words = job(sandbox_url, tmp_path / "job.sqlite3", "--outcomes", str(out))
    first = command("enroll", manifest, *words)
    assert first.code == 3
    again = command("enroll", manifest, *words)
    assert again.code == 3
    assert requests_at(sandbox_url) == 6
    told = "settled by an earlier run: 5 enrolled, 1 duplicate"
    assert told in " ".join(again.out.split())
    assert "5 of 6 persons enrolled (6 were settled before)" in again.out
    assert "6 persons settled before, by their ids; Enrolling 0 persons" in again.out
    with out.open() as stream:
        rows = list(csv.DictReader(stream))
    assert {row["status"] for row in rows} == {"skipped"}
    assert Counter(row["settled"] for row in rows) == {"enrolled": 5, "duplicate": 1}
    assert [row["id"] for row in rows if not row["person_id"]] == ["id-900"]


def test_a_run_says_how_the_refused_are_sent_again(
    command: Command, manifest_of: ManifestOf, sandbox_url: str, tmp_path: Path
) -> None:
    """Also one that sends nobody: who mended a picture would else wonder."""
    manifest = manifest_of(2, more=[{"images": "0.jpg"}])
    words = job(sandbox_url, tmp_path / "job.sqlite3")
    for _ in range(2):
        told = " ".join(command("enroll", manifest, *words).out.split())
        assert "1 person was refused" in told
        assert "--retry duplicate are such rows sent again" in told


def test_retry_without_a_journal_sends_nobody(
    command: Command, manifest_of: ManifestOf, sandbox_url: str
) -> None:
    """It would send all, the enrolled as well, and they would be charged again."""
    words = ("--collection", "c1", "--base-url", sandbox_url)
    end = command("enroll", manifest_of(1), *words, "--retry", "liveness_failed")
    assert end.code == 2
    assert "needs --journal FILE" in end.err
    assert requests_at(sandbox_url) == 0


def test_refusals_are_tried_again_if_asked(
    command: Command, manifest_of: ManifestOf, sandbox_url: str, tmp_path: Path
) -> None:
    """And nobody else."""
    manifest = manifest_of(3, more=[{"images": "0.jpg"}])
    words = job(sandbox_url, tmp_path / "job.sqlite3")
    command("enroll", manifest, *words)
    somebody_else = faces.marked(faces.names()[0], face="somebody-else")
    (tmp_path / "0.jpg").write_bytes(somebody_else)
    again = command("enroll", manifest, *words, "--retry", "duplicate,rejected")
    assert again.code == 0
    assert requests_at(sandbox_url) == 5


def test_pictures_of_the_settled_may_be_deleted(
    command: Command, manifest_of: ManifestOf, sandbox_url: str, tmp_path: Path
) -> None:
    """Who will not be sent need not be fit to be sent; and rows may come on top."""
    manifest = manifest_of(3)
    words = job(sandbox_url, tmp_path / "job.sqlite3")
    assert command("enroll", manifest, *words).code == 0
    text = manifest.read_text()
    manifest_of(5)
    for number in range(3):
        (tmp_path / f"{number}.jpg").unlink()
    manifest.write_text(text + "\n".join(manifest.read_text().splitlines()[4:]))
    assert command("enroll", manifest, *words).code == 0
    assert requests_at(sandbox_url) == 5


@pytest.mark.parametrize(
    ("option", "value", "name"),
    [
        ("--collection", "other", "collection_id was c1 and is other"),
        ("--min-score", "0.9", "min_score was 0.8 and is 0.9"),
        ("--liveness-min-score", "0.7", "liveness_min_score was 0.65 and is 0.7"),
        ("--search-mode", "ACCURATE", "search_mode was FAST and is ACCURATE"),
        ("--base-url", "http://127.0.0.1:9", "base_url was http"),
    ],
)
def test_another_job_ends_with_5_and_says_what_differs(  # noqa: PLR0913, PLR0917 - three are fixtures
    command: Command,
    manifest_of: ManifestOf,
    sandbox_url: str,
    tmp_path: Path,
    option: str,
    value: str,
    name: str,
) -> None:
    """Before the manifest is looked at, and nothing is sent."""
    manifest = manifest_of(1)
    words = job(sandbox_url, tmp_path / "job.sqlite3")
    assert command("enroll", manifest, *words).code == 0
    manifest.write_text(manifest.read_text().replace(",F,", ",X,"))
    other = command("enroll", manifest, *words, option, value)
    assert other.code == 5
    assert f"the journal is of another job: {name}" in other.err
    assert requests_at(sandbox_url) == 1


def test_a_journal_in_use_ends_with_5(
    command: Command,
    start: Starter,
    manifest_of: ManifestOf,
    sandbox_url: str,
    tmp_path: Path,
) -> None:
    """And says by whom."""
    manifest, journal = manifest_of(PEOPLE), tmp_path / "job.sqlite3"
    process = start("enroll", manifest, *job(sandbox_url, journal), **TOKEN)
    wait_for_settled(journal, 1)
    other = command("enroll", manifest, *job(sandbox_url, journal))
    assert other.code == 5
    assert f"the journal is in use by process {process.pid}" in other.err


def test_a_killed_run_goes_on(
    command: Command,
    start: Starter,
    manifest_of: ManifestOf,
    sandbox_url: str,
    tmp_path: Path,
) -> None:
    """Who was on the way is unknown, and sent again only where that is said."""
    manifest, journal = manifest_of(PEOPLE), tmp_path / "job.sqlite3"
    words = job(sandbox_url, journal, "--outcomes", str(tmp_path / "out.csv"))
    process = start("enroll", manifest, *words, **TOKEN)
    wait_for_settled(journal, 8)
    process.send_signal(signal.SIGKILL)
    process.wait(PATIENCE)
    second = command("enroll", manifest, *words)
    assert second.code == 3
    found = statuses(tmp_path / "out.csv")
    assert 1 <= found["unknown"] <= 8 + 4
    assert found["unknown"] + found["enrolled"] + found["skipped"] == PEOPLE
    assert "may or may not be enrolled: look them up" in second.out
    third = command("enroll", manifest, *words, "--resend-unknown")
    assert third.code == 0
    found = statuses(tmp_path / "out.csv")
    assert set(found) <= {"skipped", "presumed_enrolled", "enrolled"}
    assert found.total() == PEOPLE
    assert json_of(f"{sandbox_url}/_sandbox/state")["people"] == PEOPLE


def test_an_interrupted_run_goes_on_without_unknowns(
    command: Command,
    start: Starter,
    manifest_of: ManifestOf,
    sandbox_url: str,
    tmp_path: Path,
) -> None:
    """One signal loses no answer, so everybody is enrolled by one request."""
    manifest, journal = manifest_of(PEOPLE), tmp_path / "job.sqlite3"
    words = job(sandbox_url, journal)
    process = start("enroll", manifest, *words, **TOKEN)
    wait_for_settled(journal, 8)
    process.send_signal(signal.SIGTERM)
    first = ended(process)
    assert first.code == 143
    assert "To go on: run the same command again. Whoever is settled" in first.out
    assert command("enroll", manifest, *words).code == 0
    assert requests_at(sandbox_url) == PEOPLE


@pytest.fixture
def silent_url() -> Iterator[str]:
    """A server that takes requests and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken: list[socket.socket] = []

        def take() -> None:
            while True:
                try:
                    taken.append(server.accept()[0])
                except OSError:
                    return

        threading.Thread(target=take, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        for connection in taken:
            connection.close()


def test_requests_that_take_too_long_to_end_are_cancelled(
    start: Starter, manifest_of: ManifestOf, silent_url: str, tmp_path: Path
) -> None:
    """One signal ends the run within the time it is given, and the journal is whole."""
    manifest, journal = manifest_of(6), tmp_path / "job.sqlite3"
    words = job(silent_url, journal, "--grace", "0.3")
    process = start("enroll", manifest, *words, **TOKEN)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(JournalError), JournalView.open(journal) as view:
            if view.in_flight >= 4:
                break
        time.sleep(0.02)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    end = ended(process)
    assert end.code == 130
    with JournalView.open(journal) as view:
        assert view.in_flight == 0
        assert set(view.counts()) == {State.UNKNOWN}
        assert 1 <= view.counts()[State.UNKNOWN] <= 4
        # cut short, and not told by the time that a request has for its answer
        assert {item.error for item in view.items()} == {"OutcomeUnknownError"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--concurrency", "0"), "a number from 1 to 1000, or auto"),
        (("--concurrency", "many"), "a number from 1 to 1000, or auto"),
        (("--retry", "enrolled"), "enrolled: any of duplicate, liveness_failed"),
        (("--rate", "0"), "greater than or equal to 0.001"),
        (("--journal", "gone/job.sqlite3"), "the folder of the journal does not"),
        (("--journal", "people.csv"), "the journal would replace the manifest"),
        (("--report", "people.csv"), "the report would replace the manifest"),
        (("--failed", "gone/f.csv"), "the folder of the file of failed rows does"),
    ],
)
def test_what_can_not_be_ends_with_2(
    command: Command,
    manifest_of: ManifestOf,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, str],
    message: str,
) -> None:
    """Before anything is sent."""
    path = manifest_of(1)
    monkeypatch.chdir(path.parent)
    ended = command("enroll", path.name, "--collection", "c1", "--sandbox", *words)
    assert ended.code == 2
    assert message in " ".join(ended.err.replace("│", " ").split())
    assert "Enrolling" not in ended.out


@pytest.mark.parametrize("bad", ["expired-token", "no-credits-left"])
def test_a_token_that_is_no_good_costs_nobody_their_turn(  # noqa: PLR0913, PLR0917 - five are fixtures
    command: Command,
    manifest_of: ManifestOf,
    sandbox_url: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    bad: str,
) -> None:
    """Nobody failed, and with a good one everybody is enrolled by one request."""
    manifest, words = manifest_of(12), job(sandbox_url, tmp_path / "job.sqlite3")
    monkeypatch.setenv("VERIFIK_TOKEN", bad)
    # at this rate a run that sent those who wait would take minutes
    first = command("enroll", manifest, *words, "--rate", "0.1")
    assert first.code == 4
    assert ["not_attempted", "12"] in [w.split()[:2] for w in first.out.splitlines()]
    assert requests_at(sandbox_url) == 1
    assert "Whoever is settled is skipped" in first.out
    monkeypatch.setenv("VERIFIK_TOKEN", "abc")
    assert command("enroll", manifest, *words).code == 0
    assert requests_at(sandbox_url) == 1 + 12


def test_what_failed_is_mended_and_fed_back(
    command: Command, manifest_of: ManifestOf, sandbox_url: str, tmp_path: Path
) -> None:
    """With the same journal, so nobody is sent twice; and there is a report."""
    manifest = manifest_of(3, more=[{"images": "0.jpg"}])
    page, failed = tmp_path / "report.html", tmp_path / "failed.csv"
    files = ("--report", str(page), "--failed", str(failed))
    words = job(sandbox_url, tmp_path / "job.sqlite3", *files)
    first = command("enroll", manifest, *words)
    assert first.code == 3
    assert f"The report is in {page}" in first.out
    assert f"1 row to be mended and enrolled again, with reasons: {failed}" in first.out
    assert "<html" in page.read_text()
    assert "Jane Doe" not in page.read_text()
    somebody_else = faces.marked(faces.names()[0], face="somebody-else")
    (tmp_path / "900.jpg").write_bytes(somebody_else)
    mended = failed.read_text(encoding="utf-8-sig").replace("0.jpg", "900.jpg")
    failed.write_text(mended)
    again = command("enroll", failed, *words[:-2], "--retry", "duplicate")
    assert again.code == 0, again.err
    assert requests_at(sandbox_url) == 5
    last = command("enroll", manifest, *words)
    assert last.code == 0
    assert requests_at(sandbox_url) == 5
    assert failed.read_text() == mended
    assert not failed.with_name("failed-2.csv").exists()  # nobody is in it


def test_rows_that_somebody_looks_up_are_left_alone(
    command: Command, manifest_of: ManifestOf, sandbox_url: str, tmp_path: Path
) -> None:
    """The file of those who are unknown is theirs, with or without the other one."""
    failed, unknown = tmp_path / "failed.csv", tmp_path / "failed-unknown.csv"
    words = job(sandbox_url, tmp_path / "job.sqlite3", "--failed", str(failed))
    manifest = manifest_of(1, more=[{"images": "0.jpg"}])
    assert command("enroll", manifest, *words[:-2]).code == 3
    unknown.write_text("looked up already")
    assert command("enroll", manifest, *words).code == 3
    assert unknown.read_text() == "looked up already"
    assert "id-900" in (tmp_path / "failed-2.csv").read_text()


def test_reports_need_no_journal_of_their_own(
    command: Command, manifest_of: ManifestOf, tmp_path: Path
) -> None:
    """A try in the sandbox shows what they look like."""
    page = tmp_path / "report.html"
    words = ("--collection", "c1", "--sandbox", "--report", page)
    assert command("enroll", manifest_of(2), *words).code == 0
    assert "<html" in page.read_text()
