"""`failed.csv`: mended and fed back, everybody is enrolled, and nobody twice."""

from __future__ import annotations

import csv
import json
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from batch_runs import Carrier, client_of, refused
from journal_runs import items, run
from report_runs import LOW, edit

from verifik_async import (
    BatchEnroller,
    BatchItem,
    BatchOutcome,
    ConfigurationError,
    OutcomeStatus,
    SandboxTransport,
    VerifikClient,
)
from verifik_async.batch.manifest import Manifest, RowDefaults
from verifik_async.batch.report import FailedRows, check_failed, write_failed
from verifik_async.sandbox import faces

DEFAULTS = RowDefaults(collection_id="c1")
HEADER = ("id", "name", "gender", "date_of_birth", "images", "Team")
Cells = dict[str, str]


def person(folder: Path, number: int, **cells: str) -> Cells:
    """A row, and its picture in the folder."""
    picture = faces.marked(faces.names()[0], face=f"person-{number}")
    (folder / f"{number}.jpg").write_bytes(picture)
    values = (f"id-{number}", "Jane Doe", "F", "1987-06-05", f"{number}.jpg", "red")
    return {**dict(zip(HEADER, values, strict=True)), **cells}


def write(
    path: Path, rows: Sequence[Cells], header: Sequence[str] = HEADER
) -> Manifest:
    """A manifest with these rows."""
    with path.open("w", newline="") as stream:
        table = csv.DictWriter(stream, header)
        table.writeheader()
        table.writerows(rows)
    return Manifest.open(path, defaults=DEFAULTS, allow_outside=True)


