"""Fixtures for all tests; the same factories can be imported from `strategies`."""

from collections.abc import Callable
from typing import Protocol, Unpack

import pytest
import strategies
from hypothesis import settings
from strategies import RequestFields

from verifik_async import EnrollmentRequest

# No example fails for being slow: machines are shared, and no test asserts a time.
settings.register_profile("patient", settings.default, deadline=None)
settings.register_profile("again", settings.get_profile("patient"), max_examples=20)
settings.load_profile("patient")


class RequestOf(Protocol):
    """Builds a valid request; keywords replace its fields."""

    def __call__(self, **fields: Unpack[RequestFields]) -> EnrollmentRequest:
        """The request."""
        ...


@pytest.fixture
def request_of() -> RequestOf:
    """A factory: the reference's sample request, with other fields where given."""
    return strategies.request_of


@pytest.fixture
def jpeg() -> Callable[[int], bytes]:
    """A factory: a number to small bytes that start like a JPEG file."""
    return strategies.jpeg
