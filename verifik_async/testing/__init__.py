"""Tools for the tests of those who use the package."""

from verifik_async.testing.virtual_clock import VirtualClock

__all__ = ["VirtualClock"]
