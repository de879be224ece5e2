"""A stand-in for the documented API: no account, no credits, no real faces.

`SandboxTransport` answers in memory, `Sandbox` over HTTP on the loopback address. Both
follow `verifik_async.sandbox.rules`; `World.arm` makes faults happen, named as
everywhere: `verifik_async.Fault` and `Flaky`. Importing this package does not import
aiohttp; using `Sandbox` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from verifik_async.sandbox import faces
from verifik_async.sandbox.rules import PersonRecord, Settings
from verifik_async.sandbox.transport import SandboxTransport
from verifik_async.sandbox.world import World

if TYPE_CHECKING:
    from verifik_async.sandbox.server import Sandbox

__all__ = [
    "PersonRecord",
    "Sandbox",
    "SandboxTransport",
    "Settings",
    "World",
    "faces",
]


def __getattr__(name: str) -> object:
    if name == "Sandbox":
        from verifik_async.sandbox.server import Sandbox  # noqa: PLC0415 - aiohttp

        return Sandbox
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
