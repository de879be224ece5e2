"""The package as a whole: its names, what importing it costs, its version."""

import ast
import importlib
import inspect
import pkgutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

import verifik_async
from verifik_async import bodies, errors, events, images, models, wire

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
ALIASES = {"Event", "Observer"}  # unions and callables, documented in their module
INNER = {  # of the public modules, but for those who write transports or codecs
    "RefusalFields",
    "Base64Part",
    "ByteSource",
    "Observers",
}


def printed(program: str) -> list[str]:
    """What a fresh interpreter prints for a program, line by line."""
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return ran.stdout.splitlines()


def test_names_are_sorted() -> None:
    """`__all__` is sorted and says nothing twice."""
    assert verifik_async.__all__ == sorted(set(verifik_async.__all__))


@pytest.mark.parametrize("name", verifik_async.__all__)
def test_names(name: str) -> None:
    """Each public name can be imported from the root, and is documented."""
    value: object = getattr(verifik_async, name)
    if name not in ALIASES:
        assert inspect.isclass(value)
        assert vars(value).get("__doc__")
        assert value.__module__.startswith("verifik_async.")


@pytest.mark.parametrize("module", [bodies, errors, events, images, models, wire])
def test_nothing_is_forgotten(module: object) -> None:
    """Each class that a public module defines is offered by the root."""
    assert inspect.ismodule(module)
    public = {
        name
        for name, value in inspect.getmembers(module, inspect.isclass)
        if value.__module__ == module.__name__ and not name.startswith("_")
    }
    assert public - INNER <= set(verifik_async.__all__)


def test_type_checkers_see_what_is_there() -> None:
    """The names that type checkers read, and their rooms, are the true ones."""
    tree = ast.parse(Path(verifik_async.__file__).read_text(encoding="utf-8"))
    seen = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("verifik")
        for alias in node.names
    }
    rooms: dict[str, str] = vars(verifik_async)["_ROOM_OF"]
    assert seen == rooms
    assert sorted(seen) == verifik_async.__all__
    assert set(verifik_async.__all__) <= set(dir(verifik_async))


def test_star_import() -> None:
    """All names, the lazy ones too, come with a star import."""
    program = "from verifik_async import *\nprint(AiohttpTransport, VerifikClient)"
    assert len(printed(program)) == 1


def test_import_is_light() -> None:
    """The package alone loads nothing; the client loads no aiohttp and no commands."""
    found = printed("import sys, verifik_async\nprint(*sys.modules, sep='\\n')")
    assert {name for name in found if name.startswith("verifik")} == {"verifik_async"}
    assert {"asyncio", "attr", "cattrs", "aiohttp"}.isdisjoint(found)
    program = "from verifik_async import BatchEnroller, VerifikClient\n"
    found = printed(f"import sys\n{program}print(*sys.modules, sep='\\n')")
    assert "verifik_async.client" in found
    heavy = {"aiohttp", "yarl", "rich", "typer", "click", "dask", "pytest", "PIL"}
    assert heavy.isdisjoint(found)
    assert "verifik_async.cli" not in found
    assert "verifik_async.sandbox" not in found


def test_live_transport_is_there() -> None:
    """The aiohttp transport, asked for after the import, loads aiohttp then."""
    program = (
        "import sys, verifik_async\n"
        "print('aiohttp' in sys.modules)\n"
        "print(verifik_async.AiohttpTransport.__name__)\n"
        "print('aiohttp' in sys.modules)\n"
    )
    assert printed(program) == ["False", "AiohttpTransport", "True"]


def test_unknown_names() -> None:
    """A misspelt name is an AttributeError, as of any module."""
    with pytest.raises(AttributeError, match="no attribute 'Verifik'"):
        _ = verifik_async.Verifik  # type: ignore[attr-defined]


def test_version() -> None:
    """The version has one source."""
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    assert metadata.version("verifik-async") == project["version"]


def test_is_typed() -> None:
    """Type checkers of users read the annotations."""
    assert (Path(verifik_async.__file__).parent / "py.typed").exists()


def test_modules_are_documented() -> None:
    """Each module of the core begins by saying what it is for."""
    names = ["errors", "events", "images", "models", "bodies", "wire", "codec"]
    codec = importlib.import_module("verifik_async.codec")
    names += [f"codec.{found.name}" for found in pkgutil.iter_modules(codec.__path__)]
    for name in names:
        assert importlib.import_module(f"verifik_async.{name}").__doc__
