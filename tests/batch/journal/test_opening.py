"""Opening a journal: whose it is, whether it can be used, what a crash left in it."""

# ruff: noqa: ASYNC240 - nobody else is on the loop

from __future__ import annotations

import contextlib
import os
import pickle
import sqlite3
import subprocess
import sys
from pathlib import Path

import attrs
import pytest
from batch_runs import Carrier, client_of, enrolled, person, refused
from journal_runs import asked, item, items, run, states, statuses
from strategies import request_of

from verifik_async import (
    BatchEnroller,
    BatchItem,
    ConfigurationError,
    EnrollmentRequest,
    VerifikClient,
)
from verifik_async.batch.journal import (
    JobTerms,
    Journal,
    JournalDamagedError,
    JournalError,
    JournalLockedError,
    JournalMismatchError,
    JournalPlaceError,
    JournalVersionError,
    JournalView,
    filesystem,
)

TERMS = JobTerms(
    collection_id="c1", liveness_min_score=0.65, min_score=0.8, search_mode="FAST"
)
HOLD = """
import sys
from pathlib import Path
from verifik_async.batch.journal.lock import ProcessLock
lock = ProcessLock.acquire(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.readline()
"""


async def opened(journal: Journal | Path, base_url: str = "https://a.example") -> None:
    """Open and close it."""
    client = VerifikClient("token", Carrier(), base_url=base_url)
    async with BatchEnroller(client, journal=journal):
        pass


async def test_a_journal_that_is_in_use_is_not_opened(path: Path) -> None:
    """The error says who has it; it is free again when the other has ended."""
    async with BatchEnroller(client_of(Carrier()), journal=path):
        with JournalView.open(path) as view:
            assert view.holder is not None
            assert view.holder.pid == os.getpid()
        with pytest.raises(JournalLockedError) as caught:
            await opened(path)
    assert caught.value.pid == os.getpid()
    assert caught.value.host
    assert str(os.getpid()) in str(caught.value)
    assert caught.value.host in str(caught.value)
    assert pickle.loads(pickle.dumps(caught.value)).since == caught.value.since  # noqa: S301
    ran = await run(path, items([0]))
    assert statuses(ran["outcomes"]) == ["enrolled"]
    with JournalView.open(path) as view:
        assert view.holder is None


