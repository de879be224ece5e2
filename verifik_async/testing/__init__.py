"""Tools for the tests of those who use the package."""

from verifik_async.testing.dead_ends import NotPlayableError, dead_end
from verifik_async.testing.exchanges import Exchange
from verifik_async.testing.misbehaving_server import MisbehavingServer
from verifik_async.testing.virtual_clock import VirtualClock

__all__ = [
    "Exchange",
    "MisbehavingServer",
    "NotPlayableError",
    "VirtualClock",
    "dead_end",
]
