"""Manifests: every fault of a row, by row and field, and never a value."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import pytest

from verifik_async.batch.manifest import Manifest, RowDefaults
from verifik_async.errors import ConfigurationError, FieldFault, InvalidRequestError
from verifik_async.models import EnrollmentRequest, SearchMode

PICTURE = b"\xff\xd8\xff\xe0" + bytes(200)
HEADER = "id,name,gender,date_of_birth,nationality,images"
JANE = "42,Jane Doe,F,1987-06-05,CO,jane.jpg"
PERSONAL = ("Jane", "Doe", "1987", "jane.jpg")

Result = EnrollmentRequest | tuple[FieldFault, ...]


class Check(Protocol):
    """What checks a manifest that lies beside jane.jpg."""

    def __call__(
        self, text: str | bytes, *, defaults: RowDefaults | None = None
    ) -> dict[int, Result]:
        """Each row's request, or its faults."""
        ...


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Also checks that no message holds a value of a person."""
    (tmp_path / "jane.jpg").write_bytes(PICTURE)
    (tmp_path / "note.jpg").write_text(
        "no picture at all, but longer than 75 bytes" * 3
    )

    def run(
        text: str | bytes, *, defaults: RowDefaults | None = None
    ) -> dict[int, Result]:
        path = tmp_path / "people.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        filled = defaults or RowDefaults(collection_id="c1")
        manifest = Manifest.open(path, defaults=filled)
        results: dict[int, Result] = {}
        for row in manifest:
            try:
                results[row.number] = row.build()
            except InvalidRequestError as error:
                results[row.number] = error.faults
                told = f"{error} {row!r} {manifest!r}"
                assert not [value for value in PERSONAL if value in told]
        return results

    return run


def faults(result: Result) -> Sequence[FieldFault]:
    """The faults of a row that was refused."""
    assert isinstance(result, tuple)
    return result


def request(result: Result) -> EnrollmentRequest:
    """The request of a row that passed."""
    assert isinstance(result, EnrollmentRequest)
    return result


def test_a_row_becomes_the_request_it_describes(check: Check) -> None:
    """Every column reaches its field, and what a row leaves out has the defaults."""
    made = request(check(f"{HEADER}\n{JANE}\n")[2])
    assert (made.name, made.gender, made.nationality) == ("Jane Doe", "F", "CO")
    assert made.date_of_birth == dt.date(1987, 6, 5)
    assert (made.collection_id, made.search_mode) == ("c1", SearchMode.FAST)
    assert (made.liveness_min_score, made.min_score) == (0.65, 0.8)
    with made.images[0].open() as stream:
        assert stream.read() == PICTURE


def test_a_row_may_go_its_own_way(check: Check) -> None:
    """Per-row columns take precedence over the job's defaults."""
    columns = "collection_id,liveness_min_score,min_score,search_mode"
    made = request(check(f"{HEADER},{columns}\n{JANE},c2,.7,1,ACCURATE\n")[2])
    assert (made.collection_id, made.search_mode) == ("c2", SearchMode.ACCURATE)
    assert (made.liveness_min_score, made.min_score) == (0.7, 1.0)


def test_all_faults_of_a_row_come_at_once(check: Check) -> None:
    """Fields and pictures, each by its name, in the order of the columns."""
    row = '7,12345,female,1990-02-30,CO,"gone.jpg;jane.jpg;note.jpg"'
    found = faults(check(f"{HEADER},min_score\n{row},0.4\n")[2])
    assert [fault.field for fault in found] == [
        "name",
        "gender",
        "date_of_birth",
        "images[0]",
        "images[2]",
        "min_score",
    ]
    assert "once digits are stripped" in found[0].problem
    assert found[2].problem == "is no day of the calendar"
    assert found[3].problem == "the file can't be read: No such file or directory"
    assert "relative to the manifest's folder" in found[3].hint
    assert found[4].problem == "is no JPEG, PNG or WebP image"
    assert found[5].problem == "must be between 0.5 and 1"


