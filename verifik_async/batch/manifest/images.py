"""Pictures as a manifest names them: by path, held within the manifest's folder."""

from __future__ import annotations

import functools
import os
import re
import stat
from typing import TYPE_CHECKING

import attrs

from verifik_async.errors import FieldFault, InvalidRequestError
from verifik_async.images import FaceImage

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_LONGEST_PATH = 4096
_BASE64_OF_PICTURES = ("/9j/", "iVBORw0KGgo", "UklGR")
MOST_LOOKED_AT = 20
_FOLDERS_REMEMBERED = 1024


class _Refusal(Exception):  # noqa: N818 - carries a fault, never leaves this module
    def __init__(self, problem: str, hint: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.hint = hint


class PictureFolder:
    """The folder to which a manifest's image paths are relative.

    Args:
        folder: Where the manifest lies.
        allow_outside: Also take pictures which lie elsewhere. Refused otherwise,
            with symbolic links followed, so that a manifest from someone else can't
            send files of this machine away.
    """

    def __init__(self, folder: Path, *, allow_outside: bool) -> None:
        self._root = os.path.realpath(folder)
        self._inside = os.path.join(self._root, "")  # noqa: PTH118 - see _located
        self._allow_outside = allow_outside
        # Pictures share folders; resolving one takes a system call for each of its
        # parts, which would be half of the time that checking a row takes.
        self._real_folder = functools.lru_cache(_FOLDERS_REMEMBERED)(os.path.realpath)

    def load(self, paths: Iterable[object]) -> tuple[list[FaceImage], list[FieldFault]]:
        """The pictures that can be used, and a fault for each of the others."""
        images: list[FaceImage] = []
        faults: list[FieldFault] = []
        for position, given in enumerate(paths):
            if position == MOST_LOOKED_AT:
                break
            try:
                images.append(self._image(given))
            except _Refusal as refusal:
                faults.append(_fault(position, refusal.problem, refusal.hint))
            except InvalidRequestError as error:
                faults += [
                    attrs.evolve(fault, field=f"images[{position}]")
                    for fault in error.faults
                ]
        return images, faults

    def files(self, paths: Iterable[object]) -> list[str]:
        """Where those of the pictures lie whose paths can be used."""
        found: list[str] = []
        for given in paths:
            try:
                found.append(self._located(given))
            except _Refusal:
                continue
        return found

    def _image(self, given: object) -> FaceImage:
        path = self._located(given)
        try:
            mode = os.stat(path).st_mode  # noqa: PTH116 - see _located
        except OSError as error:
            what = error.strerror or type(error).__name__
            raise _Refusal(f"the file can't be read: {what}", _advice(given)) from None
        if not stat.S_ISREG(mode):
            # Opening a named pipe would wait for ever.
            raise _Refusal("is no regular file", "name the picture's file")
        return FaceImage.from_path(path)

    def _located(self, given: object) -> str:
        # os.path throughout: pathlib would take most of the time of a check here.
        text = _path_text(given)
        folder, name = os.path.split(os.path.join(self._root, text))  # noqa: PTH118
        path = os.path.join(self._real_folder(folder), name)  # noqa: PTH118
        if name in ("", os.pardir) or os.path.islink(path):  # noqa: PTH114
            path = os.path.realpath(path)
        if not self._allow_outside and not path.startswith(self._inside):
            raise _Refusal(
                "leaves the manifest's folder",
                "move the picture into it, or allow pictures from outside "
                "(--allow-outside)",
            )
        return path


def is_relative_path(text: str) -> bool:
    """Whether the text is a path that has a meaning only within a folder."""
    is_picture = text[:5].lower() == "data:" or text.startswith(_BASE64_OF_PICTURES)
    return not (is_picture or _URL.match(text) or os.path.isabs(text))  # noqa: PTH117


def _path_text(given: object) -> str:
    if not isinstance(given, str):
        raise _Refusal(f"must be a path, not {type(given).__name__}", "as a string")
    text = given.strip()
    if not text:
        raise _Refusal("is empty", "give the picture's path, or leave it out")
    if "\0" in text or not _has_bytes(text):
        raise _Refusal("is no path of a file", "check the path")
    if text[:5].lower() == "data:":
        raise _Refusal("is a data: URL", "save the picture as a file, give its path")
    if _URL.match(text):
        raise _Refusal("is a URL", "download the picture, give the file's path")
    if len(text) > _LONGEST_PATH or text.startswith(_BASE64_OF_PICTURES):
        raise _Refusal("is base64", "save the picture as a file, give its path")
    return text


def _has_bytes(text: str) -> bool:
    """Whether this system can write the text as a file's name."""
    try:
        return bool(os.fsencode(text))
    except UnicodeEncodeError:
        return False


def _advice(given: object) -> str:
    text = str(given)
    if "\\" in text and os.sep == "/":
        return "write paths with / and not with \\"
    return "check the path; it is relative to the manifest's folder"


def _fault(position: int, problem: str, hint: str) -> FieldFault:
    return FieldFault(field=f"images[{position}]", problem=problem, hint=hint)
