"""The people enrolled with one token, found again by their faces."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from verifik_async.sandbox.rules import PersonRecord


def namespace_of(token: str) -> str:
    """What stands for a token: the token itself is not kept."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class Namespace:
    """The people of one namespace; what the rules know as `People`.

    Args:
        name: Of the namespace.
        seed: Ids are derived from it, from the name and from the number of changes.
    """

    def __init__(self, name: str, *, seed: int) -> None:
        self._name = name
        self._seed = seed
        self._changes = 0
        self._people: dict[str, PersonRecord] = {}
        self._place: dict[str, int] = {}
        self._by_face: dict[str, set[str]] = {}

    def __len__(self) -> int:
        return len(self._people)

    @property
    def nonce(self) -> str:
        """A text that is new after every stored change."""
        return f"{self._seed}/{self._name}/{self._changes}"

    def everybody(self) -> tuple[PersonRecord, ...]:
        """All people, oldest first."""
        return tuple(self._people.values())

    def resembling(self, faces: Iterable[str]) -> Iterable[PersonRecord]:
        """Everybody whose `likeness` names one of these faces, oldest first."""
        found = {key for face in faces for key in self._by_face.get(face, ())}
        return [self._people[key] for key in sorted(found, key=self._place.__getitem__)]

    def put(self, person: PersonRecord) -> None:
        """Store a person, in place of the one with the same id."""
        self._people[person.id] = person
        self._changes += 1
        self._place.setdefault(person.id, self._changes)
        for face in person.likeness:
            self._by_face.setdefault(face, set()).add(person.id)
