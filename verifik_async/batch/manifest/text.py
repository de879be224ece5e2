"""A manifest as text: opened, decoded, cut into lines, and refused where it is none."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from verifik_async.batch.manifest.errors import ManifestError

if TYPE_CHECKING:
    from collections.abc import Generator

    from verifik_async.batch.manifest.content import Content

LONGEST_LINE = 4 * 1024 * 1024
"""In characters. A manifest holds paths; lines this long hold pictures as base64, or
the file is no text of lines, and reading on would only fill the memory."""

_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_SPREADSHEETS_AND_ARCHIVES = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b\x08")
_HEAD = 4
_UNDECODED = re.compile("[\udc80-\udcff]")
_AS_TEXT = "save it as CSV in UTF-8 (in Excel: CSV UTF-8)"


def manifest_lines(content: Content) -> Generator[str, None, None]:
    """The lines with their ends, decoded; never more than one is held.

    UTF-8 with or without a byte order mark, and UTF-16 with one, as spreadsheet
    programs write them.

    Raises:
        ManifestError: The manifest can't be read, is no text, or has a line too long.
    """
    try:
        with content.open() as raw:
            encoding = _encoding(raw.peek(_HEAD)[:_HEAD])
            # Bytes that are no UTF-8 are let through so that their line can be named:
            # the decoder reads ahead and fails many lines before the one at fault.
            errors = "strict" if encoding == "utf-16" else "surrogateescape"
            stream = io.TextIOWrapper(raw, encoding, errors, newline="")
            number = 0
            while line := stream.readline(LONGEST_LINE):
                number += 1
                _refuse_no_text(line, number)
                yield line
    except OSError as error:
        what = error.strerror or type(error).__name__
        raise ManifestError(f"the manifest can't be read: {what}") from None
    except UnicodeDecodeError:
        raise ManifestError(f"the manifest is no whole UTF-16: {_AS_TEXT}") from None


def _encoding(head: bytes) -> str:
    if not head:
        raise ManifestError("the manifest is empty: write a header and rows into it")
    if head.startswith(_SPREADSHEETS_AND_ARCHIVES):
        raise ManifestError(f"the manifest is a spreadsheet or archive: {_AS_TEXT}")
    for mark, encoding in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return encoding
    return "utf-8"


def _refuse_no_text(line: str, number: int) -> None:
    if "\0" in line:
        raise ManifestError(
            f"line {number} holds NUL bytes, so it's no text: {_AS_TEXT}"
        )
    if len(line) >= LONGEST_LINE:
        raise ManifestError(
            f"line {number} is longer than {LONGEST_LINE // 2**20} million characters: "
            "name pictures by path, and end each row with a line break"
        )
    if not line.isascii() and _UNDECODED.search(line):
        raise ManifestError(f"line {number} is not UTF-8: {_AS_TEXT}")
