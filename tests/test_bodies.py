"""Bodies: as large as they say, the same each time, never longer than announced."""

import base64
import io
import itertools
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import attrs
import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from streams import trickle

from verifik_async import Body
from verifik_async.bodies import (
    ENCODED_AT_A_TIME,
    SMALL_BODY,
    Base64Part,
    base64_json_array,
    text_body,
)
from verifik_async.reading import FileReader, MemoryReader, Reader, StreamReader

BORDERS = (0, 1, 2, 3, SMALL_BODY, SMALL_BODY * 3 // 4, ENCODED_AT_A_TIME)


@attrs.frozen
class Source:
    """Bytes in memory, through any kind of stream."""

    data: bytes
    stream: Callable[[bytes], BinaryIO] = io.BytesIO
    in_memory: bool = True

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return len(self.data)

    def reader(self) -> Reader:
        """A new reader of them."""
        if self.in_memory:
            return MemoryReader(self.data)
        return StreamReader(lambda: self.stream(self.data))


def spliced(data: bytes) -> Base64Part:
    """`data` to be spliced in."""
    return Base64Part(label="images[0]", source=Source(data))


def filled(size: int, byte: int) -> bytes:
    """`size` bytes, all alike."""
    return bytes([byte]) * size


SIZES = st.sampled_from(
    sorted({max(0, border + near) for border in BORDERS for near in (-1, 0, 1)})
)
DATA = st.builds(filled, SIZES, st.integers(0, 255))
PARTS = st.lists(DATA | st.binary(max_size=9) | DATA.map(spliced), max_size=5)


def plain(part: bytes | Base64Part) -> bytes:
    """A part as the standard library would write it."""
    if isinstance(part, bytes):
        return part
    assert isinstance(part.source, Source)
    return base64.b64encode(part.source.data)


@examples(60)
@given(PARTS)
def test_size_is_what_is_sent(parts: list[bytes | Base64Part]) -> None:
    """The size announced is the size sent, whatever the parts; so it is each time."""
    body = Body(tuple(parts))
    expected = b"".join(map(plain, parts))
    assert body.size == len(expected)
    assert body.read() == expected
    assert b"".join(body) == expected


@examples(60)
@given(PARTS)
def test_blocks(parts: list[bytes | Base64Part]) -> None:
    """What is small is put together, what is large is left alone, never all in one."""
    sizes = [len(block) for block in Body(tuple(parts))]
    together = [one + next_one for one, next_one in itertools.pairwise(sizes)]
    assert all(size > SMALL_BODY for size in together)
    pieces = [len(part) for part in parts if isinstance(part, bytes)]
    most = max(4 * ENCODED_AT_A_TIME // 3, SMALL_BODY, *pieces, 0)
    assert max(sizes, default=0) <= most


def test_an_empty_block_comes_before_what_has_to_be_waited_for() -> None:
    """So the blocks that only a thread should make are known beforehand."""
    slow = Base64Part(label="x", source=Source(b"y" * 99, in_memory=False))
    assert list(Body((b"a", slow, b"b")))[:-1] == [b""]
    assert list(Body((b"x" * SMALL_BODY, slow))) == [
        b"",
        b"x" * SMALL_BODY,
        base64.b64encode(b"y" * 99),
    ]


@pytest.mark.parametrize("size", [0, 1, SMALL_BODY - 1, SMALL_BODY])
def test_small_bodies_are_one_block(size: int) -> None:
    """Several small writes halve throughput, so a small body is one."""
    head, rest = size // 4, size - size // 4
    blocks = list(Body((b"x" * head, spliced(b"y" * (rest * 3 // 4)), b"")))
    assert len(blocks) <= 1


def test_streams_that_read_short() -> None:
    """A stream which gives one byte a read is sent whole."""
    source = Source(bytes(range(200)), stream=trickle, in_memory=False)
    body = Body((Base64Part(label="x", source=source),))
    assert body.read() == base64.b64encode(source.data)


def test_bodies_are_never_held_whole(tmp_path: Path) -> None:
    """Sending a large file takes the memory of a few blocks."""
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(40 * 1024 * 1024)

    @attrs.frozen
    class File:
        size: int = path.stat().st_size
        in_memory: bool = False

        def reader(self) -> Reader:
            return FileReader(str(path))

    body = Body((b"[", Base64Part(label="x", source=File()), b"]"))
    tracemalloc.start()
    try:
        sent = sum(map(len, body))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sent == body.size > 50 * 1024 * 1024
    assert peak < 4 * 1024 * 1024


def test_in_memory() -> None:
    """A body waits for nothing if none of its parts does."""
    slow = Base64Part(label="x", source=Source(b"abc", in_memory=False))
    assert Body((b"a", spliced(b"b"))).in_memory
    assert not Body((b"a", slow)).in_memory


def test_text_body() -> None:
    """A body of plain bytes."""
    body = text_body(b"ab", b"c")
    assert (body.read(), body.size, body.in_memory) == (b"abc", 3, True)


@given(st.lists(st.binary(max_size=20), max_size=4))
def test_base64_json_array(items: list[bytes]) -> None:
    """The array is JSON, of the base64 text of each source in order."""
    sources = [(f"images[{n}]", Source(data)) for n, data in enumerate(items)]
    parts = tuple(base64_json_array(sources))
    found = json.loads(Body(parts).read())
    assert found == [base64.b64encode(data).decode() for data in items]
    labels = [part.label for part in parts if isinstance(part, Base64Part)]
    assert labels == [label for label, _ in sources]
