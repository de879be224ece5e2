"""What must hold before a change lands; `nox` runs all of it but the benchmarks.

Python versions come from the classifiers in pyproject.toml. Those that are not on this
machine are skipped, with a line that says so.
"""

from __future__ import annotations

import os
from pathlib import Path

import nox

PYPROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = nox.project.python_versions(PYPROJECT)


def _put_pyenv_on_path() -> None:
    """Let nox find versions that pyenv has installed but not activated.

    pyenv's own shims are found first otherwise, and fail for those versions.
    """
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = [
        str(folder)
        for version in PYTHONS
        for folder in sorted(root.glob(f"versions/{version}.*/bin"))
    ]
    os.environ["PATH"] = os.pathsep.join([*found, os.environ["PATH"]])


_put_pyenv_on_path()
nox.options.error_on_missing_interpreters = False
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["lint", "types", "tests", "coverage"]


def _group(name: str) -> tuple[str, ...]:
    return tuple(nox.project.dependency_groups(PYPROJECT, name))


@nox.session
def lint(session: nox.Session) -> None:
    """Style, spelling, and the walls between the rooms."""
    session.install("-e", ".[cli]", *_group("lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("codespell")
    session.run("lint-imports")


@nox.session
def types(session: nox.Session) -> None:
    """Both type checkers, at their strictest."""
    session.install("-e", ".[cli]", *_group("typing"))
    session.run("mypy")
    session.run("pyright", "--pythonpath", str(Path(session.bin) / "python"))


_ON_ALL_CORES = ("-n", "auto", "--dist", "worksteal")
_AGAIN = ("-m", "not once", "--hypothesis-profile", "again")
"""What tests of ours tell the same on every Python is not asked of each: the few that
enroll tens of thousands, and most of the random examples."""

_TESTED: list[str] = []


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """All tests, against the installed wheel; measured on the first version there is.

    Measuring takes a third of the time and tells the same on every version. The other
    versions have every test but those marked `once`, and fewer random examples: they
    are there to find what differs between Pythons.
    """
    session.install(".[cli]", *_group("tests"))
    pytest = str(Path(session.bin) / "pytest")  # `-m pytest` would import the tree
    if _TESTED:
        session.run(pytest, *_ON_ALL_CORES, *_AGAIN, *session.posargs)
    else:
        session.run("coverage", "erase")
        session.run("coverage", "run", pytest, *_ON_ALL_CORES, *session.posargs)
    _TESTED.append(str(session.python))


@nox.session
def coverage(session: nox.Session) -> None:
    """Branches that the tests reached."""
    session.install(*_group("tests"))
    session.run("coverage", "combine")
    session.run("coverage", "report")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure against peers, for some minutes; `-- --quick` for less of it."""
    session.install("-e", ".[cli]", *_group("bench"))
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def kill(session: nox.Session) -> None:
    """Kill runs a hundred times over 20,000 persons; some minutes."""
    session.install("-e", ".[cli]", *_group("tests"))
    session.run(
        *("pytest", "-s", "tests/batch/test_kill.py", *session.posargs),
        env={"VERIFIK_KILLS": "100", "VERIFIK_KILL_PERSONS": "20000"},
    )
