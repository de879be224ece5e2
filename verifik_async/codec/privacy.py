"""Takes personal data out of a server's text before it enters an error."""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import TYPE_CHECKING

from verifik_async.codec.refusals import WORDS

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

REDACTED = "[redacted]"
LONGEST_TEXT = 300
_LONGEST_ID = 64
_SHORTEST_WORD = 2
_IDEOGRAPHS = "\u2e80"  # from here on a single sign may be a whole word

# The API's own words hold nothing of anybody, even where a person is called "Person".
_KNOWN = rf"(?P<known>(?<!\w)(?:{'|'.join(WORDS)})(?!\w))"

# Whatever a server echoes of a request: base64 (also in lines) and tokens, addresses,
# dates. Each repetition is bounded or stops at once, so that no text takes long.
_SUSPECT = (
    r"(?:[A-Za-z0-9+/]{40,}\r?\n)+[A-Za-z0-9+/]+=*"
    r"|[A-Za-z0-9+/_=.%-]{40,}"
    r"|\beyJ[\w.-]+"
    r"|[\w.+-]{1,64}@[\w-]{1,64}\.[A-Za-z]{2,}"
    r"|\d{1,4}(?P<mark>[-/.])\d{1,2}(?P=mark)\d{1,4}[T\d:.Z]*"
    r"|(?:\d{1,2}\W{1,3})?\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
    r"\W{1,3}(?:\d{1,2}\W{1,3})?\d{4}\b"
)
_LETTERS = re.compile(r"[^\W\d_]+")


_LONGEST_NAME = 200
"""Letters of a name that are looked for: patterns grow with them."""

# What the API itself says, at most with a number behind it: most refusals are this.
_HARMLESS = re.compile(
    rf"(?:\d{{3}}:\s?)?(?:{'|'.join(WORDS)}|error|forbidden|internal_error"
    r"|authentication required)(?:@[\d.]{1,10})?",
    re.IGNORECASE,
)


class Scrubber:
    """Cleans texts of one call's personal data, and of what looks like any."""

    def __init__(self, *, name: str, date_of_birth: dt.date, token: str) -> None:
        """Keep what must not be told."""
        self._name = name[:_LONGEST_NAME]
        self._day = date_of_birth.isoformat().replace("-", "")
        self._token = token

    @functools.cached_property
    def _pattern(self) -> re.Pattern[str]:
        """All of it, as patterns, since servers rewrite names.

        Made only where it is needed: it takes about a millisecond.
        """
        plain = (re.escape(text) for text in (self._token, self._day) if text)
        # Longer patterns first: a word of a name must not win over the whole name.
        names = sorted(set(_name_patterns(self._name)), key=len, reverse=True)
        return re.compile("|".join((_KNOWN, *plain, _SUSPECT, *names)), re.IGNORECASE)

    def clean(self, text: str) -> str:
        """`text` on one line, cut short, without personal data and suspicious runs."""
        if _HARMLESS.fullmatch(text):
            return text
        clean = self._pattern.sub(lambda found: found["known"] or REDACTED, text)
        visible = "".join(c if c.isprintable() else " " for c in clean)
        return _cut(" ".join(visible.split()))

    def identifier(self, text: str) -> str | None:
        """`text` if it can be nothing but an id."""
        fits = text.isascii() and len(text) <= _LONGEST_ID
        return text if fits and self.clean(text) == text else None


def _name_patterns(name: str) -> Iterator[str]:
    """Patterns for a name and its words as a server may write them.

    In capitals, with or without accents, without its digits (which the API strips),
    with other signs or nothing between the words.
    """
    # As it came too: a few signs have no normal form of their own.
    forms = {name, *(unicodedata.normalize(form, name) for form in ("NFC", "NFKD"))}
    for form in forms | {form.upper() for form in forms}:
        yield from _word_pattern(form, shortest=1)
        for word in form.split():
            yield from _word_pattern(word, shortest=_SHORTEST_WORD)
            for part in re.split(r"[\W_]", word):
                yield from _word_pattern(part, shortest=_SHORTEST_WORD)


def _word_pattern(text: str, *, shortest: int) -> Iterator[str]:
    runs = _LETTERS.findall(text)
    letters = "".join(runs)
    if len(letters) < shortest and letters < _IDEOGRAPHS:
        return
    pattern = r"[\W\d_]*".join(runs)
    # Only ASCII names: other scripts put no space between words, or bend their ends.
    yield rf"(?<![^\W\d_]){pattern}(?![^\W\d_])" if letters.isascii() else pattern


def _cut(text: str) -> str:
    """At the most `LONGEST_TEXT` bytes of it: errors stay small in any script."""
    data = text.encode()
    if len(data) <= LONGEST_TEXT:
        return text
    return data[: LONGEST_TEXT - len("…".encode())].decode(errors="ignore") + "…"
