"""Images as base64: white space, alphabets, data: URLs."""

import base64
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import image_problem, jpeg

from verifik_async import FaceImage, InvalidRequestError

JPEG = jpeg(7)
TEXT = base64.b64encode(JPEG).decode()


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        TEXT.encode(),
        textwrap.fill(TEXT, 76),
        textwrap.fill(TEXT, 64).replace("\n", "\r\n"),
        f" \t{TEXT[:10]} {TEXT[10:]}\n\n",
    ],
)
def test_white_space_in_base64(text: str | bytes) -> None:
    """White space anywhere in base64 is dropped."""
    assert FaceImage.from_base64(text) == FaceImage.from_bytes(JPEG)


@pytest.mark.parametrize(
    "text",
    [
        TEXT + "é",
        TEXT + "\ud800",
        TEXT[:-1],
        TEXT + "=",
        "=" + TEXT,
        TEXT.replace("/", "_"),
        TEXT[:40] + "%2F" + TEXT[43:],
        "no base64 at all!",
        "https://example.com/face.jpg",
    ],
)
def test_no_base64(text: str) -> None:
    """Text outside the standard, padded alphabet is refused, without telling it."""
    assert image_problem(lambda: FaceImage.from_base64(text)) == "is no base64"


@pytest.mark.parametrize(
    "url",
    [
        f"data:image/jpeg;base64,{TEXT}",
        f"DATA:image/png;name=x;BASE64,{TEXT}",
        f"data:;base64,\n{TEXT[:9]}\n{TEXT[9:]}",
    ],
)
def test_data_urls(url: str) -> None:
    """A data: URL is taken where allowed only, and its own type is not believed."""
    assert image_problem(lambda: FaceImage.from_base64(url)) == "is a data: URL"
    found = FaceImage.from_base64(url, allow_data_url=True)
    assert found == FaceImage.from_bytes(JPEG)


@pytest.mark.parametrize("url", ["data:", "data:image/jpeg,abc", "data:base64" + TEXT])
def test_data_urls_without_base64(url: str) -> None:
    """A data: URL of another encoding is refused as such."""
    found = image_problem(lambda: FaceImage.from_base64(url, allow_data_url=True))
    assert found == "is a data: URL without base64"


@given(st.text() | st.binary())
def test_any_text_is_an_image_or_refused(text: str | bytes) -> None:
    """Whatever is passed as base64, no other error than the documented one comes."""
    with pytest.raises(InvalidRequestError):
        FaceImage.from_base64(text, allow_data_url=True)
