"""A manifest as a folder for each person: data and pictures of a kind lie together."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from verifik_async.batch.manifest import (
    Manifest,
    ManifestError,
    ManifestRow,
    RowDefaults,
)
from verifik_async.errors import FieldFault, InvalidRequestError

PICTURE = b"\xff\xd8\xff\xe0" + bytes(200)
JANE = {"name": "Jane Doe", "gender": "F", "date_of_birth": "1987-06-05"}
DEFAULTS = RowDefaults(collection_id="c1")


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """An empty folder for folders of persons."""
    made = tmp_path / "people"
    made.mkdir()
    return made


def add(people: Path, called: str, *pictures: str, **data: object) -> Path:
    """A person's folder with these pictures, and these values before Jane's."""
    folder = people / called
    folder.mkdir()
    for picture in pictures:
        (folder / picture).write_bytes(PICTURE)
    (folder / "person.json").write_text(json.dumps({**JANE, **data}, indent=2))
    return folder


def opened(people: Path, *, allow_outside: bool = False) -> list[ManifestRow]:
    """The rows."""
    return list(Manifest.open(people, defaults=DEFAULTS, allow_outside=allow_outside))


def faults(row: ManifestRow) -> Sequence[FieldFault]:
    """What is wrong with a row, which tells no value."""
    with pytest.raises(InvalidRequestError) as caught:
        row.build()
    assert "Jane" not in str(caught.value)
    return caught.value.faults


def test_each_folder_is_a_person(people: Path) -> None:
    """In the order of the names, which are ids, with all pictures by name."""
    add(people, "43", "b.jpeg", "a.JPG", "c.WebP", name="Zoë")
    add(people, "42", "only.png", "notes.txt", ".hidden.jpg", "._a.jpg")
    add(people, "100", "x.jpg", nationality="CO", min_score=0.9, reason="mended")
    rows = opened(people)
    assert [(row.number, row.key) for row in rows] == [(1, "100"), (2, "42"), (3, "43")]
    made = [row.build() for row in rows]
    assert [(it.name, it.min_score, it.nationality) for it in made] == [
        ("Jane Doe", 0.9, "CO"),
        ("Jane Doe", 0.8, None),
        ("Zoë", 0.8, None),
    ]
    files = [[Path(file).name for file in row.picture_files()] for row in rows]
    assert files == [["x.jpg"], ["only.png"], ["a.JPG", "b.jpeg", "c.WebP"]]


def test_the_data_may_name_id_and_pictures(people: Path) -> None:
    """They go before the folder's name, and before all that lies in it."""
    add(people, "a", "1.jpg", "2.jpg", "3.jpg", "4.jpg", id="e-7", images=["2.jpg"])
    add(people, "b", "1.jpg", "2.jpg", id=8, images="2.jpg; ../a/1.jpg")
    rows = opened(people)
    assert [row.key for row in rows] == ["e-7", "8"]
    root = os.path.realpath(people)
    files = [[os.path.relpath(f, root) for f in row.picture_files()] for row in rows]
    assert files == [["a/2.jpg"], ["b/2.jpg", "a/1.jpg"]]
    assert len(rows[1].build().images) == 2


def test_other_files_and_hidden_folders_are_no_persons(people: Path) -> None:
    """Nor are links that lead nowhere."""
    add(people, "42", "a.jpg")
    add(people, ".git", "a.jpg")
    (people / "failed.csv").write_text("x")
    (people / "gone").symlink_to("nowhere")
    assert [row.key for row in opened(people)] == ["42"]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (None, "has no person.json"),
        (b"", "person.json is no JSON at character 1"),
        (b'{\n "name": Jane\n}', "person.json is no JSON at line 2, character 10"),
        ('{"name": "Zoë"}'.encode("latin-1"), "person.json is no JSON"),
        (b"[1]", "person.json is no JSON object"),
        (b'{"name": 1, "name": 2}', "person.json has the same key twice"),
        (b'"' + b"x" * 300_000, "person.json is too long"),
    ],
)
def test_data_that_can_t_be_read_is_one_fault(
    people: Path, data: bytes | None, problem: str
) -> None:
    """Of the row that has the folder's name as its id; the others are read."""
    file = add(people, "42", "a.jpg") / "person.json"
    add(people, "43", "a.jpg")
    file.unlink()
    if data is not None:
        file.write_bytes(data)
    first, second = opened(people)
    (fault,) = faults(first)
    assert (first.key, fault.field, fault.problem) == ("42", "row", problem)
    assert fault.hint
    assert second.build().name == "Jane Doe"


