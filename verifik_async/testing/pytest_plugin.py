"""Plugin for pytest: recorded answers, a sandbox and scripts as fixtures.

It comes with every run of pytest where the package is installed, and loads nothing of
it until a test uses one of its fixtures. None of them is a coroutine or makes an event
loop for the test: they work with pytest-asyncio, anyio, and tests that call
`asyncio.run` themselves. `pytest --fixtures` lists them, `--markers` the marker.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, cast

import pytest

from verifik_async.testing.plugin.run_options import header, notes
from verifik_async.testing.plugin.state import (
    CASE,
    MODES,
    NOTES,
    NOTES_OF_REPORT,
    PASSED,
    RECORDINGS,
    SOURCES,
    UNUSED,
)

if TYPE_CHECKING:
    from collections.abc import Generator

pytest_plugins = ("verifik_async.testing.plugin.fixtures",)

_MARKER = (
    "verifik(cassette=…, mode=…, unused=…, clock=…, base_url=…): how a test uses its "
    "cassette. cassette: a file, seen from the test's folder, which tests may share. "
    "mode: replay, record-missing, rewrite or off, before any option. unused: fail, "
    "warn or ignore entries that were not played. clock: virtual or real. base_url: "
    "of the API."
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options, all of which begin with `--verifik-`, and their like in ini files."""
    group = parser.getgroup("verifik", "cassettes of verifik_async")
    group.addoption(
        "--verifik-record",
        choices=MODES,
        help="play cassettes (default), record missing ones, rewrite all, or go "
        "without; also by VERIFIK_RECORD",
    )
    group.addoption(
        "--verifik-record-from",
        choices=SOURCES,
        help="who answers meanwhile: the API (live, default; needs VERIFIK_TOKEN, "
        "takes VERIFIK_BASE_URL) or the sandbox in memory",
    )
    group.addoption(
        "--verifik-unused",
        choices=UNUSED,
        help="what comes of entries that a passing test did not play (default: fail)",
    )
    group.addoption(
        "--verifik-allow-ci-record",
        action="store_true",
        help="record even where CI is set",
    )
    parser.addini("verifik_record", "as --verifik-record", default="")
    parser.addini("verifik_record_from", "as --verifik-record-from", default="live")
    parser.addini("verifik_unused", "as --verifik-unused", default="fail")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, and refuse what no option could say."""
    config.addinivalue_line("markers", _MARKER)
    for name, choices in (
        ("verifik_record", ("", *MODES)),
        ("verifik_record_from", SOURCES),
        ("verifik_unused", UNUSED),
    ):
        if config.getini(name) not in choices:
            raise pytest.UsageError(f"{name} must be one of {', '.join(choices)}")
    if os.environ.get("VERIFIK_RECORD", "") not in ("", *MODES):
        raise pytest.UsageError(f"VERIFIK_RECORD must be one of {', '.join(MODES)}")


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say so where cassettes are not simply played."""
    return header(config)


@pytest.hookimpl(wrapper=True)
def pytest_pycollect_makeitem(
    collector: pytest.Module | pytest.Class,
) -> Generator[None, object, object]:
    """Refuse markers that say something that there is not."""
    made = yield
    for item in _functions(made):
        if item.get_closest_marker("verifik"):
            from verifik_async.testing.plugin.marks import options_of  # noqa: PLC0415

            try:
                options_of(item)
            except ValueError as error:
                raise collector.CollectError(f"{item.name}: {error}") from None
    return made


def _functions(made: object) -> list[pytest.Function]:
    several = cast("list[object]", made) if isinstance(made, list) else [made]
    return [one for one in several if isinstance(one, pytest.Function)]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Fail a test that passed only since it swallowed what we raised."""
    yield
    case = item.stash.get(CASE, None)
    if case is not None:
        case.check_swallowed()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """Look for what was left over, and write what was recorded."""
    try:
        yield
    except BaseException:
        _end(item, passed=False)
        raise
    _end(item, passed=item.stash.get(PASSED, False))


def _end(item: pytest.Item, *, passed: bool) -> None:
    if CASE in item.stash or RECORDINGS in item.config.stash:
        from verifik_async.testing.plugin.case import end  # noqa: PLC0415 - as fixtures

        end(item, passed=passed)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep how the test went, after marks like xfail; add what it does not tell."""
    report = yield
    so_far = call.when == "setup" or item.stash.get(PASSED, False)
    item.stash[PASSED] = so_far and report.passed
    case = item.stash.get(CASE, None)
    if case is not None and report.failed and call.excinfo is not None:
        for remark in case.remarks(call.excinfo.value):
            report.sections.append(("verifik", remark))
    if NOTES in item.stash:
        vars(report)[NOTES_OF_REPORT] = item.stash[NOTES]
        del item.stash[NOTES]
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write nothing of what a run that ended early has recorded."""
    recordings = session.config.stash.get(RECORDINGS, None)
    if recordings is not None:
        recordings.abandon()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List what was recorded."""
    lines = list(notes(terminalreporter))
    if lines:
        terminalreporter.section("verifik")
        for line in lines:
            terminalreporter.line(str(line))
