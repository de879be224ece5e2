"""What counts for one test: its marker, then options, environment and ini file."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from verifik_async.fixtures.modes import FixtureMode, mode_in_force
from verifik_async.testing.plugin.marks import options_of
from verifik_async.testing.plugin.places import named_cassette, own_cassette
from verifik_async.testing.plugin.run_options import (
    allowed_in_ci,
    option,
    wanted_mode,
)

if TYPE_CHECKING:
    import pytest


@attrs.frozen(kw_only=True)
class Settings:
    """How one test is run.

    Attributes:
        mode: What to do with the cassette; `replay` in CI, whoever asks for what.
        records: Whether a cassette is to be written.
        source: Who answers while something is recorded: `live` or `sandbox`.
        cassette: The file.
        is_named: A marker names the file, so that other tests may share it.
        unused: What comes of steps that a passing test left over.
        unused_entries: Likewise of entries of the cassette.
        real_time: Nothing is to be virtual about time.
        base_url: Of the API; None for the one that counts without us.
        record_again: The command that records the cassette, for errors.
    """

    mode: FixtureMode
    records: bool
    source: str
    cassette: Path
    is_named: bool
    unused: str
    unused_entries: str
    real_time: bool
    base_url: str | None
    record_again: str

    @classmethod
    def of(cls, item: pytest.Item) -> Settings:
        """Those of a test.

        Raises:
            ValueError: A marker says something that there is not.
        """
        config = item.config
        marked = options_of(item)
        wanted = marked.get("mode") or wanted_mode(config)
        mode = mode_in_force(wanted or None, allow_in_ci=allowed_in_ci(config))
        named = marked.get("cassette")
        cassette = named_cassette(item, named) if named else own_cassette(item)
        unused = marked.get("unused") or option(config, "verifik_unused")
        return cls(
            mode=mode,
            records=_records(mode, cassette),
            source=option(config, "verifik_record_from"),
            cassette=cassette,
            is_named=named is not None,
            unused=unused,
            # a test that shares a cassette leaves the entries of the others
            unused_entries=marked.get("unused", "ignore") if named else unused,
            real_time=marked.get("clock") == "real",
            base_url=marked.get("base_url"),
            record_again=_command(item, marked),
        )

    @property
    def carries(self) -> bool:
        """Whether requests are carried and not played."""
        return self.records or self.mode is FixtureMode.OFF

    @property
    def goes_live(self) -> bool:
        """Whether the API itself answers, unless a fixture `verifik_inner` differs."""
        return self.carries and self.source == "live"


def _records(mode: FixtureMode, cassette: Path) -> bool:
    missing = mode is FixtureMode.RECORD_MISSING and not cassette.exists()
    return missing or mode is FixtureMode.REWRITE


def _command(item: pytest.Item, marked: dict[str, str]) -> str:
    if marked.get("mode") == FixtureMode.REPLAY:
        return "it is marked mode='replay', so write it by hand, or take that mark away"
    # who shares a cassette is recorded together with the others
    what = item.nodeid.split("::")[0] if "cassette" in marked else item.nodeid
    return f"pytest {shlex.quote(what)} --verifik-record=rewrite"
