"""What makes a job this job: a journal serves no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from verifik_async.models import EnrollmentRequest

Difference = tuple[str, object, object]
"""What differs, what it was, and what it is now."""


def _to_text(mode: str | None) -> str | None:
    return None if mode is None else str(mode)  # `SearchMode.FAST` is "FAST"


@attrs.frozen(kw_only=True)
class JobTerms:
    """Where persons are enrolled and how they are checked.

    Attributes:
        collection_id: The collection; None if each person brings its own.
        liveness_min_score: Likewise.
        min_score: Likewise.
        search_mode: Likewise.
    """

    collection_id: str | None = None
    liveness_min_score: float | None = None
    min_score: float | None = None
    search_mode: str | None = attrs.field(default=None, converter=_to_text)

    @classmethod
    def of(cls, request: EnrollmentRequest) -> Self:
        """What one person's request asks for."""
        return cls(
            collection_id=request.collection_id,
            liveness_min_score=request.liveness_min_score,
            min_score=request.min_score,
            search_mode=request.search_mode,
        )

    def values(self) -> tuple[object, ...]:
        """In the order of the fields."""
        return tuple(getattr(self, name) for name in TERMS)

    def differences(self, now: JobTerms) -> Iterator[Difference]:
        """By which fields `now` differs."""
        for name in TERMS:
            before, after = getattr(self, name), getattr(now, name)
            if before != after:
                yield name, before, after


TERMS = tuple(field.name for field in attrs.fields(JobTerms))
"""The names of the fields."""


@attrs.frozen(kw_only=True)
class Fingerprint:
    """A job, as its journal knows it again.

    Attributes:
        base_url: The API.
        terms: What holds for all persons; None if the caller did not say.
    """

    base_url: str
    terms: JobTerms | None = None

    def differences(self, now: Fingerprint) -> Iterator[Difference]:
        """By what another job differs; unsaid terms differ from nothing."""
        if self.base_url != now.base_url:
            yield "base_url", self.base_url, now.base_url
        if self.terms is not None and now.terms is not None:
            yield from self.terms.differences(now.terms)
