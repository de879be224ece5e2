"""Takes personal data out of a server's text before it enters an error."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

REDACTED = "[redacted]"
LONGEST_TEXT = 300

# Whatever a server echoes of the request: base64 and tokens, addresses, dates.
_SUSPECT = re.compile(
    r"[A-Za-z0-9+/_=.-]{40,}"
    r"|[\w.+-]+@[\w-]+\.[A-Za-z]{2,}"
    r"|\d{4}-\d{2}-\d{2}[T\d:.Z]*"
)
_SHORTEST_WORD = 2


def scrub(text: str, secrets: Iterable[str]) -> str:
    """`text` cut short, without `secrets`, words of them, and suspicious runs."""
    clean = text
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        clean = re.sub(re.escape(secret), REDACTED, clean, flags=re.IGNORECASE)
        for word in re.findall(r"[^\W\d_]+", secret):
            if len(word) >= _SHORTEST_WORD:
                clean = re.sub(rf"\b{word}\b", REDACTED, clean, flags=re.IGNORECASE)
    clean = _SUSPECT.sub(REDACTED, clean)
    return clean if len(clean) <= LONGEST_TEXT else clean[: LONGEST_TEXT - 1] + "…"
