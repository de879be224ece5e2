"""What goes into the rules and what comes out; personal data stays out of repr."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Protocol

import attrs


def _lower_names(headers: Mapping[str, str]) -> Mapping[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _ids(given: Iterable[str] | None) -> frozenset[str] | None:
    if given is None:
        return None
    # a text is iterable too, and its letters are nobody's collections
    return frozenset({given} if isinstance(given, str) else given)


def _length(body: bytes) -> str:
    return f"<{len(body)} bytes>"


@attrs.frozen(kw_only=True)
class Settings:
    """How a sandbox behaves.

    Attributes:
        production: Refuse a face that its collection holds already. The reference
            promises this refusal in production only; elsewhere the person is updated.
        collections: The collections that exist; None lets every id pass.
        seed: Ids are derived from it, so that runs can be repeated exactly.
        largest_body: Bytes of a request body; above it the answer is 413.
    """

    production: bool = True
    collections: frozenset[str] | None = attrs.field(default=None, converter=_ids)
    seed: int = 0
    largest_body: int = 32 * 1024 * 1024


@attrs.frozen(kw_only=True)
class Call:
    """A request as it came in.

    Attributes:
        method: In capitals.
        path: Without query.
        headers: By lower-case name.
        body: As received.
    """

    method: str
    path: str
    headers: Mapping[str, str] = attrs.field(converter=_lower_names, repr=False)
    body: bytes = attrs.field(default=b"", repr=_length)


@attrs.frozen(kw_only=True)
class Reply:
    """An answer.

    Attributes:
        status: The HTTP status.
        json: The body, not yet encoded.
        headers: Besides Content-Type.
    """

    status: int
    json: Mapping[str, object] = attrs.field(repr=False)
    headers: Mapping[str, str]


@attrs.frozen(kw_only=True)
class Submission:
    """A request that keeps all rules which need no state.

    Attributes:
        name: As it will be stored.
        gender: `F` or `M`.
        date_of_birth: `YYYY-MM-DD`.
        collection_id: Where to enroll, and to look for duplicates.
        min_score: Least similarity that counts as the same face.
        likeness: Faces and how alike they are: the submission's own with 1.
        images: SHA-256 of each decoded image.
    """

    name: str = attrs.field(repr=False)
    gender: str = attrs.field(repr=False)
    date_of_birth: str = attrs.field(repr=False)
    collection_id: str
    min_score: float
    likeness: Mapping[str, float]
    images: tuple[str, ...]


@attrs.frozen(kw_only=True)
class PersonRecord:
    """A person as a sandbox keeps one: digests of the images, never the images.

    Attributes:
        id: 24 hexadecimal digits.
        name: Without digits.
        gender: `F` or `M`.
        date_of_birth: `YYYY-MM-DD`.
        collections: Those which hold the person, oldest first.
        created_at: When the record was made.
        updated_at: When it was changed last.
        likeness: Faces and how alike they are: the person's own with 1.
        images: SHA-256 of each image ever accepted for the person.
    """

    id: str
    name: str = attrs.field(repr=False)
    gender: str = attrs.field(repr=False)
    date_of_birth: str = attrs.field(repr=False)
    collections: tuple[str, ...]
    created_at: dt.datetime
    updated_at: dt.datetime
    likeness: Mapping[str, float]
    images: tuple[str, ...]


class People(Protocol):
    """The people that one caller has enrolled, as the rules need to see them."""

    @property
    def nonce(self) -> str:
        """A text that is new after every stored change; ids are derived from it."""
        ...

    def resembling(self, faces: Iterable[str]) -> Iterable[PersonRecord]:
        """Everybody whose `likeness` names one of these faces, oldest first."""
        ...


@attrs.frozen(kw_only=True)
class Decision:
    """What to answer, and what to store first.

    Attributes:
        reply: The answer.
        change: The record to put in place of the one with its id, if any.
    """

    reply: Reply
    change: PersonRecord | None = None


class Refused(Exception):  # noqa: N818 - carries a reply, never leaves the rules
    """A rule is broken, and this is the answer."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply
