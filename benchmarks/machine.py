"""Where figures come from: without that they mean nothing."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Self

import attrs

_LIBRARIES = ("aiohttp", "attrs", "cattrs", "httpx", "pybase64", "requests")


@attrs.frozen(kw_only=True)
class Machine:
    """What the figures were taken on; no names of hosts or people.

    Attributes:
        load: Processes that wanted to run in the minute before; with other work on
            the machine only ratios mean something.
    """

    processor: str
    cores: int
    memory_gb: int
    load: float
    system: str
    python: str
    libraries: dict[str, str]

    @classmethod
    def this(cls) -> Self:
        """The one that this runs on."""
        pages, page = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
        return cls(
            processor=_processor(),
            cores=len(os.sched_getaffinity(0)),
            memory_gb=round(pages * page / 2**30),
            load=round(os.getloadavg()[0], 1),
            system=f"{platform.system()} {platform.release()}",
            python=f"{platform.python_implementation()} {platform.python_version()}",
            libraries={
                library: version
                for library in _LIBRARIES
                if (version := _version(library)) is not None
            },
        )

    def __str__(self) -> str:
        libraries = ", ".join(f"{name} {at}" for name, at in self.libraries.items())
        hardware = f"{self.processor}, {self.cores} cores, {self.memory_gb} GB"
        before = f"load {self.load} before"
        return f"{hardware}, {before}, {self.system}; {self.python}, {libraries}"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _version(library: str) -> str | None:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None
