"""Pictures of a manifest: relative to its folder, and held within it."""

import os
from pathlib import Path

import pytest

from verifik_async.batch.manifest.images import PictureFolder
from verifik_async.errors import FieldFault

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(200)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A manifest's folder with pictures in it, and others beside it."""
    inside = tmp_path / "job"
    (inside / "photos").mkdir(parents=True)
    (tmp_path / "job-secrets").mkdir()
    for where in ("job/photos/a.png", "job/b.png", "secret.png", "job-secrets/c.png"):
        (tmp_path / where).write_bytes(PICTURE)
    (inside / "near.png").symlink_to("photos/a.png")
    (inside / "far.png").symlink_to("../secret.png")
    (inside / "elsewhere").symlink_to("../job-secrets")
    (inside / "round.png").symlink_to("round.png")
    os.mkfifo(inside / "pipe.png")
    return inside


def refused(folder: Path, path: object, *, outside: bool = False) -> FieldFault:
    """The one fault of a picture's path."""
    images, faults = PictureFolder(folder, allow_outside=outside).load(["b.png", path])
    assert len(images) == 1
    (fault,) = faults
    assert fault.field == "images[1]"
    assert str(path) not in str(fault)
    return fault


@pytest.mark.parametrize(
    "path",
    ["photos/a.png", " b.png ", "./b.png", "photos/../b.png", "near.png", "{}/b.png"],
)
def test_pictures_inside_the_folder_are_taken(folder: Path, path: str) -> None:
    """However the path is written, and also through a link that stays inside."""
    pictures = PictureFolder(folder, allow_outside=False)
    images, faults = pictures.load([path.format(folder)])
    assert not faults
    with images[0].open() as stream:
        assert stream.read() == PICTURE


@pytest.mark.parametrize(
    "path",
    [
        "../secret.png",
        "photos/../../secret.png",
        "{}/../secret.png",
        "/etc/hostname",
        "far.png",
        "elsewhere/c.png",
        "../job-secrets/c.png",
        "..",
    ],
)
def test_pictures_outside_are_refused(folder: Path, path: str) -> None:
    """By dots, as an absolute path, through a link to a file or to a folder."""
    fault = refused(folder, path.format(folder))
    assert fault.problem == "leaves the manifest's folder"
    assert "from outside (--allow-outside)" in fault.hint


@pytest.mark.parametrize("path", ["../secret.png", "far.png", "elsewhere/c.png"])
def test_pictures_outside_can_be_allowed(folder: Path, path: str) -> None:
    """Whoever wrote the manifest may say so."""
    images, faults = PictureFolder(folder, allow_outside=True).load([path])
    assert (len(images), faults) == (1, [])


@pytest.mark.parametrize(
    ("path", "problem", "hint"),
    [
        ("gone.png", "No such file or directory", "relative to the manifest's folder"),
        ("photos\\a.png", "No such file or directory", "with / and not with \\"),
        ("b.png/x", "Not a directory", "check the path"),
        ("photos", "is no regular file", "picture's file"),
        ("photos/", "is no regular file", "picture's file"),
        ("pipe.png", "is no regular file", "picture's file"),
        ("round.png", "can't be read: ", "check the path"),
        ("n\0l.png", "is no path of a file", "check the path"),
        ("half \ud800.png", "is no path of a file", "check the path"),
        ("x" * 300, "File name too long", "check the path"),
        ("data:image/png;base64,iVBORw0KGgo", "is a data: URL", "save the picture"),
        ("https://example.org/a.png", "is a URL", "download the picture"),
        ("file:///a.png", "is a URL", "give the file's path"),
        ("/9j/4AAQSkZJRgABAQ", "is base64", "save the picture as a file"),
        ("x" * 5000, "is base64", "save the picture as a file"),
    ],
)
def test_what_is_no_path_of_a_picture_is_refused_with_advice(
    folder: Path, path: str, problem: str, hint: str
) -> None:
    """What stands there is recognised, so that the advice fits."""
    fault = refused(folder, path)
    assert problem in fault.problem
    assert hint in fault.hint


def test_a_named_pipe_is_refused_without_waiting(folder: Path) -> None:
    """Opening one would wait for a writer for ever, also through a link."""
    (folder / "link.png").symlink_to("pipe.png")
    assert refused(folder, "link.png").problem == "is no regular file"


def test_files_are_told_once_links_are_followed(folder: Path) -> None:
    """Two paths of one picture give the same file; unfit ones give none."""
    pictures = PictureFolder(folder, allow_outside=False)
    paths = ["near.png", "photos/a.png", "photos/../photos/a.png", "../secret.png", 7]
    assert pictures.files(paths) == [str((folder / "photos/a.png").resolve())] * 3
