"""`check`: all faults by row and field, what it takes, and nothing sent."""

import json
import re
from pathlib import Path

import pytest
from command_line import Command, ManifestOf

CHECK = ("--collection", "c1")


def test_a_good_manifest_ends_with_0(command: Command, manifest_of: ManifestOf) -> None:
    """Rows, pictures and bytes are counted; cost and duration only on demand."""
    path = manifest_of(3)
    size = sum((path.parent / f"{n}.jpg").stat().st_size for n in range(3))
    ended = command("check", path, *CHECK)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[:2] == [
        "Rows      3 without faults, 0 with faults",
        "Pictures  3",
    ]
    told = float(ended.out.splitlines()[2].split()[2])
    assert told == pytest.approx(size * 4 / 3 / 1024, rel=0.02)
    assert "Cost" not in ended.out
    assert "Duration" not in ended.out


def test_cost_and_duration_are_estimated(
    command: Command, manifest_of: ManifestOf
) -> None:
    """From the rows without faults, the price of a call and the rate allowed."""
    path = manifest_of(4, more=[{"gender": "x"}])
    ended = command("check", path, *CHECK, "--price", "0.25", "--rate", "0.01")
    assert "Cost      1.00 at 0.25 a call" in ended.out
    assert "Duration  6 min 40 s at 0.01 persons/s" in ended.out


def test_every_fault_of_every_row_is_listed(
    command: Command, manifest_of: ManifestOf
) -> None:
    """By row, id and field, with advice, without a value; the exit code is 2."""
    bad = {"date_of_birth": "05/06/1987", "images": "gone.jpg;0.jpg;people.csv"}
    ended = command("check", manifest_of(1, more=[bad] * 70), *CHECK)
    assert ended.code == 2
    lines = ended.out.splitlines()
    start = "row 3 (id id-900)  "
    assert lines[0] == (
        f"{start}date_of_birth: must be written YYYY-MM-DD (for example 1990-01-15; "
        "if a spreadsheet rewrote the column, format it as text)"
    )
    assert lines[1].startswith(f"{start}images[0]: the file can't be read: No such")
    assert lines[2].startswith(f"{start}images[2]: is no JPEG, PNG or WebP image")
    assert len([line for line in lines if line.startswith("row ")]) == 3 * 70
    assert "Rows      1 without faults, 70 with faults" in lines
    for value in ("Jane", "/1987", "gone"):
        assert value not in ended.out


def test_notes_tell_of_unknown_columns_and_shared_pictures(
    command: Command, manifest_of: ManifestOf
) -> None:
    """Slips that are no faults: notes, at most ten of a kind, and exit code 0."""
    more = [{"images": "0.jpg", "name": "Jo"}, {"images": "1.jpg;1.jpg;./0.jpg"}]
    path = manifest_of(1, more=more + [{"images": "0.jpg"}] * 9)
    (path.parent / "1.jpg").write_bytes((path.parent / "0.jpg").read_bytes())
    text = path.read_text()
    text = text.replace("id,name", "id,genders,name", 1)
    path.write_text(re.sub(r"^(id-\d+),", r"\1,x,", text, flags=re.MULTILINE))
    ended = command("check", path, *CHECK)
    assert ended.code == 0
    notes = [line for line in ended.out.splitlines() if line.startswith("Note: ")]
    assert notes[:4] == [
        "Note: column 2, genders, is not known and is ignored; did you mean gender?",
        "Note: rows 2 and 3 name the same picture",
        "Note: row 4 names the same picture twice",
        "Note: rows 2 and 4 name the same picture",
    ]
    assert notes[-1] == "Note: 2 more of the kind"
    assert len(notes) == 12


def test_what_a_file_holds_is_neither_markup_nor_control(
    command: Command, tmp_path: Path
) -> None:
    """Column names and ids are shown as they are, without steering the terminal."""
    path = tmp_path / "people.csv"
    header = "id,name,gender,date_of_birth,images,[red]x[/red]\x1b[31m"
    path.write_text(f"{header}\n[bold]7,Jane Doe,Z,1987-06-05,jane.jpg,\n")
    ended = command("check", path, *CHECK)
    assert "row 2 (id [bold]7)  gender: must be F or M" in ended.out
    assert "[red]x[/red]\N{REPLACEMENT CHARACTER}[31m" in ended.out
    assert "\x1b" not in ended.out


def test_pictures_from_outside_must_be_allowed(
    command: Command, manifest_of: ManifestOf, tmp_path: Path
) -> None:
    """`--allow-outside` says that the manifest's writer is trusted."""
    manifest_of(1)
    folder = tmp_path / "job"
    folder.mkdir()
    header = "name,gender,date_of_birth,images"
    (folder / "p.csv").write_text(f"{header}\nJane Doe,F,1987-06-05,../0.jpg\n")
    refused = command("check", folder / "p.csv", *CHECK)
    assert refused.code == 2
    assert "row 2  images[0]: leaves the manifest's folder" in refused.out
    assert command("check", folder / "p.csv", *CHECK, "--allow-outside").code == 0


def test_a_collection_is_needed(command: Command, manifest_of: ManifestOf) -> None:
    """For the job or for each row; the message names the option."""
    ended = command("check", manifest_of(1))
    assert ended.code == 2
    assert "--collection" in ended.err


def test_long_checks_tell_how_far_they_are(
    command: Command, manifest_of: ManifestOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nobody looks at a terminal: JSON now and then, on stderr."""
    monkeypatch.setattr("verifik_async.cli.progress._BETWEEN_LINES", 0.0)
    ended = command("check", manifest_of(130, more=[{"gender": "x"}]), *CHECK)
    assert [json.loads(line) for line in ended.err.splitlines()] == [
        {"event": "checking", "rows": 64, "with_faults": 0},
        {"event": "checking", "rows": 128, "with_faults": 0},
        {"event": "checking", "rows": 131, "with_faults": 1},
    ]


def test_jsonl_that_names_no_collection_is_one_line(
    command: Command, tmp_path: Path
) -> None:
    """Told for the whole file, with its path, and not for each line."""
    path = tmp_path / "people.jsonl"
    path.write_text('{"name": "Jane Doe"}\n' * 5)
    ended = command("check", path)
    assert (ended.code, ended.out) == (2, "")
    assert f"Error: {path}: no collection to enroll into" in ended.err
