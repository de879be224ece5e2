"""The plugin with a server that answers for the live API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from plugin_suites import Suite, entries

from verifik_async.sandbox import Sandbox
from verifik_async.testing.plugin.loop_thread import LoopThread

pytest_plugins = ["pytester"]

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJjbGllbnQiOiI0MiJ9.c2lnbmVkLWJ5LW5vYm9keQ"


@pytest.fixture
def server() -> Iterator[Sandbox]:
    """A server in a thread, since suites run in processes that are waited for."""
    thread = LoopThread()
    sandbox = Sandbox()
    thread.run(sandbox.__aenter__())
    yield sandbox
    thread.run(sandbox.__aexit__(None, None, None))
    thread.close()


def test_live(suite: Suite, server: Sandbox) -> None:
    """Recording takes token and address from the environment, or says what to do.

    The token is in no cassette, and not in the output of what failed.
    """
    suite.write("""
        async def test_records(verifik_clock, request):
            assert verifik_clock.is_virtual
            client = request.getfixturevalue("verifik_client")
            assert not verifik_clock.is_virtual
            await client.enroll(guest())

        def test_fails(verifik_client, verifik_token):
            asyncio.run(verifik_client.enroll(guest("John Roe")))
            raise AssertionError

        def test_bad(verifik_token):
            VerifikClient(verifik_token, base_url="nowhere")

        @pytest.mark.verifik(mode="off", clock="real")
        async def test_off(verifik_client):
            with pytest.raises(DuplicatePersonError):
                await verifik_client.enroll(guest())
    """)
    ran = suite.run("--verifik-record=rewrite", "-k", "fails")
    ran.assert_outcomes(errors=1, deselected=3)
    ran.stdout.fnmatch_lines(["to record from the live API set VERIFIK_TOKEN; *"])
    suite.env.setenv("VERIFIK_TOKEN", TOKEN)
    suite.env.setenv("VERIFIK_BASE_URL", server.base_url)
    ran = suite.run("--verifik-record=rewrite", "--showlocals")
    ran.assert_outcomes(passed=2, failed=2)
    ran.stdout.fnmatch_lines(["verifik_token = <token>"])
    assert len(server.world.people(TOKEN)) == 2
    assert suite.cassettes() == {"test_records"}
    written = suite.cassette("test_records").read_text()
    for part in TOKEN.split("."):
        assert part not in written + ran.stdout.str() + ran.stderr.str()
    assert "Jane Doe" not in written


def test_own_ways_of_recording(suite: Suite, server: Sandbox) -> None:
    """A `verifik_inner` of the suite's own may be a coroutine, and closes by itself.

    Clients made around `verifik_transport` are recorded together.
    """
    suite.env.setenv("SANDBOX", server.base_url)
    suite.write("""
        from verifik_async import AiohttpTransport, VerifikClient

        @pytest.fixture
        async def verifik_inner():
            transport = AiohttpTransport()
            yield transport
            await transport.aclose()

        @pytest.mark.verifik(base_url=os.environ["SANDBOX"])
        async def test_client(verifik_client):
            await verifik_client.enroll(guest())

        async def test_own_clients(verifik_transport, verifik_token, verifik_clock):
            for name in "One", "Two":
                client = VerifikClient(
                    verifik_token,
                    verifik_transport,
                    base_url=os.environ["SANDBOX"],
                    clock=verifik_clock,
                )
                async with client:
                    await client.enroll(guest(name))
    """)
    suite.run("--verifik-record=rewrite").assert_outcomes(passed=2)
    assert entries(suite.cassette("test_own_clients")) == 2
    assert len(server.world.people()) == 3
    suite.run().assert_outcomes(passed=2)
    assert len(server.world.people()) == 3