async def test_a_lock_ends_with_its_process(path: Path) -> None:
    """Nobody has to delete a lock file after a crash."""
    lock = Journal(path).lock_path
    with subprocess.Popen(  # noqa: ASYNC220 - nobody else is on the loop
        [sys.executable, "-c", HOLD, str(lock)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(JournalLockedError) as caught:
            await opened(path)
        assert caught.value.pid == process.pid
        process.kill()
        process.wait()
        await opened(path)


async def test_a_link_leads_to_the_same_lock(path: Path) -> None:
    """One file is one job, whatever it is called."""
    link = path.with_name("link")
    link.symlink_to(path)
    async with BatchEnroller(client_of(Carrier()), journal=path):
        with pytest.raises(JournalLockedError):
            await opened(link)


async def test_a_lock_without_a_note_is_a_lock(path: Path) -> None:
    """Who holds it may be about to write that down."""
    async with BatchEnroller(client_of(Carrier()), journal=path):
        for note in (b"", b"[]", b"\xff", b'{"pid": "x"}'):
            Journal(path).lock_path.write_bytes(note)
            with pytest.raises(JournalLockedError, match="another run") as caught:
                await opened(path)
            assert (caught.value.pid, caught.value.host) == (None, None)


OTHERS = {
    "collection_id": attrs.evolve(TERMS, collection_id="c2"),
    "liveness_min_score": attrs.evolve(TERMS, liveness_min_score=0.66),
    "min_score": attrs.evolve(TERMS, min_score=0.9),
    "search_mode": attrs.evolve(TERMS, search_mode="ACCURATE"),
}


@pytest.mark.parametrize("differs", OTHERS)
async def test_other_terms_are_another_job(path: Path, differs: str) -> None:
    """Nothing is sent, the file stays as it is, and the error says what differs."""
    await opened(Journal(path, job=TERMS))
    events = asked(path, "SELECT * FROM event")
    with pytest.raises(JournalMismatchError) as caught:
        await opened(Journal(path, job=OTHERS[differs]))
    assert caught.value.differs == (differs,)
    assert isinstance(caught.value, ConfigurationError)
    assert str(getattr(TERMS, differs)) in str(caught.value)
    assert asked(path, "SELECT * FROM event") == events
    await opened(Journal(path, job=TERMS))


async def test_another_server_is_another_job(path: Path) -> None:
    """Who is enrolled in a sandbox is not enrolled."""
    await opened(path)
    with pytest.raises(JournalMismatchError, match=r"b\.example") as caught:
        await opened(path, "https://b.example")
    assert caught.value.differs == ("base_url",)


async def test_all_differences_are_told(path: Path) -> None:
    """One look is enough to see that it is the wrong file."""
    await opened(Journal(path, job=TERMS))
    now = JobTerms(collection_id="c2")
    with pytest.raises(JournalMismatchError) as caught:
        await opened(Journal(path, job=now), "https://b.example")
    assert caught.value.differs == (
        *("base_url", "collection_id", "liveness_min_score", "min_score"),
        "search_mode",
    )
    assert "is left to each person" in str(caught.value)


async def test_terms_that_were_not_given_differ_from_none(path: Path) -> None:
    """A caller who starts to say them, or stops, has the same job."""
    await opened(path)
    await opened(Journal(path, job=TERMS))
    await opened(path)
    with pytest.raises(JournalMismatchError):
        await opened(Journal(path, job=OTHERS["min_score"]))


@pytest.mark.parametrize("status", ["enrolled", "unknown"])
async def test_who_was_sent_elsewhere_stops_a_run(path: Path, status: str) -> None:
    """Without job terms each person's own are compared: skipping would be wrong."""
    lost = Carrier(lambda n: enrolled(n) if status == "enrolled" else refused(500))
    await run(path, [BatchItem(key="a", request=person(0))], lost)
    elsewhere = request_of(collection_id="c2", images=person(0).images)
    carrier = Carrier()
    people = [BatchItem(key="a", request=elsewhere), item(1)]
    ran = await run(path, people, carrier, on_unknown="resend", concurrency=1)
    error = ran["report"].stop_error
    assert isinstance(error, JournalMismatchError)
    assert error.differs == ("collection_id",)
    assert carrier.sent == []
    assert ran["outcomes"][0].status.value in ("not_attempted", "unknown")


async def test_a_refusal_may_be_tried_again_on_other_terms(path: Path) -> None:
    """That is what one tries: nobody was enrolled on the old ones."""
    no = Carrier(lambda _: refused(409, "409:liveness_failed"))
    await run(path, [BatchItem(key="a", request=person(0))], no)
    milder = request_of(liveness_min_score=0.5, images=person(0).images)
    people = [BatchItem(key="a", request=milder)]
    ran = await run(path, people, retry=["liveness_failed"])
    assert statuses(ran["outcomes"]) == ["enrolled"]


@pytest.mark.parametrize("keyed_first", [True, False])
async def test_keys_must_not_come_or_go(path: Path, *, keyed_first: bool) -> None:
    """Everybody would be somebody new, and be sent again."""
    runs: list[list[EnrollmentRequest | BatchItem]] = [
        [person(0), person(1)],
        [item(0), item(1)],
    ]
    first, second = reversed(runs) if keyed_first else runs
    await run(path, first)
    carrier = Carrier()
    ran = await run(path, second, carrier)
    error = ran["report"].stop_error
    assert isinstance(error, JournalMismatchError)
    assert error.differs == ("keys",)
    assert carrier.sent == []
    ran = await run(path, [*first, *second])  # but both kinds may be in one job
    assert statuses(ran["outcomes"]) == ["skipped"] * 2 + ["enrolled"] * 2


async def test_intents_that_a_crash_left_are_unknown(path: Path) -> None:
    """Whether they had been sent nobody knows; the latest attempt is what counts."""
    await run(
        path, items([0, 1]), Carrier(lambda _: refused(409, "409:liveness_failed"))
    )
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute(
            "INSERT INTO intent "
            "SELECT key, 70, terms, 5.0, NULL FROM item WHERE row = 0"
        )
        database.execute("INSERT INTO intent VALUES (x'00', 71, NULL, 6.0, 'k')")
    await opened(path, "https://api.verifik.co")
    assert states(path) == {70: "unknown", 1: "liveness_failed", 71: "unknown"}
    ((*said, attempts),) = asked(
        path, "SELECT status, code, reason, attempts FROM item WHERE row = 70"
    )
    assert (said, attempts) == ([None] * 3, 1)
    with JournalView.open(path) as view:
        started = [one.facts for one in view.events() if one.kind == "run_started"]
    assert started == [{"unknown_since": 0}, {"unknown_since": 2}]


FOREIGN = {
    "text": b"id,name\n1,Jane Doe\n" * 100,
    "zeros": bytes(8192),
    "short": b"SQLite format 3\0",
}


@pytest.mark.parametrize("kind", FOREIGN)
async def test_another_file_is_refused_and_not_touched(path: Path, kind: str) -> None:
    """Somebody names the manifest as the journal: nothing happens to it."""
    path.write_bytes(FOREIGN[kind])
    with pytest.raises(JournalDamagedError):
        await opened(path)
    assert path.read_bytes() == FOREIGN[kind]
    with pytest.raises(JournalDamagedError):
        JournalView.open(path)


async def test_another_database_is_refused_and_not_touched(path: Path) -> None:
    """It may be somebody's bookkeeping."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE item (key)")
    before = path.read_bytes()
    with pytest.raises(JournalDamagedError, match="no journal of this package"):
        await opened(path)
    assert path.read_bytes() == before


async def test_a_journal_of_a_newer_version_is_refused(path: Path) -> None:
    """This version can't know what is in it."""
    await opened(path)
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(JournalVersionError, match="99"):
        await opened(path)
    with pytest.raises(JournalVersionError, match="99"):
        JournalView.open(path)


async def test_an_empty_file_becomes_a_journal(path: Path) -> None:
    """A crash before the first table was made, or `mktemp`, leaves one."""
    path.touch()
    ran = await run(path, items([0]))
    assert statuses(ran["outcomes"]) == ["enrolled"]


async def test_places_that_can_not_hold_a_journal(tmp_path: Path) -> None:
    """No folder, a folder, and a folder in which nothing can be made."""
    for place in (tmp_path / "missing" / "job", tmp_path, Path("/proc/job")):
        with pytest.raises(JournalPlaceError) as caught:
            await opened(place)
        assert caught.value.hint
    with pytest.raises(JournalPlaceError, match="no such journal"):
        JournalView.open(tmp_path / "missing")


async def test_a_read_only_journal_is_refused(path: Path) -> None:
    """It is told before anybody is pulled from the source."""
    await opened(path)
    path.unlink()
    path.symlink_to("/proc/self/status")  # not even root may write there
    with pytest.raises(JournalError):
        await opened(path)


async def test_a_network_file_system_is_refused(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """WAL would damage the journal there; the hint says where to put it instead."""
    mounts = tmp_path / "mounts"
    mounts.write_text(f"1 2 0:1 / {tmp_path} rw - nfs4 server:/home rw\n")
    monkeypatch.setattr(filesystem, "_MOUNTS", mounts)
    with pytest.raises(JournalPlaceError, match="nfs4") as caught:
        await opened(path)
    assert "local disk" in caught.value.hint
    assert not path.exists()


async def test_a_journal_is_for_its_owner_only(path: Path) -> None:
    """It says who was enrolled, if not by name."""
    await opened(path)
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "wrong", [{"retry": ["enrolled"]}, {"retry": "unknown"}, {"on_unknown": "raise"}]
)
def test_what_can_not_be_asked_for_is_refused_at_once(wrong: dict[str, str]) -> None:
    """Before anything is opened."""
    with pytest.raises(ConfigurationError):
        BatchEnroller(client_of(Carrier()), **wrong)  # type: ignore[arg-type]


def test_a_durability_that_there_is_not_is_refused_at_once(path: Path) -> None:
    """A misspelt one must not be the weaker one by chance."""
    with pytest.raises(ConfigurationError):
        Journal(path, durability="none")  # type: ignore[arg-type]
