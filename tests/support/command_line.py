"""The command, in this process and as one of its own, and manifests for it."""

import csv
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, cast

import attrs

from verifik_async.sandbox import faces

PATIENCE = 60
"""Seconds after which a process is given up; nothing here takes a tenth of it."""


@attrs.frozen
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


def unmeasured() -> dict[str, str]:
    """The environment of a process that `coverage` does not follow.

    Its tracer would write a file where the test allows none, or hang where an
    interrupt comes while it holds its lock.
    """
    return {name: text for name, text in os.environ.items() if "COV" not in name}


class Command(Protocol):
    """Runs the command in this process."""

    def __call__(self, *words: str | Path) -> Ended:
        """Run it with these words to its end."""
        ...


class Starter(Protocol):
    """Starts the command as a process, which the test need not end."""

    def __call__(self, *words: str | Path, **env: str) -> subprocess.Popen[str]:
        """Start it with these words; its output is piped."""
        ...


def started(*words: str | Path, **env: str) -> subprocess.Popen[str]:
    """The command as a process."""
    return subprocess.Popen(
        [sys.executable, "-m", "verifik_async", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **env},
    )


def ended(process: subprocess.Popen[str]) -> Ended:
    """How the process ended, by itself."""
    out, err = process.communicate(timeout=PATIENCE)
    return Ended(process.returncode, out, err)


def json_of(request: str | urllib.request.Request) -> dict[str, object]:
    """What a server on this machine answers."""
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - loopback
        return cast("dict[str, object]", json.load(answer))


class ManifestOf(Protocol):
    """Writes a manifest, people.csv, with its pictures beside it."""

    def __call__(self, people: int, *, more: Sequence[Mapping[str, str]] = ()) -> Path:
        """So many people with a face each, and a person for each row of `more`."""
        ...


def write_manifest(
    folder: Path, people: int, more: Sequence[Mapping[str, str]] = ()
) -> Path:
    """What `ManifestOf` does, in this folder."""
    rows = [_person(folder, number) for number in range(people)]
    rows += [{**_person(folder, 900 + n), **row} for n, row in enumerate(more)]
    path = folder / "people.csv"
    with path.open("w", newline="") as stream:
        table = csv.DictWriter(stream, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return path


def _person(folder: Path, number: int) -> dict[str, str]:
    picture = f"{number}.jpg"
    drawn = faces.marked(faces.names()[0], face=f"person-{number}")
    (folder / picture).write_bytes(drawn)
    return {
        "id": f"id-{number}",
        "name": "Jane Doe",
        "gender": "F",
        "date_of_birth": "1987-06-05",
        "images": picture,
    }
