"""What fails a test that plays a cassette or a script: misses and leftovers."""

from __future__ import annotations

from plugin_suites import Suite, record

pytest_plugins = ["pytester"]


def test_misses(suite: Suite) -> None:
    """A test with a request that was not recorded fails, whatever it swallows."""
    for test in ("test_seen", "test_swallowed", "test_expected", "test_other"):
        record(suite.cassette(test), "Jane Doe")
    suite.write("""
        async def persist(client):
            for _ in range(3):
                try:
                    return await client.enroll(guest("Eve"))
                except Exception:
                    continue

        async def test_seen(verifik_client):
            await verifik_client.enroll(guest("Eve"))

        async def test_swallowed(verifik_client):
            await persist(verifik_client)

        async def test_expected(verifik_client):
            with pytest.raises(CassetteMissError):
                await verifik_client.enroll(guest("Eve"))

        async def test_other(verifik_client):
            assert await persist(verifik_client) is not None

        async def test_missing(verifik_client):
            raise AssertionError("never runs")
    """)
    ran = suite.run()
    ran.assert_outcomes(failed=4, errors=1)
    again = "*pytest test_door.py::{} --verifik-record=rewrite*"
    tests = ("seen", "swallowed", "expected", "other", "missing")
    for test in tests:
        ran.stdout.fnmatch_lines_random([again.format(f"test_{test}")])
    ran.stdout.fnmatch_lines(
        ["*CassetteNotFoundError: *", "*add --verifik-record-from=sandbox*"]
    )
    ran.stdout.fnmatch_lines(
        ["*_ test_other _*", "*assert None is not None*", "*- verifik -*"]
    )
    assert "Eve" not in "".join(line for line in ran.outlines if "guest(" not in line)


def test_misses_while_fixtures_end(suite: Suite) -> None:
    """A request that a fixture makes at its end counts, swallowed or not."""
    for test in ("test_late", "test_last"):
        record(suite.cassette(test), "Jane Doe")
    suite.write("""
        @pytest.fixture
        def leaving(verifik_client):
            yield
            try:
                asyncio.run(verifik_client.enroll(guest("Eve")))
            except Exception:
                pass

        def test_late(leaving, verifik_client):
            asyncio.run(verifik_client.enroll(guest()))

        @pytest.fixture
        def at_the_end(verifik_client):
            yield
            asyncio.run(verifik_client.enroll(guest()))

        def test_last(at_the_end):
            pass
    """)
    ran = suite.run()
    ran.assert_outcomes(passed=2, errors=1)
    ran.stdout.fnmatch_lines(["*ERROR at teardown of test_late*"])


def test_leftovers(suite: Suite) -> None:
    """Entries left over fail a test that passed, as options and the marker say."""
    tests = ("passes", "fails", "skips", "marked", "warned", "silent")
    for test in tests:
        record(suite.cassette(f"test_{test}"), "Jane Doe")
    record(suite.folder / "shared.verifik.json", "Jane Doe")
    suite.write("""
        def test_passes(verifik_client): pass

        def test_fails(verifik_client): assert False

        def test_skips(verifik_client): pytest.skip()

        @pytest.mark.verifik(unused="fail")
        def test_marked(verifik_client): pass

        @pytest.mark.verifik(unused="warn")
        def test_warned(verifik_client): pass

        @pytest.mark.verifik(unused="ignore")
        def test_silent(verifik_client): pass

        SHARED = pytest.mark.verifik(cassette="shared.verifik.json")

        @SHARED
        def test_shared(verifik_client): pass

        @SHARED
        @pytest.mark.verifik(unused="fail")
        def test_whole(verifik_client): pass

        def test_script(verifik_script): verifik_script([Fault.REFUSED])
    """)
    # errors: passes, marked, whole, script; and, as warnings are errors, warned
    ran = suite.run("-o", "verifik_unused=ignore", "--verifik-unused=fail")
    ran.assert_outcomes(passed=7, failed=1, skipped=1, errors=5)
    ran.stdout.fnmatch_lines(["*1 of 1 entries of *test_marked* were not played: 0*"])
    ran = suite.run("-o", "verifik_unused=warn", "-W", "default")
    ran.assert_outcomes(passed=7, failed=1, skipped=1, errors=2, warnings=3)
    ran.stdout.fnmatch_lines(["*1 of the script's 1 steps*"])


def test_scripts(suite: Suite) -> None:
    """A script that is too short fails its test also where the error is swallowed."""
    suite.write("""
        async def test_short(verifik_script):
            with pytest.raises(ScriptExhaustedError):
                await verifik_script([]).enroll(guest())

        async def test_settings(verifik_script):
            client = verifik_script(
                [Fault.READ_TIMEOUT], retry=RetryPolicy(max_attempts=1)
            )
            with pytest.raises(OutcomeUnknownError) as caught:
                await client.enroll(guest())
            assert caught.value.attempts == 1
    """)
    ran = suite.run()
    ran.assert_outcomes(passed=1, failed=1)
    ran.stdout.fnmatch_lines(["*1 requests came, and the script has 0 steps*"])
