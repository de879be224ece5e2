"""Nothing personal reaches an error, whatever the server echoes, and wherever."""

import base64
import hashlib
import pickle
import textwrap
import traceback
from collections.abc import Callable

import pytest
from answers import TOKEN, answer, decoded, not_understood, refused
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import NAMES, jpeg, request_of

from verifik_async import ApiError, EnrollmentRequest, VerifikError
from verifik_async.codec.refusals import WORDS

NAME = "Zebedee Quirk-O’Malley 3"  # noqa: RUF001 - as people are called
REQUEST = request_of(name=NAME, date_of_birth="1987-03-09")
IMAGE = base64.b64encode(jpeg(7) + hashlib.sha512(b"face").digest()).decode()
LINES = textwrap.fill(IMAGE[-160:], 76)
JWT = "eyJhbGciOi.eyJjbGll.c2ln"
PARTS = ("zebedee", "quirk", "malley")


def forms(text: str) -> list[object]:
    """Bodies which hold a text in each place that is read."""
    return [
        {"message": text, "code": "ERROR"},
        {"message": f"409:{text}"},
        {"message": f"409:duplicated_person@{text}"},
        {"message": f"liveness_failed@{text}", "failureReason": text},
        {"message": "odd", "code": text},
        {"error": text},
        {"error": {"message": text}},
        {"validationError": text},
        {"data": {"message": text, "code": text}},
        {"detail": [{"loc": ["body", text], "msg": text, "input": text}]},
        {"data": {"detail": [{"loc": [[text]], "msg": f"not {text}"}]}},
        {"message": "person_already_set", "data": {"_id": text, "name": text}},
        {
            "message": "person_already_set",
            "data": {"collections": [text, {"_id": text}]},
        },
        {text: text, "message": {text: text}},
    ]


def shown(error: BaseException) -> str:
    """All that an error can show, in lower case."""
    texts = (
        str(error),
        repr(error),
        repr(vars(error)),
        "".join(traceback.format_exception(error)),
        pickle.dumps(error).decode("utf-8", "replace"),
    )
    return "\n".join(texts).casefold()


def all_shown(text: str, request: EnrollmentRequest = REQUEST) -> str:
    """All that errors show where the server echoes `text` in one place or another."""
    errors = [
        refused(status, body, request=request)
        for body in forms(text)
        for status in (409, 412, 422, 500, 429)
    ]
    return "\n".join(map(shown, errors))


@pytest.mark.parametrize(
    "echo",
    [
        NAME,
        NAME.upper(),
        NAME.lower(),
        NAME.replace("3", ""),
        NAME.replace(" ", "_"),
        NAME.replace(" ", ""),
        "ZEBEDEE_QUIRK_OMALLEY",
        "Quirk O Malley, Zebedee",
        "Zebedee\nQuirk",
        "zebedeequirkomalley",
        f'"name" {NAME!r} is taken',
        "x@zebedee.quirk.malley.example",
    ],
)
def test_names(echo: str) -> None:
    """A name and its words are taken out however the server writes them."""
    found = all_shown(echo)
    for part in PARTS:
        assert part not in found


@pytest.mark.parametrize(
    ("name", "echo", "secret"),
    [
        ("José García", "JOSÉ GARCÍA", "garc"),
        ("José García", "Jose Garcia", "jose"),
        ("José García", "Jose\u0301 Garci\u0301a", "garci"),
        ("Jose\u0301 Garci\u0301a", "José García", "garcía"),
        ("Anna Weiß", "ANNA WEISS", "weiss"),
        ("Иван Петров", "ПЕТРОВА", "петров"),
        ("王 小明", "用户小明无效", "小明"),
        ("王 明", "用户明无效", "明"),
        ("王小明", "姓名王小明无效", "王小明"),
        ("김철수", "김철수님", "김철수"),
        ("J4ne D0ehart", "Jne Dehart", "dehart"),
        ("J4ne D0ehart", "JNE", "jne"),
        ("Person Duplicated", "Duplicated, person", "duplicated,"),
    ],
)
def test_names_in_all_spellings(name: str, echo: str, secret: str) -> None:
    """Accents, capitals, digits and scripts do not hide a name."""
    assert secret not in all_shown(echo, request_of(name=name))


