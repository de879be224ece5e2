"""What a person is known by: a digest of a key, or of everything that is sent."""

from __future__ import annotations

import asyncio
import functools
import io
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import REQUESTS, jpeg, request_of

from verifik_async import EnrollmentRequest, FaceImage, InvalidRequestError
from verifik_async.batch.journal.keys import SALT_BYTES, KeyRule

RULE = KeyRule(bytes(SALT_BYTES))


def content(request: EnrollmentRequest, rule: KeyRule = RULE) -> bytes:
    """What a request without a key is known by."""
    return asyncio.run(rule.of_content(request))


@given(st.text(), st.text())
def test_keys_are_the_same_if_and_only_if_their_texts_are(one: str, two: str) -> None:
    """Nothing is stripped or folded: a caller's id is the caller's business."""
    assert (RULE.of_key(one) == RULE.of_key(two)) == (one == two)


def test_any_text_may_be_a_key() -> None:
    """Also one that no file can hold."""
    assert RULE.of_key("\ud800") != RULE.of_key("\ud801")


def test_another_job_has_other_keys() -> None:
    """Two journals can't be matched with each other."""
    other = KeyRule(b"x" * SALT_BYTES)
    assert other.of_key("a") != RULE.of_key("a")
    assert content(request_of(), other) != content(request_of())


def test_a_key_is_no_content() -> None:
    """Nobody can choose a key that stands for another's request."""
    assert len({RULE.of_key(""), content(request_of())}) == 2
    assert len(RULE.of_key("")) == len(content(request_of())) == 16


SAME: dict[str, Callable[[], EnrollmentRequest]] = {
    "spaces": lambda: request_of(name="  Jane   Doe "),
    "form": lambda: request_of(name="Jane Doe", gender="F"),
    "thresholds": lambda: request_of(min_score=0.9, liveness_min_score=0.5),
    "mode": lambda: request_of(search_mode="ACCURATE"),
}
OTHER: dict[str, Callable[[], EnrollmentRequest]] = {
    "name": lambda: request_of(name="Jane Do"),
    "gender": lambda: request_of(gender="M"),
    "birth": lambda: request_of(date_of_birth="1990-01-16"),
    "nationality": lambda: request_of(nationality="PE"),
    "no nationality": lambda: request_of(nationality=None),
    "collection": lambda: request_of(collection_id="c2"),
    "fewer": lambda: request_of(images=[FaceImage.from_bytes(jpeg(1))]),
    "order": lambda: request_of(
        images=[FaceImage.from_bytes(jpeg(2)), FaceImage.from_bytes(jpeg(1))]
    ),
}


@pytest.mark.parametrize("change", SAME)
def test_what_does_not_make_another_person(change: str) -> None:
    """How somebody is written, and how strictly they are checked."""
    assert content(SAME[change]()) == content(request_of())


def test_accents_may_be_written_either_way() -> None:
    """As one character or as two: spreadsheets and systems differ."""
    one, two = (request_of(name=name) for name in ("Jos\u00e9", "Jose\u0301"))
    assert content(one) == content(two)


@pytest.mark.parametrize("change", OTHER)
def test_what_makes_another_person(change: str) -> None:
    """Who, where to, and every picture."""
    assert content(OTHER[change]()) != content(request_of())


@given(REQUESTS)
def test_a_request_is_known_again(request: EnrollmentRequest) -> None:
    """The same content has the same key, every time."""
    assert content(request) == content(request)


def test_it_does_not_matter_where_a_picture_comes_from(tmp_path: Path) -> None:
    """From a file, an opener or memory: its bytes count, also of a large one."""
    for size in (200, 700_000):
        data = jpeg(5, size=size)
        (tmp_path / "5.jpg").write_bytes(data)
        keys = {
            content(request_of(images=[image]))
            for image in (
                FaceImage.from_bytes(data),
                FaceImage.from_path(tmp_path / "5.jpg"),
                FaceImage.from_opener(functools.partial(io.BytesIO, data), size),
            )
        }
        assert len(keys) == 1


def test_a_picture_that_is_gone_makes_the_request_invalid(tmp_path: Path) -> None:
    """The fault names the field, and neither the file nor the person."""
    path = tmp_path / "jane-doe.jpg"
    path.write_bytes(jpeg(1))
    image = FaceImage.from_path(path)
    path.unlink()
    with pytest.raises(InvalidRequestError, match=r"images\[1\]") as caught:
        content(request_of(images=[FaceImage.from_bytes(jpeg(1)), image]))
    assert "No such file" in str(caught.value)
    assert caught.value.__context__ is None
    assert "jane" not in repr(caught.value)


def test_an_opener_that_fails_makes_the_request_invalid() -> None:
    """Whatever it raises; its text may hold anything."""
    streams = [io.BytesIO(jpeg(1))]

    def opener() -> BinaryIO:
        return streams.pop()

    image = FaceImage.from_opener(opener, 150)
    with pytest.raises(InvalidRequestError, match="IndexError"):
        content(request_of(images=[image]))
