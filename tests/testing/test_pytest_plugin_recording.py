"""When the plugin writes a cassette: after all that belongs to its tests has passed."""

from __future__ import annotations

import pytest
from plugin_suites import FROM_SANDBOX, Suite, entries, record

pytest_plugins = ["pytester"]

MISSING = ("--verifik-record=record-missing", "--verifik-record-from=sandbox")
SHARED = """
    pytestmark = pytest.mark.verifik(cassette="fixtures/shared.verifik.json")

    async def test_one(verifik_client):
        await verifik_client.enroll(guest("One"))

    async def test_two(verifik_client):
        await verifik_client.enroll(guest("Two"))
        await verifik_client.enroll(guest("Three"))
"""


def test_only_what_passes_is_written(suite: Suite) -> None:
    """A test that fails anyhow and anywhere leaves the old cassette as it was."""
    suite.write("""
        @pytest.fixture(autouse=True)
        async def call(verifik_client):
            await verifik_client.enroll(guest())

        def test_passes(): pass

        def test_fails(): assert False

        def test_skips(): pytest.skip()

        @pytest.mark.xfail
        def test_xfails(): assert False

        @pytest.mark.xfail(strict=True)
        def test_xpasses(): pass

        @pytest.fixture
        def bad_start(call): assert False

        def test_start(bad_start): pass

        @pytest.fixture
        def bad_end():
            yield
            assert False

        def test_end(bad_end): pass

        def test_script(verifik_script): verifik_script([Fault.REFUSED])
    """)
    tests = ["passes", "fails", "skips", "xfails", "xpasses", "start", "end", "script"]
    for test in tests:
        record(suite.cassette(f"test_{test}"), "Somebody", "Else")
    old = {test: suite.cassette(f"test_{test}").read_bytes() for test in tests}
    ran = suite.run(*FROM_SANDBOX)
    ran.assert_outcomes(passed=3, failed=2, skipped=1, xfailed=1, errors=3)
    new = {test: suite.cassette(f"test_{test}").read_bytes() for test in tests}
    assert {test for test in tests if old[test] != new[test]} == {"passes"}
    assert entries(suite.cassette("test_passes")) == 1
    assert suite.cassettes() == {f"test_{test}" for test in tests}
    assert "verifik: rewrite, from sandbox" in ran.outlines
    told = {line for line in ran.outlines if "recorded" in line.split(",")[0]}
    assert "recorded fixtures/test_door/test_passes.verifik.json" in told
    assert sum(line.startswith("not recorded, ") for line in told) == len(tests) - 1


def test_what_is_there_stays(suite: Suite) -> None:
    """`record-missing` plays what was recorded, and records the rest."""
    record(suite.cassette("test_old"), "Jane Doe")
    old = suite.cassette("test_old").read_bytes()
    suite.write("""
        async def test_old(verifik_client):
            await verifik_client.enroll(guest())

        async def test_new(verifik_client):
            await verifik_client.enroll(guest())

        async def test_miss(verifik_client):
            await verifik_client.enroll(guest("Eve"))
    """)
    record(suite.cassette("test_miss"), "Jane Doe")
    suite.run(*MISSING).assert_outcomes(passed=2, failed=1)
    assert suite.cassette("test_old").read_bytes() == old
    assert suite.cassettes() == {"test_old", "test_new", "test_miss"}


def test_parameters_and_classes(suite: Suite) -> None:
    """Each variant of a test has a cassette of its own, whatever it is called."""
    suite.write("""
        class TestGuests:
            @pytest.mark.parametrize("name", ["Ann", "a/b", "a b", "é", "x" * 90])
            async def test_name(self, verifik_client, name):
                await verifik_client.enroll(guest("N " + name, face="ann"))
    """)
    suite.run(*FROM_SANDBOX).assert_outcomes(passed=5)
    assert len(suite.cassettes()) == 5
    assert "TestGuests.test_name-Ann" in suite.cassettes()
    suite.run().assert_outcomes(passed=5)


