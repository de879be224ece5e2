"""A manifest from standard input: read once, kept aside, and gone afterwards."""

import gc
import io
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from verifik_async.batch.manifest import Manifest, ManifestError, RowDefaults

DEFAULTS = RowDefaults(collection_id="c1")
CSV = "id,name,gender,date_of_birth,images\n" + "".join(
    f"{number},Zoë,F,1987-06-05,a.jpg\n" for number in range(20_000)
)
JSONL = "\n".join(
    f'{{"id":{number},"name":"Zoë","gender":"F","date_of_birth":"1987-06-05",'
    '"images":"a.jpg"}'
    for number in range(20_000)
)

Pipe = Callable[[bytes], None]


@pytest.fixture
def pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pipe:
    """Puts bytes into standard input, in a folder with a.jpg."""
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(200))
    monkeypatch.chdir(tmp_path)

    def fill(data: bytes) -> None:
        stream = io.TextIOWrapper(io.BytesIO(data))
        monkeypatch.setattr("sys.stdin", stream)

    return fill


@pytest.mark.parametrize("text", [CSV, JSONL], ids=["csv", "jsonl"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_standard_input_is_a_manifest(pipe: Pipe, text: str, encoding: str) -> None:
    """CSV and JSONL are told apart; pictures are relative to the current folder."""
    pipe(text.encode(encoding))
    rows = iter(Manifest.open("-", defaults=DEFAULTS))
    request = next(rows).build()
    assert (request.name, len(request.images)) == ("Zoë", 1)
    assert [row.key for row in rows] == [str(number) for number in range(1, 20_000)]


def test_it_can_be_read_again_also_at_the_same_time(pipe: Pipe) -> None:
    """Every row is checked before the first is sent; each reading has its place."""
    pipe(CSV.encode())
    manifest = Manifest.open("-", defaults=DEFAULTS)
    for one, other in zip(manifest, manifest, strict=True):
        assert one.number == other.number
    assert sum(1 for _ in manifest.as_written(for_folder=".")) == 20_000


def test_what_is_kept_has_no_name(
    pipe: Pipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody else can find it, and it goes with the manifest."""
    aside = tmp_path / "aside"
    aside.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(aside))
    pipe(CSV.encode())
    manifest = Manifest.open("-", defaults=DEFAULTS)
    assert not list(aside.iterdir())
    places = Path("/proc/self/fd")
    if not places.is_dir():
        pytest.skip("this system does not list open files")
    assert _open_in(places, aside) == 1
    del manifest
    gc.collect()
    assert _open_in(places, aside) == 0


def _open_in(places: Path, folder: Path) -> int:
    """How many files of the folder this process has open."""
    # one of the links is that of the listing itself, which is no more then
    links = [link for link in list(places.iterdir()) if link.is_symlink()]
    return sum(link.readlink().is_relative_to(folder) for link in links)


@pytest.mark.parametrize(
    ("data", "told"),
    [(b"", "is empty"), (b"\n\n", "blank lines only"), (b"PK\x03\x04", "archive")],
)
def test_an_unusable_input_is_refused_as_a_file_is(
    pipe: Pipe, data: bytes, told: str
) -> None:
    """With the same words."""
    pipe(data)
    with pytest.raises(ManifestError, match=told):
        Manifest.open("-", defaults=DEFAULTS)


def test_a_terminal_is_told_to_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a person who does not know that they should type."""
    ours, theirs = os.openpty()
    with os.fdopen(ours, "rb"), os.fdopen(theirs) as terminal:
        monkeypatch.setattr("sys.stdin", terminal)
        with pytest.raises(ManifestError, match="is a terminal: pipe a manifest"):
            Manifest.open("-")
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(ManifestError, match="is a terminal: pipe a manifest"):
        Manifest.open("-")


def test_a_disk_that_takes_nothing_is_told(
    pipe: Pipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the input can't be kept aside, nothing is read of it."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    pipe(CSV.encode())
    with pytest.raises(ManifestError, match="can't be kept aside: No such file"):
        Manifest.open("-")
