"""A program: reads a run a line, and carries each out in a process forked for it.

Processes that are killed by the dozen start at once this way, as everything has been
imported already. It tells of each by a line: `began PID`, and `ended PID STATUS`.
"""

import asyncio
import functools
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, TypedDict, cast

sys.path.insert(0, str(Path(__file__).parents[2] / "support"))

from batch_runs import person

from verifik_async import (
    BatchEnroller,
    BatchItem,
    OutcomeStatus,
    RetryPolicy,
    VerifikClient,
)
from verifik_async.transports.live import AiohttpTransport


class Run(TypedDict):
    """A run to carry out.

    `told` is a file to which each outcome is added as the loop gets it, unless it was
    skipped, `report` one for the counts at the end.
    """

    base_url: str
    journal: str
    persons: int
    concurrency: int
    on_unknown: Literal["hold", "resend"]
    told: str
    report: str


def items(count: int) -> Iterator[BatchItem]:
    """Persons with a key, made when their turn comes."""
    for number in range(count):
        make = functools.partial(person, number)
        yield BatchItem(key=f"key-of-{number}", request=make)


async def carry_out(run: Run) -> None:
    """Enroll everybody, and tell of each at once."""
    client = VerifikClient(
        "token",
        AiohttpTransport(),
        base_url=run["base_url"],
        retry=RetryPolicy(max_attempts=1),
    )
    enroller = BatchEnroller(
        client,
        concurrency=run["concurrency"],
        journal=run["journal"],
        on_unknown=run["on_unknown"],
    )
    told = os.open(run["told"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    async with client, enroller:
        async for outcome in enroller.enroll(items(run["persons"])):
            if outcome.status is not OutcomeStatus.SKIPPED:
                os.write(told, f"{outcome.index} {outcome.status}\n".encode())
    counts = {status.value: n for status, n in enroller.report.counts.items()}
    report = os.open(run["report"], os.O_WRONLY | os.O_TRUNC | os.O_CREAT)
    os.write(report, json.dumps(counts).encode())


def say(*words: object) -> None:
    """A line, at once and whole."""
    os.write(sys.stdout.fileno(), (" ".join(map(str, words)) + "\n").encode())


def main() -> None:
    """Until there are no more lines."""
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            status = 1
            try:
                asyncio.run(carry_out(cast("Run", json.loads(line))))
                status = 0
            finally:
                os._exit(status)
        say("began", pid)
        _, status = os.waitpid(pid, 0)
        say("ended", pid, os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
