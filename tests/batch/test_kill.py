"""Runs that are killed with SIGKILL, again and again, at random moments.

Nobody is lost, nobody is sent twice unless the caller said so, and who is `unknown`
afterwards is exactly who may have been in flight. `nox -s kill` does so at length, by
VERIFIK_KILLS and VERIFIK_KILL_PERSONS.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import random
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest
from batch_runs import HANG

from verifik_async.batch.journal import State
from verifik_async.sandbox import Sandbox, World
from verifik_async.sandbox.answers import Answer
from verifik_async.sandbox.rules import Call, Settings

KILLS = int(os.environ.get("VERIFIK_KILLS", "8"))
PERSONS = int(os.environ.get("VERIFIK_KILL_PERSONS", "1000"))
WIDTH = 16
MOST_OPEN = WIDTH + WIDTH // 2
"""Intents that may stand without an outcome."""

LATENCY = 0.01
ENROLLED = (State.ENROLLED, State.PRESUMED_ENROLLED)
RANDOM = random.Random()  # noqa: S311 - moments, no secrets
FORKER = Path(__file__).parent / "journal" / "run_forker.py"


class Witness(World):
    """A sandbox's world which remembers who was sent how often, and pulls the trigger.

    Attributes:
        sent: How often each person came, complete.
        at: The number of requests on which `trigger` is called.
        trigger: What to do then.
    """

    def __init__(self, *, production: bool) -> None:
        super().__init__(Settings(production=production))
        self.sent: Counter[int] = Counter()
        self._served = 0
        self._quiet = asyncio.Event()
        self._quiet.set()
        self.at = -1
        self.trigger: Callable[[], object] = lambda: None

    async def answer(self, call: Call) -> Answer:
        """Take some time, as liveness and search do."""
        self.sent[_number(call.body)] += 1
        if self.sent.total() == self.at:
            self.trigger()
        self._served += 1
        self._quiet.clear()
        try:
            await asyncio.sleep(LATENCY)
            return await super().answer(call)
        finally:
            self._served -= 1
            if not self._served:
                self._quiet.set()

    async def quiet(self) -> None:
        """Wait until all that has come is decided: a kill does not unsend it."""
        async with asyncio.timeout(HANG):
            await asyncio.sleep(LATENCY)  # what is in the sockets comes in
            await self._quiet.wait()


def _number(body: bytes) -> int:
    """Whose request it is: the number is in the picture."""
    sent: dict[str, list[str]] = json.loads(body)
    return int.from_bytes(base64.b64decode(sent["images"][0])[4:12], "big")


class Book:
    """What a journal says, read with nothing but SQLite, by the person's number."""

    def __init__(self, path: Path) -> None:
        self.state: dict[int, str] = {}
        self.intents: set[int] = set()
        with contextlib.closing(sqlite3.connect(path)) as database:
            # killed while it was made, it has either all of its tables or none
            if database.execute("SELECT * FROM sqlite_master").fetchone():
                self.state.update(database.execute("SELECT row, state FROM item"))
                intents = database.execute("SELECT row FROM intent")
                self.intents.update(row for (row,) in intents)

    def those(self, *states: State) -> set[int]:
        """Who stands there."""
        return {row for row, state in self.state.items() if state in states}