def test_shared(suite: Suite) -> None:
    """A cassette that tests share is written after the last of them, with all entries.

    Then each plays its part of it, also alone.
    """
    # another test between them has no part in it
    before, after = SHARED.split("    async def test_two")
    other = '@pytest.mark.verifik(cassette="no")\n    def test_x(): pass\n\n'
    suite.write(f"{before}    {other}    async def test_two{after}")
    ran = suite.run(*MISSING)
    ran.assert_outcomes(passed=3)
    assert ran.outlines.count("recorded fixtures/shared.verifik.json") == 1
    path = suite.folder / "fixtures" / "shared.verifik.json"
    assert entries(path) == 3
    suite.run("-k", "two").assert_outcomes(passed=1, deselected=2)


def test_shared_by_some_that_do_not_pass(suite: Suite) -> None:
    """Nothing is written if not all of those who share pass, or the run ends before."""
    path = suite.folder / "fixtures" / "shared.verifik.json"
    others = {
        "skips_first": "@pytest.mark.skip\n    def test_x(): pass",
        "fails": "def test_x(): assert False",
        "skips": "@pytest.mark.skip\n    def test_x(): pass",
        "takes_part": "def test_x(verifik_client): assert False",
        "stops": "def test_x(): raise KeyboardInterrupt",
    }
    old: dict[str, bytes] = {}
    for name, other in others.items():
        path = suite.folder / "fixtures" / f"{name}.verifik.json"
        record(path, "Somebody")
        old[name] = path.read_bytes()
        # before, or between, two that are recorded and may be written
        place = (
            "    async def test_one" if "first" in name else "    async def test_two"
        )
        before, after = SHARED.replace("shared", name).split(place)
        source = f"{before}    {other}\n\n{place}{after}"
        suite.write(source, name=f"test_{len(old)}.py")
    assert suite.run(*FROM_SANDBOX).ret is pytest.ExitCode.INTERRUPTED
    assert suite.cassettes() == set(others)
    for name in others:
        path = suite.folder / "fixtures" / f"{name}.verifik.json"
        assert path.read_bytes() == old[name]


def test_repeated_tests(suite: Suite) -> None:
    """Where failed tests are repeated own cassettes are recorded, shared ones not."""
    (suite.folder / "conftest.py").write_text(
        "import pytest\n"
        "from _pytest.runner import runtestprotocol\n"
        "@pytest.hookimpl(tryfirst=True)\n"
        "def pytest_runtest_protocol(item, nextitem):\n"
        "    log = item.ihook.pytest_runtest_logstart\n"
        "    log(nodeid=item.nodeid, location=item.location)\n"
        "    reports = runtestprotocol(item, nextitem=nextitem, log=False)\n"
        "    if any(report.failed for report in reports):\n"
        "        item._initrequest()\n"
        "        reports = runtestprotocol(item, nextitem=nextitem, log=False)\n"
        "    for report in reports:\n"
        "        item.ihook.pytest_runtest_logreport(report=report)\n"
        "    return True\n"
    )
    suite.write("""
        TRIED = set()
        SHARED = pytest.mark.verifik(cassette="fixtures/shared.verifik.json")

        @SHARED
        async def test_first(verifik_client):
            await verifik_client.enroll(guest())

        async def fail_once(client, test):
            await client.enroll(guest())
            assert test in TRIED or TRIED.add(test)

        @SHARED
        async def test_shared(verifik_client):
            await fail_once(verifik_client, "shared")

        async def test_own(verifik_client):
            await fail_once(verifik_client, "own")
    """)
    suite.run(*FROM_SANDBOX).assert_outcomes(passed=3)
    assert suite.cassettes() == {"test_own"}
    assert entries(suite.cassette("test_own")) == 1


def test_unsafe_recordings(suite: Suite) -> None:
    """A test whose recording would hold a name fails, and nothing is written."""
    suite.write("""
        from verifik_async import ScriptedTransport

        @pytest.fixture
        def verifik_inner():
            encoded = "V2lsaGVsbWluYSBPc3RyYW5kZXI="
            leak = {"message": f"no: {encoded}", "code": "ERROR"}
            return ScriptedTransport([HttpResponse.of_json(409, leak)])

        async def test_leaks(verifik_client):
            with pytest.raises(ApiError):
                await verifik_client.enroll(guest("Wilhelmina Ostrander"))
    """)
    ran = suite.run("--verifik-record=rewrite")
    ran.assert_outcomes(passed=1, errors=1)
    ran.stdout.fnmatch_lines(
        ["*UnsafeCassetteError*/test_leaks.verifik.json is not safe*"]
    )
    assert suite.cassettes() == set()
