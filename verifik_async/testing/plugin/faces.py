"""Drawn faces, ready to be sent."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from verifik_async.images import FaceImage
from verifik_async.sandbox import faces

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Faces:
    """Images of invented people, drawn by code: the same ones in each run.

    The sandbox knows people by them; see `verifik_async.sandbox.faces`.
    """

    def __init__(self, folder: Callable[[], Path]) -> None:
        """Make files in a folder, which is asked for with the first of them."""
        self._folder = folder
        self._made: Path | None = None
        self._numbers = itertools.count(1)

    @property
    def names(self) -> tuple[str, ...]:
        """The people there are."""
        return faces.names()

    def image(self, name: str, *, take: int = 1) -> FaceImage:
        """One of them; take 2 is the same person with another expression.

        Raises:
            ConfigurationError: There is nobody of this name.
        """
        return FaceImage.from_bytes(faces.picture(name, take=take))

    def spoof(self) -> FaceImage:
        """A photograph of a screen with a face on it, of liveness 0.31."""
        return self.image(faces.SPOOF)

    def somebody(self, *, liveness: float = 0.99) -> FaceImage:
        """Somebody new with each call.

        Raises:
            ConfigurationError: `liveness` is not between 0 and 1.
        """
        number = next(self._numbers)
        drawn = self.names[number % len(self.names)]
        marked = faces.marked(drawn, face=f"somebody-{number}", liveness=liveness)
        return FaceImage.from_bytes(marked)

    def file(self, name: str, *, take: int = 1) -> Path:
        """One of them as a file of this test, for code that reads files.

        Raises:
            ConfigurationError: There is nobody of this name.
        """
        picture = faces.picture(name, take=take)
        if self._made is None:
            self._made = self._folder()
        path = self._made / f"{name}-{take}.jpg"
        path.write_bytes(picture)
        return path
