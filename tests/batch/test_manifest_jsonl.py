"""Manifests as JSONL: the same columns, with types, and every fault by line."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from verifik_async.batch.manifest import Manifest, ManifestError, RowDefaults
from verifik_async.errors import FieldFault, InvalidRequestError
from verifik_async.models import EnrollmentRequest

JANE: dict[str, object] = {
    "id": "42",
    "name": "Jane Doe",
    "gender": "F",
    "date_of_birth": "1987-06-05",
    "nationality": "CO",
    "images": "jane.jpg",
}
PERSONAL = ("Jane", "Doe", "1987", "jane.jpg")

Result = EnrollmentRequest | tuple[FieldFault, ...]


def check(path: Path, text: str) -> dict[int, Result]:
    """Each line's request, or its faults, with jane.jpg beside the manifest."""
    (path.parent / "jane.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(200))
    path.write_text(text)
    results: dict[int, Result] = {}
    for row in Manifest.open(path, defaults=RowDefaults(collection_id="c1")):
        try:
            results[row.number] = row.build()
        except InvalidRequestError as error:
            results[row.number] = error.faults
            told = f"{error} {row!r}"
            assert not [value for value in PERSONAL if value in told]
    return results


def faults(result: Result) -> Sequence[FieldFault]:
    """The faults of a row that was refused."""
    assert isinstance(result, tuple)
    return result


def request(result: Result) -> EnrollmentRequest:
    """The request of a row that passed."""
    assert isinstance(result, EnrollmentRequest)
    return result


def test_jsonl_has_the_same_columns(tmp_path: Path) -> None:
    """Numbers are numbers, images are a list or a text, and null is nothing."""
    more = {"min_score": 1, "images": ["jane.jpg", "jane.jpg"], "id": 43}
    lines = [json.dumps(JANE), "", json.dumps(JANE | more | {"nationality": None})]
    results = check(tmp_path / "people.txt", "\n".join(lines))
    assert request(results[1]).nationality == "CO"
    made = request(results[3])
    assert (made.min_score, len(made.images), made.nationality) == (1.0, 2, None)


@pytest.mark.parametrize(
    ("more", "field", "problem"),
    [
        ({"min_score": "0.65"}, "min_score", "must be a number, not str"),
        ({"min_score": True}, "min_score", "must be a number, not bool"),
        ({"min_score": 10**400}, "min_score", "must be between 0.5 and 1"),
        ({"min_score": float("nan")}, "min_score", "must be between 0.5 and 1"),
        ({"date_of_birth": 19900115}, "date_of_birth", "not int"),
        ({"name": ["Jane"]}, "name", "must be a string, not list"),
        ({"name": "Jane \ud800"}, "name", "half characters"),
        ({"images": ["\ud800.jpg"]}, "images[0]", "is no path of a file"),
        ({"images": 7}, "images", "must be a list of paths, not int"),
        ({"images": []}, "images", "is missing"),
        ({"images": ["jane.jpg", 7]}, "images[1]", "must be a path, not int"),
        ({"images": ["jane.jpg", ""]}, "images[1]", "is empty"),
        ({"id": 1.5}, "id", "must be a string or whole number, not float"),
        ({"id": "4\ud8002"}, "id", "all of them visible"),
        ({"id": False}, "id", "must be a string or whole number, not bool"),
        ({"name": None}, "name", "is missing"),
        ({"Jane Doe": 1}, "row", "key 7 is not known"),
        ({"nationalty": "CO"}, "row", "key 7 is not known"),
    ],
)
def test_jsonl_values_are_checked_by_type(
    tmp_path: Path, more: dict[str, object], field: str, problem: str
) -> None:
    """A value of the wrong type, or an unknown key, is a fault of its row."""
    (fault,) = faults(check(tmp_path / "people.jsonl", json.dumps(JANE | more))[1])
    assert fault.field == field
    assert problem in fault.problem
    if "nationalty" in more:
        assert fault.hint == "did you mean nationality?"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"name": "Jane Doe" 1}', "is no JSON at character 21"),
        ("Jane Doe", "is no JSON at character 1"),
        ('["Jane Doe"]', "is no JSON object"),
        ('{"name": "Jane", "name": "Doe"}', "has the same key twice"),
        ("[" * 100_000, "is no JSON"),
        (f'{{"id": {"9" * 5000}}}', "is no JSON"),
    ],
)
def test_a_broken_line_is_one_fault(tmp_path: Path, line: str, problem: str) -> None:
    """The line is named, not shown, and the lines after it are read."""
    good = json.dumps(JANE)
    results = check(tmp_path / "people.jsonl", f"{good}\n\n{line}\n{good}\n")
    (fault,) = faults(results[3])
    assert (fault.field, fault.problem) == ("row", problem)
    assert list(results) == [1, 3, 4]


def test_without_a_collection_one_of_the_lines_must_name_one(tmp_path: Path) -> None:
    """Told once, and not for each line."""
    path = tmp_path / "people.jsonl"
    path.write_text(f"{json.dumps(JANE)}\n")
    with pytest.raises(ManifestError, match="no collection to enroll into"):
        Manifest.open(path)
    path.write_text(f"{json.dumps(JANE)}\n{json.dumps(JANE | {'collection_id': 'c'})}")
    assert [row.number for row in Manifest.open(path)] == [1, 2]
