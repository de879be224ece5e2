"""What a client may be held to, as a value."""

from __future__ import annotations

import math
from typing import Literal, TypeVar

import attrs

from verifik_async.errors import ConfigurationError

Number = TypeVar("Number", int, float)


@attrs.frozen(kw_only=True)
class Limits:
    """How fast one client may send; the default holds back nothing.

    Whatever the limits, a 429 pauses the whole client for as long as the server says.

    Attributes:
        rate: Requests a second, evenly spaced. After a 429 it may be less for a
            while, never more.
        concurrency: Requests in flight at the most, from 1; None for any number.
            `"auto"` begins with 4 and finds out what the server bears. Wherever it is
            given, or `rate` is, the rate that the server bears is learned from 429s.
        bytes_per_second: Bytes of request bodies a second, on average; for links
            that others use, too.
        max_concurrency: What `"auto"` never goes beyond.

    Raises:
        ConfigurationError: A value is out of range.
    """

    rate: float | None = None
    concurrency: int | Literal["auto"] | None = None
    bytes_per_second: float | None = None
    max_concurrency: int = 64

    def __attrs_post_init__(self) -> None:
        for name in ("rate", "bytes_per_second"):
            value: object = getattr(self, name)
            if value is not None and not _is_positive(value):
                raise ConfigurationError(f"Limits.{name} must be above 0, and finite")
        if self.concurrency not in (None, "auto") and not _is_count(self.concurrency):
            raise ConfigurationError(
                'Limits.concurrency must be a number from 1, "auto" or None'
            )
        if not _is_count(self.max_concurrency):
            raise ConfigurationError("Limits.max_concurrency must be a number from 1")

    @property
    def adaptive(self) -> bool:
        """Whether the width is found out."""
        return self.concurrency == "auto"

    @property
    def learns(self) -> bool:
        """Whether a 429 lowers the rate, beyond the pause.

        Not where nothing is limited: a service that is idle most of the time would
        take its own quietness for what the server bears.
        """
        return self.rate is not None or self.concurrency is not None

    @property
    def widest(self) -> int | None:
        """Most requests in flight; None if there is no such limit."""
        return self.max_concurrency if self.concurrency == "auto" else self.concurrency

    def tightened(self, by: Limits) -> Limits:
        """The stricter of both in every respect."""
        widest = _least(self.widest, by.widest)
        auto = self.adaptive or by.adaptive
        return Limits(
            rate=_least(self.rate, by.rate),
            concurrency="auto" if auto else widest,
            bytes_per_second=_least(self.bytes_per_second, by.bytes_per_second),
            max_concurrency=widest or self.max_concurrency,
        )


def _is_positive(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 < value < math.inf


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _least(one: Number | None, other: Number | None) -> Number | None:
    given = [value for value in (one, other) if value is not None]
    return min(given, default=None)