def rows_of(path: Path, delimiter: str = ",") -> list[Cells]:
    """What is in a file, as a spreadsheet program reads it."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=delimiter))


def names_in(folder: Path, ending: str) -> list[str]:
    """Files that are called so."""
    return [file.name for file in folder.iterdir() if file.name.endswith(ending)]


def people(manifest: Manifest) -> Iterator[BatchItem]:
    """Its rows, as the command sends them."""
    for row in manifest:
        yield BatchItem(request=row.build, key=row.key, row=row.number)


async def enroll(
    manifest: Manifest, journal: Path, sandbox: SandboxTransport, *retry: str
) -> list[BatchOutcome]:
    """A run into the sandbox, to its end."""
    client = VerifikClient("token", transport=sandbox)
    async with BatchEnroller(client, journal=journal, retry=retry) as enroller:
        return [outcome async for outcome in enroller.enroll(people(manifest))]


def statuses(outcomes: Sequence[BatchOutcome]) -> Counter[OutcomeStatus]:
    """How many came to what."""
    return Counter(outcome.status for outcome in outcomes)


async def test_mended_and_fed_back_everybody_is_enrolled_once(
    journal: Path, tmp_path: Path
) -> None:
    """From another folder, with the same journal; the pictures are found from there."""
    sandbox = SandboxTransport()
    spoof = faces.marked(faces.SPOOF, face="screen", liveness=0.31)
    rows = [person(tmp_path, number) for number in range(5)]
    rows[1]["images"] = "0.jpg"
    rows[2]["gender"] = "female"
    (tmp_path / "3.jpg").write_bytes(spoof)
    manifest = write(tmp_path / "people.csv", rows)
    first = await enroll(manifest, journal, sandbox)
    assert statuses(first) == {
        "enrolled": 2,
        "duplicate": 1,
        "invalid": 1,
        "liveness_failed": 1,
    }

    (tmp_path / "mending").mkdir()
    failed = tmp_path / "mending" / "failed.csv"
    assert write_failed(journal, manifest, failed) == FailedRows(
        failed=3, unknown=0, unknown_path=None, missing=0
    )
    duplicate, faulty, spoofed = rows_of(failed)
    assert list(duplicate) == [*HEADER, "reason", "hint"]
    assert duplicate["reason"] == "duplicated_person"
    assert "gender" in faulty["reason"]
    assert spoofed["reason"] == "liveness_failed (score 0.31, 0.65 needed)"
    assert spoofed["hint"].startswith("Take new photographs")
    assert spoofed["images"] == "../3.jpg"

    duplicate["images"] = "../1.jpg"
    faulty["gender"] = "F"
    person(tmp_path, 3)
    mended = write(failed, [duplicate, faulty, spoofed], [*HEADER, "reason", "hint"])
    assert not [note for note in mended.notes if "reason" in note]
    again = await enroll(mended, journal, sandbox, "duplicate", "liveness_failed")
    assert statuses(again) == {"enrolled": 3}
    assert len(sandbox.world.people()) == 5
    everybody = await enroll(manifest, journal, sandbox)
    assert statuses(everybody) == {"skipped": 5}
    rest = write_failed(journal, manifest, tmp_path / "rest.csv")
    assert (rest.failed, rest.missing) == (0, 0)


async def refuse_all(manifest: Manifest, journal: Path) -> None:
    """A run in which the server refuses everybody."""
    carrier = Carrier(lambda _: refused(409, LOW))
    await run(journal, list(people(manifest)), carrier)


async def test_rows_with_an_id_are_found_wherever_they_stand(
    journal: Path, tmp_path: Path
) -> None:
    """In a manifest that was sorted anew, and grew."""
    rows = [person(tmp_path, number) for number in range(3)]
    await run(
        journal,
        [BatchItem(request=items([1]).__next__().request, key="id-1", row=3)],
        Carrier(lambda _: refused(409, LOW)),
    )
    manifest = write(tmp_path / "people.csv", [*rows[::-1], person(tmp_path, 7)])
    written = write_failed(journal, manifest, tmp_path / "failed.csv")
    assert (written.failed, written.missing) == (1, 0)
    assert [row["id"] for row in rows_of(tmp_path / "failed.csv")] == ["id-1"]


async def test_rows_without_an_id_are_never_taken_for_each_other(
    journal: Path, tmp_path: Path
) -> None:
    """Where they are not found any more, that is told."""
    rows = [person(tmp_path, number, id="") for number in range(2)]
    path = tmp_path / "people.csv"
    sandbox = SandboxTransport()
    (tmp_path / "0.jpg").write_bytes(faces.marked(faces.SPOOF, face="s", liveness=0.3))
    await enroll(write(path, rows), journal, sandbox)
    written = write_failed(journal, write(path, rows), tmp_path / "failed.csv")
    assert (written.failed, written.missing) == (1, 0)
    assert rows_of(tmp_path / "failed.csv")[0]["images"] == "0.jpg"
    sorted_anew = write(path, rows[::-1])
    written = write_failed(journal, sorted_anew, tmp_path / "other.csv")
    assert (written.failed, written.missing) == (0, 1)


async def test_faulty_rows_without_an_id_are_found_by_their_fault(
    journal: Path, tmp_path: Path
) -> None:
    """In their row, if it is faulty still, or the content of another there."""
    rows = [person(tmp_path, number, id="") for number in range(3)]
    rows[0]["gender"] = "x"
    rows[2] = rows[1]
    path = tmp_path / "people.csv"
    manifest = write(path, rows)
    outcomes = await enroll(manifest, journal, SandboxTransport())
    assert statuses(outcomes) == {"invalid": 2, "enrolled": 1}
    written = write_failed(journal, manifest, tmp_path / "failed.csv")
    assert (written.failed, written.missing) == (2, 0)
    first, second = rows_of(tmp_path / "failed.csv")
    assert "gender" in first["reason"]
    assert "same as an earlier one" in second["reason"]
    rows[0]["gender"] = "F"
    written = write_failed(journal, write(path, rows), tmp_path / "other.csv")
    assert (written.failed, written.missing) == (1, 1)


async def test_whoever_is_unknown_is_in_a_file_of_their_own(
    journal: Path, tmp_path: Path
) -> None:
    """They must be looked up first; also those whom a killed run left in flight."""
    manifest = write(tmp_path / "people.csv", [person(tmp_path, n) for n in range(3)])
    await refuse_all(manifest, journal)
    edit(journal, "UPDATE item SET state = 'unknown' WHERE row = 2")
    edit(
        journal,
        "INSERT INTO intent SELECT key, row, 1, 5, NULL FROM item WHERE row = 3",
    )
    failed = tmp_path / "failed.csv"
    written = write_failed(journal, manifest, failed)
    assert (written.failed, written.unknown) == (1, 2)
    beside = tmp_path / "failed-unknown.csv"
    assert written.unknown_path == beside
    assert [row["id"] for row in rows_of(failed)] == ["id-2"]
    unknown = rows_of(beside)
    assert [row["id"] for row in unknown] == ["id-0", "id-1"]
    assert "look the person up" in unknown[1]["hint"]


async def test_whose_turn_did_not_come_is_in_no_file(
    journal: Path, tmp_path: Path
) -> None:
    """They failed at nothing: the first manifest, run again, goes on with them."""
    manifest = write(tmp_path / "people.csv", [person(tmp_path, n) for n in range(3)])
    await run(journal, [])
    written = write_failed(journal, manifest, tmp_path / "failed.csv")
    assert (written.failed, written.unknown, written.missing) == (0, 0, 0)
    assert rows_of(tmp_path / "failed.csv") == []


async def test_rows_that_can_t_be_taken_apart_are_named(
    journal: Path, tmp_path: Path
) -> None:
    """There are no cells to write; fed back as it is, nothing is sent for it."""
    path = tmp_path / "people.csv"
    write(path, [])
    path.write_text(path.read_text() + "a,b\n")
    manifest = Manifest.open(path, defaults=DEFAULTS)
    await enroll(manifest, journal, SandboxTransport())
    failed = tmp_path / "failed.csv"
    assert write_failed(journal, manifest, failed).failed == 1
    (row,) = rows_of(failed)
    assert row["reason"].startswith("row 2: ")
    again = Manifest.open(failed, defaults=DEFAULTS)
    assert statuses(await enroll(again, journal, SandboxTransport())) == {"invalid": 1}


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a", "\t=1", "\r\n=1"])
async def test_what_is_added_is_no_formula(
    journal: Path, tmp_path: Path, text: str
) -> None:
    """A server's text is a text to spreadsheet programs, on one line."""
    manifest = write(tmp_path / "people.csv", [person(tmp_path, 1)])
    await refuse_all(manifest, journal)
    edit(journal, "UPDATE item SET reason = ?, liveness = NULL, detail = NULL", text)
    write_failed(journal, manifest, tmp_path / "failed.csv")
    (row,) = rows_of(tmp_path / "failed.csv")
    assert row["reason"] == f"'{text.strip()}"


