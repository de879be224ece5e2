"""Tools for the tests of those who use the package.

`VirtualClock` for waits that take no time, `MisbehavingServer` and `dead_end` for
networks that fail to order, `TransportContract` for transports of your own. With pytest
come fixtures: `verifik_client` and more; see `pytest_plugin`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from verifik_async.testing.contract.case import Capability
    from verifik_async.testing.contract.running import BrokenRuleError
    from verifik_async.testing.dead_ends import NotPlayableError, dead_end
    from verifik_async.testing.exchanges import Exchange
    from verifik_async.testing.misbehaving_server import MisbehavingServer
    from verifik_async.testing.plugin.faces import Faces
    from verifik_async.testing.plugin.script import Script
    from verifik_async.testing.transport_contract import TransportContract
    from verifik_async.testing.virtual_clock import VirtualClock

__all__ = [
    "BrokenRuleError",
    "Capability",
    "Exchange",
    "Faces",
    "MisbehavingServer",
    "NotPlayableError",
    "Script",
    "TransportContract",
    "VirtualClock",
    "dead_end",
]

# Type checkers that saw this would take any name for one of the package.
if not TYPE_CHECKING:  # pragma: no branch
    from importlib import import_module

    # Loaded when first asked for: the plugin in here comes with every run of pytest.
    _ROOMS = {
        "BrokenRuleError": "contract.running",
        "Capability": "contract.case",
        "Exchange": "exchanges",
        "Faces": "plugin.faces",
        "MisbehavingServer": "misbehaving_server",
        "NotPlayableError": "dead_ends",
        "Script": "plugin.script",
        "TransportContract": "transport_contract",
        "VirtualClock": "virtual_clock",
        "dead_end": "dead_ends",
    }

    def __getattr__(name: str) -> object:
        if name not in _ROOMS:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
