"""The many forms of an error body, read into one."""

import pytest
from answers import answer, refused

from verifik_async.codec.error_bodies import ErrorBody, read_error_body

LONG = "word " * 2000


def read(body: object) -> ErrorBody:
    """What a body says."""
    return read_error_body(answer(409, body))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"message": "m", "code": "C"}, "m"),
        ({"error": "e"}, "e"),
        ({"error": "e", "message": "m"}, "m"),
        ({"error": {"message": "em"}}, "em"),
        ({"validationError": "v"}, "v"),
        ({"validationError": "v", "error": "e"}, "v"),
        ({"data": {"message": "dm", "code": "C"}}, "dm"),
        ({"data": {"error": "de"}}, "de"),
        ({"message": "m", "data": {"message": "dm"}}, "m"),
        ({"message": " ", "data": {"message": "dm"}}, "dm"),
        ({"message": None, "error": 7, "data": [1]}, ""),
        ({"detail": "gone"}, "gone"),
        (
            {"detail": [{"loc": ["body", "images", 0], "msg": "odd"}]},
            "body.images.0: odd",
        ),
        (
            {"data": {"detail": [{"loc": ["a"], "msg": "x"}, {"msg": "y"}, 7, {}]}},
            "a: x; y",
        ),
        ({"detail": [{"loc": "a", "msg": "x", "input": "secret"}]}, "x"),
        ({"detail": [{"loc": [["a"], {"b": 1}, "c"], "msg": "x"}]}, "c: x"),
        ({"message": ["a", {"message": "b"}, {"msg": "c"}]}, "b; c"),
        ({}, ""),
    ],
)
def test_messages(body: object, message: str) -> None:
    """The text that tells most is found in every form; what was sent is not."""
    assert read(body).message == message


@pytest.mark.parametrize(
    ("message", "word", "detail"),
    [
        ("liveness_failed", "liveness_failed", None),
        ("409:liveness_failed", "liveness_failed", None),
        ("409:  liveness_failed@0.45", "liveness_failed", "0.45"),
        (" 409:liveness_failed\n", "liveness_failed", None),
        ("liveness_quality@face @ edge\nx", "liveness_quality", "face @ edge\nx"),
        ("PERSON_NOT_FOUND", "PERSON_NOT_FOUND", None),
        ("two words", "", None),
        ("409:", "", None),
        ("@x", "", "x"),
        ("x@", "", None),
        ("ab", "", None),
        ("4090:abc", "", None),
    ],
)
def test_grammar(message: str, word: str, detail: str | None) -> None:
    """A message is `NNN:`, reason, `@detail`, of which the first and last may lack."""
    found = read({"message": message})
    assert (found.word, found.detail) == (word, detail)


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ({"code": "ERROR"}, ("ERROR",)),
        ({"code": "A", "data": {"code": "B"}}, ("A", "B")),
        ({"data": {"code": "B"}}, ("B",)),
        ({"code": 409, "data": {"code": " "}}, ()),
    ],
)
def test_codes(body: object, codes: tuple[str, ...]) -> None:
    """Codes are texts, the outer before the nested."""
    assert read(body).codes == codes


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe\x00", b"null", b"[1]", b'"x"', b"<p>", b"[" * 99999]
)
def test_no_objects(body: bytes) -> None:
    """A body that is no JSON object is told by type and size."""
    found = read_error_body(
        answer(409, body, headers={"Content-Type": "text/html; charset=x"})
    )
    assert found == ErrorBody(message=f"no JSON (text/html, {len(body)} bytes)")
    assert "no content type" in read(body).message


def test_long_texts_are_cut_at_a_space() -> None:
    """Only the start of a long text is looked at; half a word might be half a name."""
    found = read({"message": LONG, "code": LONG, "failureReason": LONG})
    assert len(found.message) < 4001
    assert found.message.endswith("word")
    assert len(found.codes[0]) < 4001
    assert read({"message": "x" * 4001}).message == ""


@pytest.mark.parametrize(
    "text",
    ["ж" * 10**6, "token " * 10**5, "a@" * 10**5, ("A" * 76 + "\n") * 10**4],
    ids=["word", "words", "addresses", "base64"],
)
def test_large_texts_are_read(text: str) -> None:
    """A text of a megabyte is cut before any pattern looks at it."""
    error = refused(401, {"message": text, "detail": text, "code": text})
    assert len(error.message.encode()) <= 300