@pytest.mark.parametrize(
    ("column", "cell", "problem", "hint"),
    [
        ("date_of_birth", "05/06/1987", "YYYY-MM-DD", "format it as text"),
        ("date_of_birth", "1987-06-05 00:00", "YYYY-MM-DD", "1990-01-15"),
        ("gender", "f", "must be F or M", "capitals"),
        ("min_score", '"0,65"', "must be a number", "a point, not a comma"),
        ("min_score", "65%", "must be a number", "0.65"),
        ("min_score", "1e-1", "must be a number", "0.65"),
        ("min_score", "65", "between 0.5 and 1", ""),
        ("search_mode", "fast", "must be FAST or ACCURATE", "capitals"),
        ("name", "", "is missing", ""),
        ("name", '"   "', "is missing", ""),
        ("images", "", "is missing", "1 to 3 pictures"),
        ("images", ";", "is missing", "1 to 3 pictures"),
        ("images", "jane.jpg;" * 4, "1 to 3 images, not 4", "same person"),
        ("images", "jane.jpg;" * 30, "1 to 3 images, not 20", "same person"),
        ("id", "x" * 201, "at most 200 characters", ""),
        ("id", "4\x1b[31m2", "all of them visible", ""),
    ],
)
def test_a_bad_cell_is_refused_with_advice(
    check: Check, column: str, cell: str, problem: str, hint: str
) -> None:
    """The field is named, and what is wrong, and how to mend it."""
    cells = dict(zip(HEADER.split(","), JANE.split(","), strict=True)) | {column: cell}
    text = f"{','.join(cells)}\n{','.join(cells.values())}\n"
    (fault,) = faults(check(text)[2])
    assert fault.field == column
    assert problem in fault.problem
    assert hint in fault.hint


def test_a_row_without_collection_needs_the_job_s(check: Check) -> None:
    """With the column but without a default, an empty cell is that row's fault."""
    text = f"{HEADER},collection_id\n{JANE},\n{JANE.replace('42', '43')},c1\n"
    results = check(text, defaults=RowDefaults())
    (fault,) = faults(results[2])
    assert (fault.field, fault.problem) == ("collection_id", "is missing")
    assert request(results[3]).collection_id == "c1"


def test_a_repeated_id_names_the_earlier_row(check: Check) -> None:
    """The later row is at fault, also where the earlier one is bad; empty is no id."""
    anybody = JANE.removeprefix("42")
    text = f"{HEADER}\n{JANE}\n{anybody}\n{anybody}\n 42 {anybody}\n"
    results = check(text)
    (fault,) = faults(results[5])
    assert (fault.field, fault.problem) == ("id", "is that of row 2 already")
    assert [request(results[row]).name for row in (2, 3, 4)] == ["Jane Doe"] * 3


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_what_spreadsheet_programs_write_is_read(
    check: Check, delimiter: str, encoding: str, end: str
) -> None:
    """Delimiters, byte order marks, line ends, and several pictures in quotes."""
    cells = ["42", "Zoë Ďurišová", "F", "1987-06-05", "CO", '"jane.jpg;jane.jpg"']
    lines = [delimiter.join(HEADER.split(",")), delimiter.join(cells), ""]
    made = request(check(end.join(lines).encode(encoding))[2])
    assert made.name == "Zoë Ďurišová"
    assert len(made.images) == 2


@pytest.mark.parametrize("line", ["sep=;", '"sep=,"', "SEP=\t", "sep="])
def test_a_line_that_tells_the_delimiter_is_read_over(check: Check, line: str) -> None:
    """Excel does, and it counts as a row; the header decides."""
    text = f"{line}\r\n{HEADER}\r\n{JANE}\r\n".replace(",", ";")
    assert request(check(text)[3]).name == "Jane Doe"


def test_rows_are_numbered_as_a_spreadsheet_shows_them(check: Check) -> None:
    """Blank rows count but are not given; a cell with line breaks is one row."""
    broken = '43,"Jane\nDoe",F,1987-06-05,CO,jane.jpg'
    text = f"\n{HEADER}\n\n,,,,,\n{broken}\n  \n{JANE}\n"
    assert list(check(text)) == [5, 7]


