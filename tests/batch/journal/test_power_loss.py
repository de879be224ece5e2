"""What is left of a journal when the power fails, or the disk loses its last writes."""

from __future__ import annotations

import asyncio
import random
import shutil
import struct
from pathlib import Path

import pytest
from batch_runs import HANG, Carrier, client_of
from journal_runs import asked, items, run, states

from verifik_async import BatchEnroller

PERSONS = 400
RANDOM = random.Random(7)  # noqa: S311 - the same cuts every time


class Image:
    """The files of a run as they were on the disk at one moment, and what it knew.

    Attributes:
        told: Who was told as enrolled by then.
        sent: Who was sent by then.
    """

    def __init__(self, folder: Path, *, told: set[int], sent: set[int]) -> None:
        self.folder = folder
        self.told = told
        self.sent = sent

    @property
    def journal(self) -> Path:
        """The journal's file."""
        return self.folder / "job.sqlite3"

    @property
    def wal(self) -> Path:
        """What has not gone from the log into the file."""
        return self.folder / "job.sqlite3-wal"

    def copy(self, folder: Path) -> Image:
        """The same once more, to be damaged."""
        shutil.copytree(self.folder, folder)
        return Image(folder, told=self.told, sent=self.sent)


async def _images(path: Path, folder: Path) -> list[Image]:
    """Copies of the files, taken while a run goes on."""
    images: list[Image] = []
    carrier = Carrier()
    told: set[int] = set()
    enroller = BatchEnroller(client_of(carrier), concurrency=8, journal=path)
    async with asyncio.timeout(HANG), enroller:
        async for outcome in enroller.enroll(items(range(PERSONS))):
            told.add(outcome.index)
            if len(told) % 80 == 40:
                where = folder / f"image-{len(images)}"
                _copy(path, where)
                images.append(Image(where, told=set(told), sent=set(carrier.sent)))
    return images


def _copy(path: Path, folder: Path) -> None:
    folder.mkdir()
    # the log first: the file may only take over what the log has held
    for name in ("job.sqlite3-wal", "job.sqlite3"):
        shutil.copy(path.with_name(name), folder / name)


@pytest.fixture
def images(path: Path, tmp_path: Path) -> list[Image]:
    """What a loss of power at five moments would leave."""
    return asyncio.run(_images(path, tmp_path))


def resumed(image: Image) -> set[int]:
    """Who is sent by a run that goes on from there."""
    carrier = Carrier()
    asyncio.run(run(image.journal, items(range(PERSONS)), carrier))
    return set(carrier.sent)


def test_a_loss_of_power_loses_nothing_that_was_told(images: list[Image]) -> None:
    """It opens; nobody who was sent is sent again; whoever was told is settled."""
    for image in images:
        again = resumed(image)
        assert again.isdisjoint(image.sent)
        written = states(image.journal)
        assert all(written[number] == "enrolled" for number in image.told)
        assert set(written) == set(range(PERSONS))


PAGE = 4096
SECTOR = 512
"""What a disk writes whole, or not at all."""


def _pages_in(log: bytes) -> dict[int, bytes]:
    """The latest committed content of each page in a log, by the page's number.

    See https://www.sqlite.org/fileformat2.html#walformat.
    """
    pages: dict[int, bytes] = {}
    open_: dict[int, bytes] = {}
    for start in range(32, len(log) - PAGE - 24 + 1, PAGE + 24):
        number, commits = struct.unpack_from(">II", log, start)
        if log[start + 8 : start + 16] != log[16:24]:
            break  # of an earlier log
        open_[number] = log[start + 24 : start + 24 + PAGE]
        if commits:
            pages |= open_
            open_ = {}
    return pages


def test_a_loss_of_power_while_the_file_takes_over_the_log(
    images: list[Image], tmp_path: Path
) -> None:
    """Half of it is new and half is old: the log still has all, and heals it."""
    for number, image in enumerate(images):
        copy = image.copy(tmp_path / f"half-{number}")
        pages = _pages_in(copy.wal.read_bytes())
        assert pages
        with copy.journal.open("r+b") as file:
            for place, page in pages.items():
                for sector in range(0, PAGE, SECTOR):
                    if RANDOM.random() < 0.5:
                        file.seek((place - 1) * PAGE + sector)
                        file.write(page[sector : sector + SECTOR])
        assert resumed(copy).isdisjoint(copy.sent)
        assert asked(copy.journal, "PRAGMA integrity_check") == [("ok",)]
        written = states(copy.journal)
        assert all(written[row] == "enrolled" for row in copy.told)


@pytest.mark.parametrize("damage", ["cut", "torn", "zeros"])
def test_a_damaged_end_of_the_log_loses_that_end_only(
    images: list[Image], tmp_path: Path, damage: str
) -> None:
    """A disk that lied about syncing: it opens, with all commits before the damage."""
    for number, image in enumerate(images):
        for turn in range(4):
            copy = image.copy(tmp_path / f"{damage}-{number}-{turn}")
            log = bytearray(copy.wal.read_bytes())
            place = RANDOM.randrange(len(log))
            if damage == "cut":
                del log[place:]
            elif damage == "torn":
                log[place : place + 700] = RANDOM.randbytes(700)
            else:
                log[place:] = bytes(len(log) - place)
            copy.wal.write_bytes(log)
            resumed(copy)
            assert asked(copy.journal, "PRAGMA integrity_check") == [("ok",)]
            written = states(copy.journal)
            assert set(written) == set(range(PERSONS))
            assert set(written.values()) <= {"enrolled", "unknown"}
            assert list(written.values()).count("unknown") <= 12