class Job:
    """One job, enrolled by processes that are killed."""

    def __init__(
        self, folder: Path, sandbox: Sandbox, witness: Witness, *, resend: bool
    ) -> None:
        self.journal = folder / "job.sqlite3"
        self.told = folder / "told"
        self.report = folder / "report.json"
        self.witness = witness
        self.resend = resend
        self.to_send = PERSONS
        self.killed: list[int] = []
        self._order = json.dumps(
            {
                "base_url": sandbox.base_url,
                "journal": str(self.journal),
                "persons": PERSONS,
                "concurrency": WIDTH,
                "on_unknown": "resend" if resend else "hold",
                "told": str(self.told),
                "report": str(self.report),
            }
        )
        self._forker: asyncio.subprocess.Process | None = None

    @contextlib.asynccontextmanager
    async def forker(self) -> AsyncGenerator[None]:
        """Have the forker run."""
        self._forker = forker = await asyncio.create_subprocess_exec(
            *(sys.executable, str(FORKER)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            yield
        finally:
            assert forker.stdin is not None
            forker.stdin.close()
            await forker.wait()

    async def run(self, *, kill_at: int | None = None, after: float = 0) -> int:
        """Carry out the job; kill it some time after so many requests in all.

        Returns:
            The process's exit code: -9 for one that was killed.
        """
        forker = self._forker
        assert forker is not None
        assert forker.stdin is not None
        assert forker.stdout is not None
        forker.stdin.write(f"{self._order}\n".encode())
        _, pid = (await forker.stdout.readline()).split()
        loop = asyncio.get_running_loop()

        def kill() -> None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)

        self.witness.trigger = lambda: loop.call_later(after, kill)
        self.witness.at = -1 if kill_at is None else kill_at
        if kill_at == self.witness.sent.total():
            self.witness.trigger()  # before anything is sent
        async with asyncio.timeout(10 * HANG):
            *_, code = (await forker.stdout.readline()).split()
        await self.witness.quiet()
        return int(code)

    async def run_and_kill(self, kills: int) -> None:
        """Kill so many runs, at moments spread over all persons."""
        for left in range(kills, 0, -1):
            done = self.witness.sent.total()
            share = 1.6 * self.to_send / (left + 1)
            at = done + RANDOM.randrange(int(share))
            code = await self.run(kill_at=at, after=RANDOM.random() * 3 * LATENCY)
            assert code == -signal.SIGKILL
            self.check_after_kill()

    def check_after_kill(self) -> None:
        """Everybody who was sent has an outcome, or is known not to have one."""
        book = Book(self.journal)
        self.killed.append(len(book.intents))
        assert len(book.intents) <= MOST_OPEN
        open_ = book.intents | book.those(State.UNKNOWN)
        assert set(self.witness.sent) <= book.those(*ENROLLED) | open_
        self.check_told(book)
        settled = book.those(*ENROLLED)
        self.to_send = PERSONS - len(settled if self.resend else settled | open_)

    def check_told(self, book: Book) -> None:
        """What a loop has got is never lost, even a moment before the kill."""
        lines = self.told.read_text().splitlines() if self.told.exists() else []
        for number, status in (line.split() for line in lines):
            stands = book.state[int(number)]
            assert stands == status or (status == "unknown" and stands in ENROLLED)

    async def finish(self) -> Book:
        """Carry the job out to its end."""
        assert await self.run() == 0
        book = Book(self.journal)
        assert book.intents == set()
        self.check_told(book)
        assert set(book.state) == set(range(PERSONS))
        counts: dict[str, int] = json.loads(self.report.read_text())
        assert sum(counts.values()) == PERSONS
        assert counts["unknown"] == len(book.those(State.UNKNOWN))
        return book

    def tell(self, book: Book) -> None:
        """What came of it, for people: `pytest -s` shows it."""
        sent, unknown = self.witness.sent, book.those(State.UNKNOWN)
        lines = {
            "kills": len(self.killed),
            "persons": PERSONS,
            "open at a kill, on average": round(sum(self.killed) / len(self.killed), 1),
            "open at a kill, at most": max(self.killed),
            "unknown": len(unknown),
            "unknown and never sent": len(unknown - set(sent)),
            "sent twice": sum(times > 1 for times in sent.values()),
            "presumed": len(book.those(State.PRESUMED_ENROLLED)),
        }
        sys.stdout.write("\n" + "".join(f"{n:7} {what}\n" for what, n in lines.items()))


@contextlib.asynccontextmanager
async def killed(
    folder: Path, *, production: bool, resend: bool
) -> AsyncGenerator[Job]:
    """A job whose runs were killed so often, and not carried out to its end yet."""
    witness = Witness(production=production)
    async with Sandbox(world=witness) as sandbox:
        job = Job(folder, sandbox, witness, resend=resend)
        async with job.forker():
            await job.run_and_kill(KILLS)
            yield job


@pytest.mark.parametrize("production", [True, False])
async def test_without_resending_nobody_is_lost_or_sent_twice(
    tmp_path: Path, *, production: bool
) -> None:
    """Who is not enrolled is `unknown`: everybody whose answer was lost, few others."""
    async with killed(tmp_path, production=production, resend=False) as job:
        book = await job.finish()
    unknown, sent = book.those(State.UNKNOWN), set(job.witness.sent)
    assert set(job.witness.sent.values()) == {1}
    assert book.those(State.ENROLLED) == sent - unknown
    assert unknown | sent == set(range(PERSONS))
    assert len(unknown) == sum(job.killed) <= KILLS * MOST_OPEN
    job.tell(book)


@pytest.mark.parametrize("production", [True, False])
async def test_with_resending_everybody_is_enrolled(
    tmp_path: Path, *, production: bool
) -> None:
    """Twice is sent only who was unknown; who is a duplicate then is presumed ours."""
    async with killed(tmp_path, production=production, resend=True) as job:
        book = await job.finish()
    presumed = book.those(State.PRESUMED_ENROLLED)
    assert book.those(*ENROLLED) == set(range(PERSONS)) == set(job.witness.sent)
    assert len(job.witness.people()) == PERSONS
    again = {number for number, times in job.witness.sent.items() if times > 1}
    assert presumed <= again
    assert job.witness.sent.total() - PERSONS <= sum(job.killed)
    assert production or not presumed
    job.tell(book)
