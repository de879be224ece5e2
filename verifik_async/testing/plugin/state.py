"""What the plugin's hooks keep beside tests, and the words its options know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from verifik_async.testing.plugin.case import Case
    from verifik_async.testing.plugin.recordings import Recordings

MODES = ("replay", "record-missing", "rewrite", "off")
"""As in `FixtureMode`, which would cost each run of pytest its import."""

UNUSED = ("fail", "warn", "ignore")
"""What comes of entries that a passing test did not use."""

SOURCES = ("live", "sandbox")
"""Who answers while something is recorded."""

CLOCKS = ("virtual", "real")
"""How time passes in a test."""

PASSED = pytest.StashKey[bool]()
"""Of a test: whether all its phases so far have passed."""

CASE: pytest.StashKey[Case] = pytest.StashKey()
"""Of a test that uses our fixtures, while it runs."""

NOTES = pytest.StashKey[list[str]]()
"""Of a test: lines for the summary at the end of the run."""

NOTES_OF_REPORT = "verifik_notes"
"""The same in a report: xdist carries its attributes to where they are shown."""

RECORDINGS: pytest.StashKey[Recordings] = pytest.StashKey()
"""Of a run in which something is recorded."""
