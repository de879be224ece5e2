"""The plugin under xdist."""

from __future__ import annotations

from plugin_suites import FROM_SANDBOX, Suite, record

pytest_plugins = ["pytester"]

SUITE = """
    @pytest.mark.parametrize("number", range(4))
    async def test_own(verifik_client, verifik_http_client, number):
        await verifik_client.enroll(guest())
        await verifik_http_client.enroll(guest())

    @pytest.mark.verifik(cassette="shared.verifik.json")
    @pytest.mark.parametrize("number", range(4))
    async def test_shared(verifik_client, number):
        await verifik_client.enroll(guest())
"""


def test_workers(suite: Suite) -> None:
    """Workers record own cassettes, refuse to record shared ones, and play both."""
    suite.write(SUITE)
    ran = suite.run("-n2", *FROM_SANDBOX, xdist=True)
    ran.assert_outcomes(passed=4, errors=4)
    ran.stdout.fnmatch_lines(["*4 tests share shared.verifik.json*without -n"])
    assert sum(line.startswith("recorded fixtures/") for line in ran.outlines) == 4
    assert suite.cassettes() == {f"test_own-{number}" for number in range(4)}
    record(suite.folder / "shared.verifik.json", "Jane Doe")
    # what is there is not recorded: so that is no reason to refuse
    options = ("--verifik-record=record-missing", "--verifik-record-from=sandbox")
    suite.run("-n2", *options, xdist=True).assert_outcomes(passed=8)