def test_data_that_is_no_file_does_not_stop_the_rest(people: Path) -> None:
    """A pipe would be waited for; a folder, and a link to itself, can't be read."""
    for name, make in (("41", os.mkfifo), ("42", os.mkdir)):
        file = add(people, name, "a.jpg") / "person.json"
        file.unlink()
        make(file)
    round_and_round = add(people, "43", "a.jpg") / "person.json"
    round_and_round.unlink()
    round_and_round.symlink_to(round_and_round)
    told = [[fault.problem for fault in faults(row)] for row in opened(people)]
    assert told[:2] == [["person.json is no regular file"]] * 2
    assert told[2][0].startswith("person.json can't be read: ")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_data_is_read_as_editors_write_it(people: Path, encoding: str) -> None:
    """With a byte order mark."""
    file = add(people, "42", "a.jpg", name="Zoë") / "person.json"
    file.write_text(file.read_text(), encoding=encoding)
    assert opened(people)[0].build().name == "Zoë"


def test_faults_of_fields_are_told_as_in_any_manifest(people: Path) -> None:
    """All of a row at once, and of pictures by their place."""
    add(people, "42", gender="x", nationalty="CO")
    add(people, "43", *(f"{number}.jpg" for number in range(4)))
    add(people, "44", "a.jpg", images=["a.jpg", "gone.jpg", 7, "https://x.test/a.jpg"])
    add(people, "45", "a.jpg", images=7)
    told = [
        [(fault.field, fault.problem) for fault in faults(row)]
        for row in opened(people)
    ]
    assert told[0] == [
        ("row", "key 4 is not known"),
        ("gender", "must be F or M"),
        ("images", "is missing"),
    ]
    assert told[1] == [("images", "must hold 1 to 3 images, not 4")]
    assert [field for field, _ in told[2]] == ["images[1]", "images[2]", "images[3]"]
    assert told[3] == [("images", "must be a list of paths, not int")]


def test_two_folders_with_the_same_id_are_told(people: Path) -> None:
    """Also where one of them says so in its data only."""
    add(people, "42", "a.jpg")
    add(people, "43", "a.jpg", id="42")
    (fault,) = faults(opened(people)[1])
    assert (fault.field, fault.problem) == ("id", "is that of row 1 already")


def test_links_that_leave_the_folder_are_refused(people: Path) -> None:
    """Of folders, data and pictures, unless that is allowed; those inside are fine."""
    other = people.parent / "other"
    other.mkdir()
    add(other, "47", "a.jpg")
    (people / "47").symlink_to(other / "47")
    data = add(people, "48", "a.jpg") / "person.json"
    data.unlink()
    data.symlink_to(other / "47" / "person.json")
    (add(people, "49") / "a.jpg").symlink_to(other / "47" / "a.jpg")
    (people / "50").symlink_to(people / "51")
    add(people, "51", "a.jpg")
    rows = opened(people)
    told = [[(it.field, it.problem) for it in faults(row)] for row in rows[:3]]
    leaves = "leaves the manifest's folder"
    assert told == [
        [("row", f"person.json {leaves}")],
        [("row", f"person.json {leaves}")],
        [("images[0]", leaves)],
    ]
    assert [row.key for row in rows[3:]] == ["50", "51"]
    for row in (*rows[3:], *opened(people, allow_outside=True)):
        assert row.build().name == "Jane Doe"


def test_a_folder_without_persons_is_refused(people: Path) -> None:
    """With what it should hold."""
    (people / "a.jpg").write_bytes(PICTURE)
    with pytest.raises(ManifestError, match="holds no sub-folders: make one for each"):
        opened(people)


def test_a_folder_that_can_t_be_read_is_refused(people: Path) -> None:
    """Here as it is gone between opening and reading."""
    manifest = Manifest.open(people, defaults=DEFAULTS)
    people.rmdir()
    with pytest.raises(ManifestError, match="the folder can't be read: No such file"):
        list(manifest)


def test_without_a_collection_one_of_the_persons_must_name_one(people: Path) -> None:
    """Told once, and not for each person."""
    add(people, "42", "a.jpg")
    with pytest.raises(ManifestError, match="no collection to enroll into"):
        Manifest.open(people)
    add(people, "43", "a.jpg", collection_id="c2")
    assert [row.number for row in Manifest.open(people)] == [1, 2]


def test_persons_are_written_down_with_their_pictures(people: Path) -> None:
    """As rows of the known columns, also those whose data can't be read."""
    add(people, "42", "a.jpg", "b.jpg")
    (add(people, "43", "a.jpg") / "person.json").unlink()
    manifest = Manifest.open(people, defaults=DEFAULTS)
    first, second = manifest.as_written(for_folder=people)

    assert dict(first.values) == {
        "id": "42",
        **JANE,
        "images": f"{Path('42/a.jpg')};{Path('42/b.jpg')}",
    }
    assert dict(second.values) == {"id": "43", "images": str(Path("43/a.jpg"))}
    (_, moved) = manifest.as_written(for_folder=people.parent)
    assert moved.values["images"] == str(Path("people/43/a.jpg"))