async def test_a_file_is_written_as_its_reader_writes_them(
    journal: Path, tmp_path: Path
) -> None:
    """With their delimiter, and a mark by which Excel knows UTF-8."""
    path = tmp_path / "people.csv"
    write(path, [person(tmp_path, 1, name="Zoë")])
    path.write_text(path.read_text().replace(",", ";"))
    manifest = Manifest.open(path, defaults=DEFAULTS)
    await refuse_all(manifest, journal)
    failed = tmp_path / "failed.csv"
    write_failed(journal, manifest, failed)
    assert failed.read_bytes().startswith(b"\xef\xbb\xbf")
    assert rows_of(failed, ";")[0]["name"] == "Zoë"


async def test_jsonl_becomes_csv(journal: Path, tmp_path: Path) -> None:
    """Which spreadsheet programs open, and which is a manifest too."""
    path = tmp_path / "people.jsonl"
    cells = person(tmp_path, 1)
    del cells["Team"]
    path.write_text(json.dumps({**cells, "images": ["1.jpg"]}) + "\n")
    manifest = Manifest.open(path, defaults=DEFAULTS)
    await refuse_all(manifest, journal)
    write_failed(journal, manifest, tmp_path / "failed.csv")
    (row,) = rows_of(tmp_path / "failed.csv")
    assert (row["id"], row["images"]) == ("id-1", "1.jpg")


async def test_halves_of_characters_are_left_out(journal: Path, tmp_path: Path) -> None:
    """No file can hold what JSON may name, and a stand-in would become a name."""
    path, failed = tmp_path / "people.jsonl", tmp_path / "failed.csv"
    person(tmp_path, 1)
    cells = {"name": "Jane \ud800", "gender": "F", "date_of_birth": "1987-06-05"}
    path.write_text(json.dumps({"id": "1", **cells, "images": ["1.jpg"]}))
    manifest = Manifest.open(path, defaults=DEFAULTS)
    await refuse_all(manifest, journal)
    assert write_failed(journal, manifest, failed).failed == 1
    (row,) = rows_of(failed)
    assert row["name"] == ""
    assert "name: holds half characters" in row["reason"]


async def test_mended_files_are_not_replaced_unasked(
    journal: Path, tmp_path: Path
) -> None:
    """Nor the manifest ever; a stale file of unknown ones goes with the old one."""
    manifest = write(tmp_path / "people.csv", [person(tmp_path, 1)])
    await refuse_all(manifest, journal)
    failed, beside = tmp_path / "failed.csv", tmp_path / "failed-unknown.csv"
    for path in (failed, beside):
        path.write_text("mine")
        with pytest.raises(ConfigurationError, match="exists already"):
            write_failed(journal, manifest, failed)
        assert path.read_text() == "mine"
    with pytest.raises(ConfigurationError, match="replace the manifest"):
        check_failed(tmp_path / "people.csv", manifest, overwrite=True)
    with pytest.raises(ConfigurationError, match="must end in"):
        check_failed(tmp_path / "failed.jsonl", manifest)
    assert write_failed(journal, manifest, failed, overwrite=True).failed == 1
    assert not beside.exists()
    assert stat.S_IMODE(failed.stat().st_mode) == 0o600


async def test_a_manifest_that_fails_halfway_leaves_no_half_a_file(
    journal: Path, tmp_path: Path
) -> None:
    """The old one stays, and nothing stays beside it."""
    path = tmp_path / "people.csv"
    manifest = write(path, [person(tmp_path, n) for n in range(2)])
    await refuse_all(manifest, journal)
    path.write_text(path.read_text() + '\n"never\nclosed')
    failed = tmp_path / "failed.csv"
    failed.write_text("old")
    with pytest.raises(ConfigurationError):
        write_failed(journal, manifest, failed, overwrite=True)
    assert failed.read_text() == "old"
    assert names_in(tmp_path, ".new") == []


async def test_a_run_that_goes_on_is_not_disturbed(
    journal: Path, tmp_path: Path
) -> None:
    """Those in flight at that moment are in no file."""
    manifest = write(tmp_path / "people.csv", [person(tmp_path, n) for n in range(2)])
    client = client_of(Carrier(lambda _: refused(409, LOW)))
    async with BatchEnroller(client, journal=journal, concurrency=1) as enroller:
        outcomes = enroller.enroll(people(manifest))
        await anext(outcomes)
        edit(journal, "INSERT OR REPLACE INTO intent VALUES (x'00', 9, 1, 5, NULL)")
        written = write_failed(journal, manifest, tmp_path / "failed.csv")
        assert written.unknown == 0
        assert written.failed >= 1
