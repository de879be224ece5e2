"""What a run asks for, and what it tells about it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from verifik_async.testing.plugin.state import NOTES_OF_REPORT

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest


def option(config: pytest.Config, name: str) -> str:
    """An option; else what the ini file says, or its default."""
    return str(config.getoption(name) or config.getini(name))


def wanted_mode(config: pytest.Config) -> str:
    """The mode that was asked for, if any; the environment goes before the ini file."""
    return (
        str(config.getoption("verifik_record") or "")
        or os.environ.get("VERIFIK_RECORD", "")
        or str(config.getini("verifik_record"))
    )


def allowed_in_ci(config: pytest.Config) -> bool:
    """Whether to record where CI is set."""
    return bool(config.getoption("verifik_allow_ci_record"))


def header(config: pytest.Config) -> str | None:
    """What is done with cassettes, where they are not simply played."""
    wanted = wanted_mode(config)
    if wanted in ("", "replay"):
        return None
    from verifik_async.fixtures.modes import mode_in_force  # noqa: PLC0415 - not for all

    mode = mode_in_force(wanted, allow_in_ci=allowed_in_ci(config))
    if mode != wanted:
        return (
            f"verifik: CI is set, so cassettes are played ({wanted} needs "
            "--verifik-allow-ci-record)"
        )
    return f"verifik: {mode}, from {option(config, 'verifik_record_from')}"


def notes(terminal: pytest.TerminalReporter) -> Iterator[object]:
    """What tests noted for the end of the run, also in workers of xdist."""
    for reports in terminal.stats.values():
        for report in reports:
            # no report of ours has none, and what else is in there has no `__dict__`
            yield from getattr(report, NOTES_OF_REPORT, ())
