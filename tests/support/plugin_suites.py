"""Suites as users write them, each run by a pytest of its own."""

from __future__ import annotations

import asyncio
import json
import textwrap
from pathlib import Path

import pytest
from guests import guest

from verifik_async import RecordingTransport, SandboxTransport, VerifikClient

_INI = f"""
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
filterwarnings = error
pythonpath = {Path(__file__).parent}
"""
_IMPORTS = """
import asyncio, os, pytest
from guests import guest
from verifik_async import (
    ApiError, CassetteMissError, ClientClosedError, ConfigurationError, ConnectError,
    DuplicatePersonError, FaceImage, Fault, HttpResponse, Late, LivenessFailedError,
    OutcomeUnknownError, ReadTimeoutError, RetryPolicy, ScriptExhaustedError,
    VerifikClient,
)
"""
_NOT_NEEDED = ("cacheprovider", "hypothesispytest", "pytest_cov")
"""Plugins that only cost time here. The first of them nobody must need."""

FROM_SANDBOX = ("--verifik-record=rewrite", "--verifik-record-from=sandbox")


class Suite:
    """A folder with tests in it.

    Attributes:
        folder: Where they are.
    """

    def __init__(self, pytester: pytest.Pytester, env: pytest.MonkeyPatch) -> None:
        self.folder = pytester.path
        self.env = env
        self._pytester = pytester
        for name in ("CI", "VERIFIK_RECORD", "VERIFIK_TOKEN", "VERIFIK_BASE_URL"):
            env.delenv(name, raising=False)
        (self.folder / "pytest.ini").write_text(_INI)

    def write(self, source: str, *, name: str = "test_door.py") -> None:
        """A file of tests; the most common names are imported already."""
        text = _IMPORTS + textwrap.dedent(source)
        (self.folder / name).write_text(text)

    def run(self, *options: str, xdist: bool = False) -> pytest.RunResult:
        """Run the suite in a process of its own."""
        unneeded = (*_NOT_NEEDED, *(() if xdist else ("xdist",)))
        without = [part for name in unneeded for part in ("-p", f"no:{name}")]
        return self._pytester.runpytest_subprocess(*without, *options, timeout=60)

    def cassette(self, test: str, *, module: str = "test_door") -> Path:
        """Where a test's own cassette belongs."""
        return self.folder / "fixtures" / module / f"{test}.verifik.json"

    def cassettes(self) -> set[str]:
        """All that there are; nothing else is in their folders, such as locks."""
        files = [path for path in self.folder.rglob("fixtures/**/*") if path.is_file()]
        names = {path.name for path in files}
        assert all(name.endswith(".verifik.json") for name in names)
        assert not any(name.startswith(".") for name in names)
        return {name.removesuffix(".verifik.json") for name in names}


def record(path: Path, *names: str) -> None:
    """Record a cassette in which these persons are enrolled."""

    async def enroll() -> None:
        transport = RecordingTransport(SandboxTransport(), path)
        async with VerifikClient("token", transport) as client:
            for name in names:
                await client.enroll(guest(name))

    asyncio.run(enroll())


def entries(path: Path) -> int:
    """How many a cassette has."""
    return len(json.loads(path.read_bytes())["entries"])
