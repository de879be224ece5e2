"""The rules of the reference, field by field: what is taken, what is refused."""

import datetime as dt
import enum
import math
from fractions import Fraction

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import jpeg, request_of

from verifik_async import EnrollmentRequest, FaceImage, InvalidRequestError, SearchMode

IMAGE = FaceImage.from_bytes(jpeg(1))


class _Float(float):
    """As numpy's float64: a float with a type of its own."""

    def __repr__(self) -> str:
        return f"np.float64({float(self)})"


class _Text(str):
    """As numpy's str_."""

    __slots__ = ()


class _Code(int, enum.Enum):
    ONE = 1


def problems(**fields: object) -> dict[str, str]:
    """What is wrong with the sample request, changed so; by field."""
    with pytest.raises(InvalidRequestError) as caught:
        request_of(**fields)  # type: ignore[arg-type]
    return {fault.field: fault.problem for fault in caught.value.faults}


def test_all_faults_at_once() -> None:
    """Every wrong field is named in one error, in the order of the fields."""
    found = problems(
        name="12",
        gender="X",
        date_of_birth="15/01/1990",
        nationality="",
        collection_id="",
        liveness_min_score=0.4,
        min_score=True,
        search_mode="fast",
        images=[],
    )
    assert list(found) == [field.name for field in attrs.fields(EnrollmentRequest)]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "must not be empty"),
        (" \t\n", "must not be empty"),
        ("007", "must keep a letter once digits are stripped"),
        ("٣ 4 ½ -", "must keep a letter once digits are stripped"),
        ("Jane \ud800", "holds half characters"),
        (None, "must be a string, not NoneType"),
        (b"Jane", "must be a string, not bytes"),
        (7, "must be a string, not int"),
    ],
)
def test_refused_names(name: object, problem: str) -> None:
    """A name is text that says something, also without its digits."""
    assert problems(name=name) == {"name": problem}


@pytest.mark.parametrize(
    "name",
    ["J", "Jane2", "李 明", "José\u0301", "Anne\nMarie", "O\0Neill", '"Jo" \\', "😀a"],
)
def test_taken_names(name: str) -> None:
    """Any script and any whole character may stand in a name; JSON escapes them."""
    assert request_of(name=name).name == name
    assert request_of(name=_Text(name)).name == name


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("2001-02-30", "is no day of the calendar"),
        ("0000-01-01", "is no day of the calendar"),
        ("1990-1-15", "must be written YYYY-MM-DD"),
        ("19900115", "must be written YYYY-MM-DD"),
        ("1990-W03-1", "must be written YYYY-MM-DD"),
        ("1990-01-15T00:00:00.000Z", "must be written YYYY-MM-DD"),
        (" 1990-01-15", "must be written YYYY-MM-DD"),
        ("1990-01-15\n", "must be written YYYY-MM-DD"),
        ("1990-01-1٣", "must be written YYYY-MM-DD"),
        ("", "must be written YYYY-MM-DD"),
        (dt.datetime(1990, 1, 15), "must be a date without a time"),  # noqa: DTZ001 - as people pass it
        (19900115, "must be a date or YYYY-MM-DD, not int"),
        (None, "must be a date or YYYY-MM-DD, not NoneType"),
    ],
)
def test_refused_dates(value: object, problem: str) -> None:
    """A birth date is a day of the calendar and has one spelling."""
    assert problems(date_of_birth=value) == {"date_of_birth": problem}


@pytest.mark.parametrize("field", ["min_score", "liveness_min_score"])
@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (0.49999999999999994, "must be between 0.5 and 1"),
        (1.0000000000000002, "must be between 0.5 and 1"),
        (0, "must be between 0.5 and 1"),
        (65, "must be between 0.5 and 1"),
        (10**400, "must be between 0.5 and 1"),
        (math.nan, "must be between 0.5 and 1"),
        (math.inf, "must be between 0.5 and 1"),
        (-math.inf, "must be between 0.5 and 1"),
        (_Float(0.4), "must be between 0.5 and 1"),
        (True, "must be a number, not bool"),
        ("0.8", "must be a number, not str"),
        (None, "must be a number, not NoneType"),
        (Fraction(3, 4), "must be a number, not Fraction"),
        (1j, "must be a number, not complex"),
    ],
)
def test_refused_scores(field: str, value: object, problem: str) -> None:
    """Scores are numbers from 0.5 to 1; truth values and text are none."""
    assert problems(**{field: value}) == {field: problem}


@pytest.mark.parametrize("value", [0.5, 1, 1.0, 0.65, _Float(0.65), _Code.ONE])
def test_taken_scores(value: float) -> None:
    """Scores of any kind of float or int become plain floats."""
    request = request_of(min_score=value, liveness_min_score=value)
    assert request.min_score == request.liveness_min_score == float(value)
    assert type(request.min_score) is type(request.liveness_min_score) is float


@pytest.mark.parametrize(
    "value",
    [
        "65b9592267cc4f096dbe743d",
        "6dbb0c8e-29b5-44b8-a6a5-3d6a3c1e9f3b",
        "65175da13e81e4fabc12345",
        "7",
        "día / 1",
    ],
)
def test_collections_are_opaque(value: str) -> None:
    """Sources show ids of several shapes, so none is demanded."""
    assert request_of(collection_id=value).collection_id == value


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("collection_id", " ", "must not be empty"),
        ("collection_id", "65b9 ", "has white space around it"),
        ("collection_id", "\n65b9", "has white space around it"),
        ("collection_id", "\udfff", "holds half characters"),
        ("collection_id", 65, "must be a string, not int"),
        ("collection_id", None, "must be a string, not NoneType"),
        ("nationality", "", "must not be empty"),
        ("nationality", "\ud800", "holds half characters"),
        ("nationality", 57, "must be a string, not int"),
        ("gender", "f", "must be F or M"),
        ("gender", "female", "must be F or M"),
        ("gender", SearchMode.FAST, "must be F or M"),
        ("gender", None, "must be F or M, not NoneType"),
        ("search_mode", "fast", "must be FAST or ACCURATE"),
        ("search_mode", 1, "must be FAST or ACCURATE, not int"),
        ("images", [], "must hold 1 to 3 images, not 0"),
        ("images", [IMAGE] * 4, "must hold 1 to 3 images, not 4"),
        ("images", IMAGE, "must be a list of FaceImage"),
        ("images", "a.jpg", "must be a list of FaceImage"),
        ("images", jpeg(), "must be a list of FaceImage"),
        ("images", None, "must be a list of FaceImage"),
        ("images", [IMAGE, "a.jpg"], "must hold FaceImage only"),
        ("images", bytearray(jpeg()), "must hold FaceImage only"),
    ],
)
def test_refused_values(field: str, value: object, problem: str) -> None:
    """Each rule of the reference, broken alone, is told for its field."""
    assert problems(**{field: value}) == {field: problem}


@given(
    st.fixed_dictionaries(
        {},
        optional={
            field.name: st.none() | st.text() | st.floats() | st.integers() | st.dates()
            for field in attrs.fields(EnrollmentRequest)
        },
    )
)
def test_any_value_is_taken_or_refused(fields: dict[str, object]) -> None:
    """Whatever the values, there is a request or the one documented error."""
    refused: set[str] = set()
    try:
        request_of(**fields)  # type: ignore[arg-type]
    except InvalidRequestError as error:
        refused = {fault.field for fault in error.faults}
    assert refused <= set(fields)
