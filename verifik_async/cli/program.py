"""The program as it was called, so that what it tells to paste works."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

_NAME = "verifik-async"


def program() -> str:
    """`verifik-async` where the shell finds it so, else the path that was run."""
    called = sys.argv[0]
    if Path(called).name == "__main__.py":
        return f"{_findable(sys.executable)} -m verifik_async"
    # a path without a separator was looked up, and other names are of other programs
    ours = Path(called).stem == _NAME and os.path.dirname(called)  # noqa: PTH120
    return _findable(called) if ours else _NAME


def _findable(path: str) -> str:
    name = Path(path).name
    found = shutil.which(name)
    known = found is not None and Path(found).absolute() == Path(path).absolute()
    return name if known else shlex.quote(path)
