"""Ways to post persons, by name.

Each is opened for a load, and gives a function that posts the persons of an iterator,
`width` at a time, and says how many there were.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from benchmarks.contenders.pool import Open


@attrs.frozen
class Contender:
    """One way to post persons.

    Attributes:
        label: What tables call it.
        module: Where it is, in this package.
        opener: The name in there.
        library: What must be installed.
        reads_images: False if its bodies are made beforehand, whatever the source.
    """

    label: str
    module: str
    opener: str
    library: str = "aiohttp"
    reads_images: bool = True

    @property
    def installed(self) -> bool:
        """Whether it can be run here."""
        return find_spec(self.library) is not None

    def load(self) -> Open:
        """Import it, with all that it will need."""
        module = import_module(f"benchmarks.contenders.{self.module}")
        opened: Open = getattr(module, self.opener)
        return opened


CONTENDERS = {
    "enroll": Contender("VerifikClient.enroll", "enroll", "one_by_one"),
    "batch": Contender("BatchEnroller", "enroll", "batch"),
    "journal": Contender("BatchEnroller, strict journal", "enroll", "journaled"),
    "prepared": Contender(
        "(a) aiohttp, bytes prepared", "via_aiohttp", "prepared", reads_images=False
    ),
    "json": Contender("(b) aiohttp, json=", "via_aiohttp", "json_body"),
    "httpx": Contender("(c) httpx.AsyncClient", "via_httpx", "json_body", "httpx"),
    "requests": Contender(
        "(d) requests, threads", "via_requests", "threads", "requests"
    ),
    "socket": Contender(
        "(e) raw socket", "raw_socket", "prepared", "asyncio", reads_images=False
    ),
    "floor": Contender("(f) raw socket, files", "raw_socket", "from_disk", "pybase64"),
    "idle": Contender(
        "nothing, for comparison", "idle", "nothing", "asyncio", reads_images=False
    ),
}
