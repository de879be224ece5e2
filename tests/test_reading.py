"""Readers: whole, in pieces, and honest about what they would have to wait for."""

import errno
import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from streams import trickle

from verifik_async import reading
from verifik_async.reading import FileReader, MemoryReader, Reader, StreamReader

DATA = bytes(range(256)) * 40


def _file(folder: Path) -> Reader:
    (folder / "face").write_bytes(DATA)
    return FileReader(str(folder / "face"))


MAKERS: dict[str, Callable[[Path], Reader]] = {
    "memory": lambda _: MemoryReader(DATA),
    "file": _file,
    "stream": lambda _: StreamReader(lambda: io.BytesIO(DATA)),
    "short": lambda _: StreamReader(lambda: trickle(DATA)),
}


def read(reader: Reader, size: int = 999) -> bytes:
    """All that a reader gives, in pieces of `size` at the most."""
    whole = b""
    room = memoryview(bytearray(size))
    while got := reader.fill(room, wait=True):
        whole += room[:got]
    reader.close()
    return whole


@pytest.mark.parametrize("kind", MAKERS)
def test_everything_is_read_in_pieces(kind: str, tmp_path: Path) -> None:
    """The pieces are the whole, to the end."""
    assert read(MAKERS[kind](tmp_path)) == DATA


def test_a_file_in_the_page_cache_is_at_hand(tmp_path: Path) -> None:
    """Where the system tells, what was just written is read without waiting."""
    if not hasattr(os, "RWF_NOWAIT"):
        pytest.skip("this system does not say when it would wait")
    reader = _file(tmp_path)
    room = memoryview(bytearray(len(DATA)))
    got = reader.fill(room, wait=False)
    reader.close()
    assert got is None or bytes(room[:got]) == DATA[:got]


@pytest.mark.parametrize(
    "number", ["EAGAIN", "EOPNOTSUPP", "EINVAL", "ENOSYS", "EPERM"]
)
def test_a_file_that_is_not_at_hand_says_so(
    number: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cold page, or a system that can't tell, is None, and nothing is lost."""
    true_read = os.preadv

    def cold(file: int, buffers: list[memoryview], at: int, flags: int) -> int:
        if flags:
            raise OSError(getattr(errno, number), "x")
        return true_read(file, buffers, at, flags)

    monkeypatch.setattr(os, "preadv", cold)
    monkeypatch.setattr(reading, "_AT_HAND", 8)
    reader = _file(tmp_path)
    assert reader.fill(memoryview(bytearray(9)), wait=False) is None
    assert read(reader) == DATA


def test_where_no_system_tells_a_file_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the flag every piece is waited for, and read all the same."""
    monkeypatch.setattr(reading, "_AT_HAND", None)
    reader = _file(tmp_path)
    assert reader.fill(memoryview(bytearray(9)), wait=False) is None
    assert read(reader) == DATA


def test_a_stream_is_opened_when_it_is_waited_for() -> None:
    """An opener may ask a network, so nobody calls it who must not wait."""
    opened: list[io.BytesIO] = []

    def opener() -> io.BytesIO:
        opened.append(io.BytesIO(DATA))
        return opened[-1]

    reader = StreamReader(opener)
    room = memoryview(bytearray(9))
    assert reader.fill(room, wait=False) is None
    assert not opened
    assert reader.fill(room, wait=True) == 9
    reader.close()
    assert opened[0].closed


def test_a_pipe_in_the_place_of_a_file_is_its_end(tmp_path: Path) -> None:
    """A path that became a pipe holds up nobody: there is nothing to read."""
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes with names here")
    os.mkfifo(tmp_path / "pipe")
    reader = FileReader(str(tmp_path / "pipe"))
    room = memoryview(bytearray(9))
    with pytest.raises(OSError, match="seek"):
        reader.fill(room, wait=True)
    reader.close()


class _Stuck(io.BytesIO):
    """Can't be closed, as a store that has lost its connection."""

    def close(self) -> None:
        if not self.closed:
            super().close()
            raise OSError(errno.EIO, "x", "Jane.jpg")


def test_a_stream_that_can_not_be_closed_is_let_go() -> None:
    """Its bytes were read; nobody could catch the error, which may name a person."""
    assert read(StreamReader(lambda: _Stuck(DATA))) == DATA