@pytest.mark.parametrize(
    ("echo", "secret"),
    [
        ("1987-03-09", "1987"),
        ("1987-03-09T00:00:00.000Z", "1987"),
        ("19870309", "1987"),
        ("1987/03/09", "1987"),
        ("9.3.1987", "1987"),
        ("03/09/1987", "1987"),
        ("Mon Mar 09 1987 00:00:00 GMT", "1987"),
        ("March 9, 1987", "1987"),
        ("9 mar 1987", "1987"),
        (TOKEN, "made-up"),
        (f"Bearer {TOKEN.upper()}", "made-up"),
        (f"jwt malformed: {JWT}", "eyjh"),
        (IMAGE, IMAGE[-30:-10].casefold()),
        (IMAGE[:60], IMAGE[10:30].casefold()),
        (LINES, LINES[-8:].casefold()),
        ("write to zq7@example.com", "zq7"),
        (IMAGE.replace("+", "-").replace("/", "_"), IMAGE[-30:-10].casefold()),
        (f"data:image/jpeg;base64,{IMAGE}", IMAGE[-30:-10].casefold()),
        (f"{NAME}{IMAGE}", "quirk"),
    ],
)
def test_dates_tokens_images(echo: str, secret: str) -> None:
    """Birth dates, the token and base64 are taken out in all their forms."""
    assert secret in echo.casefold()
    assert secret not in all_shown(f"value {echo} is invalid")


@pytest.mark.parametrize(
    "date",
    [
        "1987-03-09T00:00:00.000Z",
        "9.3.1987",
        "03/09/1987",
        "Mar 09 1987",
        "9 March 1987",
        "19870309",
    ],
)
def test_dates_go_whole(date: str) -> None:
    """Of a date nothing is left, not even half a year."""
    error = refused(409, {"message": f"born {date}!"}, request=REQUEST)
    assert error.message == "born [redacted]!"


@given(NAMES, st.sampled_from([str, str.upper, str.lower, str.swapcase]))
@example("x\U0002f800x", str)
def test_any_name(name: str, write: Callable[[str], str]) -> None:
    """Also any other name does not stand in the message that echoes it."""
    echo = write(name)
    error = refused(409, {"message": f"no: {echo}."}, request=request_of(name=name))
    letters = "".join(filter(str.isalpha, echo))
    visible = error.message.removeprefix("no").replace("[redacted]", "")
    assert letters not in "".join(filter(str.isalpha, visible))


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("name", ["E", "Son", "Person", "Token Expired", "Face"])
def test_known_words_stay(word: str, name: str) -> None:
    """The API's own words say nothing of anybody, whatever the person is called."""
    request = request_of(name=name)
    error = refused(409, {"message": f"409:{word}"}, request=request)
    assert word in error.message
    assert "redacted" not in str(error)


def test_texts_stay_readable() -> None:
    """What is no personal data is left as it was."""
    message = '"min_score" must be greater than or equal to 0.52 (v1.2), see RFC-9110'
    assert refused(409, {"message": message}, request=REQUEST).message == message


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            "missing countryCode\n. missing phone\n",
            "missing countryCode . missing phone",
        ),
        ("a\x1b[2J\x00\u202eb", "a [2J b"),
        ("half \ud800 a character", "half a character"),
    ],
)
def test_messages_are_one_visible_line(said: str, message: str) -> None:
    """No server's text breaks a log or a terminal."""
    error = refused(409, {"message": said})
    assert error.message == message
    assert str(error).encode().decode() == str(error)


@pytest.mark.parametrize("sign", ["m", "é", "漢", "😀"])
def test_errors_stay_small(sign: str) -> None:
    """However much the server says, in whatever script, an error is under 4 kB."""
    text = " ".join([sign * 9] * 2000)
    person = {"_id": sign * 36, "collections": [sign * 36] * 99}
    for message in (f"duplicated_person@{text}", f"duplicated_person {text}", text):
        error = refused(409, {"message": message, "code": text, "data": person})
        assert len(pickle.dumps(error)) < 4096
        assert len(error.message.encode()) <= 300
        assert len(error.code or "") <= 64


def test_success_that_is_none() -> None:
    """An answer of success that can't be read is not quoted either."""
    for body in ({"data": {"name": NAME, "_id": [NAME]}}, f"{NAME} 1987".encode()):
        found = shown(not_understood(200, body))
        assert "zebedee" not in found
        assert "1987" not in found


def test_answers_do_not_hang_on_errors() -> None:
    """No error is chained to another that holds the answer."""
    for response in (answer(409, NAME.encode()), answer(200, b"{" + NAME.encode())):
        with pytest.raises(VerifikError) as caught:
            decoded(response, REQUEST)
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None


def test_content_types_are_cleaned() -> None:
    """A header that enters the text is treated as the text."""
    headers = {"Content-Type": f"text/{NAME}"}
    error: ApiError = refused(400, b"<html>", headers=headers, request=REQUEST)
    assert "zebedee" not in shown(error)
