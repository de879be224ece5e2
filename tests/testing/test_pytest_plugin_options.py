"""What options, ini file, environment and markers say to the plugin."""

from __future__ import annotations

import pytest
from plugin_suites import FROM_SANDBOX, Suite, record

from verifik_async.fixtures import FixtureMode
from verifik_async.testing.plugin.run_options import wanted_mode
from verifik_async.testing.plugin.state import MODES

pytest_plugins = ["pytester"]

ONE = """
    async def test_one(verifik_client):
        await verifik_client.enroll(guest())
"""


def test_modes() -> None:
    """The words of the option are those of the fixtures."""
    assert tuple(FixtureMode) == MODES


def test_bad_markers(suite: Suite) -> None:
    """A marker that says what there is not is told while tests are collected."""
    bad = {
        'cassete="x"': "*test_0: *verifik knows no cassete: did you mean cassette?*",
        "colour=1": "*knows no colour: there are base_url, cassette, clock, mode and *",
        '"x.json"': "*verifik takes keywords only*",
        'mode="once"': "*(mode=…): there are replay, record-missing, rewrite and off*",
        "cassette=7": "*(cassette=…) takes a text*",
        'base_url=""': "*(base_url=…) takes a text*",
        "unused=[]": "*(unused=…): there are fail, warn and ignore*",
    }
    for number, keywords in enumerate(bad):
        test = f"@pytest.mark.verifik({keywords})\ndef test_{number}(): pass"
        suite.write(test, name=f"test_{number}.py")
    suite.write("""
        import unittest

        @pytest.mark.verifik(moed="off")
        class TestOld(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def client(self, verifik_client): ...

            def test_it(self): ...
    """)
    ran = suite.run()
    ran.assert_outcomes(errors=len(bad))
    assert ran.ret is pytest.ExitCode.INTERRUPTED
    ran.stdout.fnmatch_lines_random(list(bad.values()))
    ran = suite.run("test_door.py")
    ran.assert_outcomes(errors=1)
    ran.stdout.fnmatch_lines(["*verifik knows no moed: did you mean mode?"])


def test_closest_marker_counts(suite: Suite) -> None:
    """Markers of a module, a class and a test add up; the closest wins by keyword."""
    record(suite.folder / "ours.verifik.json", "Jane Doe", "John Doe")
    suite.write("""
        from pathlib import Path

        pytestmark = pytest.mark.verifik(cassette="theirs.json", unused="fail")

        @pytest.mark.verifik(cassette=Path("ours.verifik.json"), mode="replay")
        class TestOurs:
            @pytest.mark.verifik(unused="ignore")
            async def test_part(self, verifik_client):
                await verifik_client.enroll(guest())

            async def test_all(self, verifik_client):
                await verifik_client.enroll(guest())

            async def test_miss(self, verifik_client):
                await verifik_client.enroll(guest("Eve"))
    """)
    ran = suite.run(*FROM_SANDBOX)
    ran.assert_outcomes(passed=2, failed=1, errors=1)
    ran.stdout.fnmatch_lines(["*so write it by hand, or take that mark away*"])


def test_who_says_the_mode(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An option goes before the environment, that before the ini file."""
    ini, option = ("-o", "verifik_record=off"), "--verifik-record=replay"
    monkeypatch.setenv("VERIFIK_RECORD", "rewrite")
    assert wanted_mode(pytester.parseconfig(option, *ini)) == "replay"
    assert wanted_mode(pytester.parseconfig(*ini)) == "rewrite"
    monkeypatch.delenv("VERIFIK_RECORD")
    assert wanted_mode(pytester.parseconfig(*ini)) == "off"
    assert wanted_mode(pytester.parseconfig()) == ""


def test_continuous_integration(suite: Suite) -> None:
    """Where CI is set nothing is recorded, unless an option allows it."""
    suite.write(ONE)
    suite.env.setenv("CI", "true")
    ran = suite.run(*FROM_SANDBOX)
    ran.assert_outcomes(errors=1)
    ran.stdout.fnmatch_lines(["verifik: CI is set, so cassettes are played (rewrite*"])
    assert suite.cassettes() == set()
    suite.run(*FROM_SANDBOX, "--verifik-allow-ci-record").assert_outcomes(passed=1)
    assert suite.cassettes() == {"test_one"}


@pytest.mark.parametrize(
    ("options", "record", "told"),
    [
        ((), "all", "VERIFIK_RECORD must be one of replay, "),
        (("-o", "verifik_record=all"), "", "verifik_record must be one of"),
        (("-o", "verifik_record_from=x"), "", "must be one of live, sandbox"),
        (("-o", "verifik_unused=x"), "", "verifik_unused must be one of fail, "),
        (("--verifik-record=x",), "", "--verifik-record: invalid choice: 'x'"),
    ],
)
def test_bad_settings(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    record: str,
    told: str,
) -> None:
    """A setting that there is not stops the run before it begins."""
    monkeypatch.setenv("VERIFIK_RECORD", record)
    with pytest.raises(pytest.UsageError, match=told):
        pytester.parseconfigure(*options)
