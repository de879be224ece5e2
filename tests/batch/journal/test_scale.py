"""Many persons: memory stays flat, also for those who are only skipped."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SUPPORT = Path(__file__).parents[2] / "support"

PROGRAM = """
import asyncio, sys
sys.path.insert(0, sys.argv[1])
from batch_runs import Carrier, BatchItem, client_of, person
from verifik_async import BatchEnroller

def used():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

class Forgetful(Carrier):
    async def send(self, request):
        self.sent.clear()
        return await super().send(request)

async def main(path, warm, persons):
    people = (
        BatchItem(key=f"key-of-{n}", request=lambda n=n: person(n))
        for n in range(persons)
    )
    async with BatchEnroller(client_of(Forgetful()), journal=path) as enroller:
        taken = 0
        async for outcome in enroller.enroll(people):
            taken += 1
            if taken == warm:
                before = used()
    counts = {status.value: n for status, n in enroller.report.counts.items() if n}
    print(used() - before, counts)

asyncio.run(main(sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
"""

WARM = 10_000
PERSONS = 50_000
A_PERSON = 200
"""Bytes by which memory may grow with each: 2 MB for ten thousand."""


def grown(path: Path) -> tuple[int, str]:
    """By how much a process grows after its first persons, and what became of all."""
    ran = subprocess.run(
        [
            *(sys.executable, "-c", PROGRAM, str(SUPPORT), str(path)),
            *(str(WARM), str(PERSONS)),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    size, _, counts = ran.stdout.strip().partition(" ")
    return int(size), counts


@pytest.mark.once
@pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="memory is read from /proc"
)
def test_memory_does_not_grow_with_the_number_of_persons(path: Path) -> None:
    """Neither while they are enrolled, nor while they are skipped."""
    size, counts = grown(path)
    assert counts == f"{{'enrolled': {PERSONS}}}"
    assert size <= (PERSONS - WARM) * A_PERSON
    skipped, counts = grown(path)
    assert counts == f"{{'skipped': {PERSONS}}}"
    assert skipped <= (PERSONS - WARM) * A_PERSON
    sys.stdout.write(
        f"\ngrown by {size / 1e6:.1f} MB, skipping {skipped / 1e6:.1f} MB\n"
    )
