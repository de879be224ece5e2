"""Fixtures for the tests of the testing kit."""

from __future__ import annotations

import pytest
from plugin_suites import Suite


@pytest.fixture
def suite(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """An empty folder for a suite with a pytest of its own.

    For modules that say `pytest_plugins = ["pytester"]`.
    """
    pytester: pytest.Pytester = request.getfixturevalue("pytester")
    return Suite(pytester, monkeypatch)