def test_white_space_and_the_header_s_case_do_not_matter(check: Check) -> None:
    """Cells are stripped, also before quotes, and column names are read in any case."""
    header = " ID, Name ,GENDER,date_of_birth,images"
    row = '42, "Jane, Doe", F ,1987-06-05 , jane.jpg '
    assert request(check(f"{header}\n{row}\n")[2]).name == "Jane, Doe"


@pytest.mark.parametrize(
    ("row", "problem", "hint"),
    [
        ("42,Jane Doe,F,1990-01-15", "has 4 cells where the header has 6", "empty"),
        ("42", "has 1 cell where the header has 6", "give each column a cell"),
        ("42,Doe, Jane,F,1987-06-05,CO,jane.jpg", "has 7 cells", "a comma"),
        ('42,"Jane" Doe,F,1987-06-05,CO,jane.jpg', "can't be taken apart", "double"),
        (f"42,{'x' * 140_000},F,1987-06-05,CO,jane.jpg", "too long", "by path"),
    ],
)
def test_a_row_that_can_t_be_taken_apart_is_one_fault(
    check: Check, row: str, problem: str, hint: str
) -> None:
    """Its cells say nothing, so nothing else is said; the rows after it are read."""
    results = check(f"{HEADER}\n{row}\n{JANE}\n")
    (fault,) = faults(results[2])
    assert fault.field == "row"
    assert problem in fault.problem
    assert hint in fault.hint
    assert request(results[3]).name == "Jane Doe"


def test_unquoted_pictures_under_semicolons_are_told(check: Check) -> None:
    """With `;` between cells, several pictures in one cell need quotes."""
    header = HEADER.replace(",", ";")
    results = check(f"{header}\n{JANE.replace(',', ';')};jane.jpg\n")
    (fault,) = faults(results[2])
    assert fault.problem == "has 7 cells where the header has 6"
    assert "quotes if it holds a semicolon" in fault.hint


def test_empty_cells_beyond_the_header_do_no_harm(check: Check) -> None:
    """Spreadsheet programs write trailing delimiters."""
    assert request(check(f"{HEADER}\n{JANE},,\n")[2]).name == "Jane Doe"


@pytest.mark.parametrize(
    ("column", "note"),
    [
        ("colection_id", "7, colection_id, is not known and is ignored; did you mean "),
        ("remarks", "7, remarks, is not known and is ignored"),
        ("", "7 has no name and is ignored"),
    ],
)
def test_unknown_columns_are_noted(tmp_path: Path, column: str, note: str) -> None:
    """A misspelt optional column must not vanish silently."""
    path = tmp_path / "people.csv"
    path.write_text(f"{HEADER},{column}\n{JANE},x\n")
    manifest = Manifest.open(path, defaults=RowDefaults(collection_id="c1"))
    (found,) = manifest.notes
    assert found.removesuffix("collection_id?") == f"column {note}"


def test_rows_give_items_and_files(tmp_path: Path) -> None:
    """A row goes into a batch under its id, and says where its pictures lie."""
    (tmp_path / "jane.jpg").write_bytes(PICTURE)
    path = tmp_path / "people.csv"
    path.write_text(f"{HEADER}\n{JANE};../x.jpg\n,x,F,1987-06-05,CO,\n42,short\n")
    rows = list(Manifest.open(path, defaults=RowDefaults(collection_id="c1")))
    assert [row.item().key for row in rows] == ["42", None, None]
    assert rows[0].item().request == rows[0].build
    assert rows[0].picture_files() == [str((tmp_path / "jane.jpg").resolve())]
    assert not rows[1].picture_files()


@pytest.mark.parametrize(
    ("defaults", "field"),
    [
        ({"min_score": 0.3}, "min_score"),
        ({"liveness_min_score": float("nan")}, "liveness_min_score"),
        ({"search_mode": "SLOW"}, "search_mode"),
        ({"collection_id": "  "}, "collection_id"),
    ],
)
def test_defaults_keep_the_reference_s_rules(
    defaults: dict[str, float | str], field: str
) -> None:
    """A default that no row could use is refused when it is given."""
    with pytest.raises(ConfigurationError, match=f"^{field}: must"):
        RowDefaults(**defaults)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
