"""The plugin's fixtures, with every way in which a test may get its event loop."""

from __future__ import annotations

import pytest
from plugin_suites import FROM_SANDBOX, Suite, record

pytest_plugins = ["pytester"]


DOORS = """
    DOORS = ["verifik_client", "verifik_memory_client", "verifik_http_client"]

    @pytest.fixture
    def anyio_backend():
        return "asyncio"

    @pytest.fixture(params=DOORS)
    def client(request):
        return request.getfixturevalue(request.param)

    async def twice(client):
        enrollment = await client.enroll(guest())
        with pytest.raises(DuplicatePersonError):
            await client.enroll(guest())
        return enrollment.person.name

    @pytest.mark.MARKER
    async def test_coroutine(client):
        assert await twice(client) == "Jane Doe"

    @pytest.mark.MARKER
    async def test_closed(client):
        async with client:
            assert await twice(client) == "Jane Doe"

    def test_function(client):
        async def first():
            await client.enroll(guest())

        async def second():
            with pytest.raises(DuplicatePersonError):
                await client.enroll(guest())

        asyncio.run(first())
        asyncio.run(second())

    class TestScripts:
        @pytest.mark.MARKER
        async def test_waits(self, verifik_script, verifik_clock):
            ok = HttpResponse.of_json(200, {"data": {"_id": "1"}})
            client = verifik_script([Fault.CONNECT_TIMEOUT, Late(ok, 3600)])
            await client.enroll(guest())
            assert verifik_clock.monotonic() > 3600
            assert len(verifik_script.requests) == 2
"""


@pytest.mark.parametrize(
    ("mode", "markers"),
    [
        ("auto", ("asyncio", "asyncio(loop_scope='session')")),
        ("strict", ("asyncio", "anyio")),
    ],
)
def test_loops(suite: Suite, mode: str, markers: tuple[str, ...]) -> None:
    """With each plugin for coroutines, and without, all doors open and are closed.

    Warnings are errors in there, of unclosed connections too.
    """
    for number, marker in enumerate(markers):
        suite.write(DOORS.replace("MARKER", marker), name=f"test_{number}.py")
    options = ("-o", f"asyncio_mode={mode}", "--import-mode=importlib")
    suite.run(*options, *FROM_SANDBOX).assert_outcomes(passed=20)
    assert suite.cassettes() == {
        f"test_{name}-verifik_client" for name in ("coroutine", "closed", "function")
    }
    suite.run(*options).assert_outcomes(passed=20)


def test_sandbox(suite: Suite) -> None:
    """All doors of a test lead to one sandbox, which no other test shares."""
    suite.write("""
        @pytest.mark.parametrize("round", [1, 2])
        async def test_doors(
            round, verifik_http_client, verifik_memory_client, verifik_sandbox,
            verifik_world,
        ):
            assert verifik_http_client.base_url == verifik_sandbox.base_url
            verifik_world.arm("rate_limited", retry_after=0)
            await verifik_http_client.enroll(guest())
            with pytest.raises(DuplicatePersonError):
                await verifik_memory_client.enroll(guest())
            assert len(verifik_world.people()) == 1
            assert verifik_world.requests == 3

        async def test_cancelled(verifik_http_client, verifik_sandbox):
            calls = [
                asyncio.create_task(verifik_http_client.enroll(guest(face=f"g{n}")))
                for n in range(20)
            ]
            await asyncio.sleep(0)
            for call in calls:
                call.cancel()
            for call in calls:
                with pytest.raises(asyncio.CancelledError):
                    await call

        async def test_own_client(verifik_sandbox):
            async with VerifikClient("t", base_url=verifik_sandbox.base_url) as client:
                await client.enroll(guest())

        KEPT = []

        def test_keeps(verifik_memory_client, verifik_http_client, verifik_sandbox):
            KEPT[:] = verifik_memory_client, verifik_http_client, verifik_sandbox

        async def test_over():
            for client in KEPT[:2]:
                with pytest.raises(ClientClosedError):
                    await client.enroll(guest())
            with pytest.raises(ConfigurationError):
                KEPT[2].base_url
    """)
    suite.run().assert_outcomes(passed=6)


def test_faces(suite: Suite) -> None:
    """Faces are the same in each run, and each of them somebody else."""
    suite.write("""
        def test_images(verifik_faces):
            assert "alice" in verifik_faces.names
            sizes = {verifik_faces.image(name).size for name in verifik_faces.names}
            assert len(sizes) == len(verifik_faces.names)

        def test_files(verifik_faces):
            first = verifik_faces.file("alice")
            second = verifik_faces.file("alice", take=2)
            assert first.read_bytes() != second.read_bytes()
            assert FaceImage.from_path(first).size == verifik_faces.image("alice").size

        async def test_people(verifik_memory_client, verifik_world, verifik_faces):
            import attrs

            async def enroll(image):
                request = attrs.evolve(guest(), images=[image])
                await verifik_memory_client.enroll(request)

            for _ in range(30):
                await enroll(verifik_faces.somebody())
            await enroll(verifik_faces.somebody(liveness=0.7))
            assert len(verifik_world.people()) == 31
            for image in verifik_faces.spoof(), verifik_faces.somebody(liveness=0.2):
                with pytest.raises(LivenessFailedError):
                    await enroll(image)
    """)
    suite.run().assert_outcomes(passed=3)


def test_clocks(suite: Suite) -> None:
    """Time is virtual in memory, real where a marker says so."""
    record(suite.cassette("test_virtual"), "Jane Doe")
    record(suite.cassette("test_real"), "Jane Doe")
    for test in ("test_virtual", "test_real"):
        path = suite.cassette(test)
        text = path.read_text()
        start = text.index('"response"')
        path.write_text(text[:start] + '"error": {"fault": "read_timeout"}}]}\n')
    suite.write("""
        async def test_virtual(verifik_client, verifik_clock):
            with pytest.raises(ReadTimeoutError):
                await verifik_client.enroll(guest())
            assert verifik_clock.monotonic() == 60

        @pytest.mark.verifik(clock="real")
        async def test_real(verifik_client, verifik_clock):
            assert not verifik_clock.is_virtual
            with pytest.raises(ReadTimeoutError):
                await verifik_client.enroll(guest())
    """)
    suite.run().assert_outcomes(passed=2)


def test_unused_plugin_costs_nothing(suite: Suite) -> None:
    """A run without our fixtures loads nothing of ours but the hooks.

    Plugins of other vendors have options of the same meaning beside it.
    """
    suite.write("")
    (suite.folder / "vendor.py").write_text(
        "import pytest\n"
        "def pytest_addoption(parser):\n"
        "    group = parser.getgroup('recording')\n"
        "    group.addoption('--record-mode', dest='record_mode')\n"
        "    group.addoption('--record', '--vcr-record', dest='record')\n"
        "    group.addoption('--block-network', action='store_true')\n"
        "    parser.addini('record_mode', '')\n"
        "@pytest.fixture\n"
        "def vcr(request):\n"
        "    return request.config.getoption('record_mode')\n"
    )
    (suite.folder / "test_others.py").write_text(
        "import sys, pytest\n"
        "pytestmark = pytest.mark.verifik(unused='warn')\n"
        "def test_light(vcr):\n"
        "    assert vcr == 'once'\n"
        "    heavy = {'aiohttp', 'attr', 'attrs', 'cattrs', 'backoff', 'hypothesis'}\n"
        "    assert heavy.isdisjoint(sys.modules)\n"
        "    ours = {name for name in sys.modules if name.startswith('verifik')}\n"
        "    prefix = 'verifik_async.testing.p'\n"
        "    rest = {name for name in ours if not name.startswith(prefix)}\n"
        "    assert rest == {'verifik_async', 'verifik_async.testing'}\n"
    )
    (suite.folder / "test_door.py").unlink()
    ran = suite.run("-p", "vendor", "--record-mode=once", "--block-network")
    ran.assert_outcomes(passed=1)


def test_no_aiohttp(suite: Suite) -> None:
    """A suite on cassettes, scripts and the sandbox in memory needs no aiohttp."""
    record(suite.cassette("test_all"), "Jane Doe")
    (suite.folder / "conftest.py").write_text(
        "import sys\nsys.modules['aiohttp'] = None\n"
    )
    suite.write("""
        async def test_all(verifik_client, verifik_memory_client, verifik_script):
            await verifik_client.enroll(guest())
            await verifik_memory_client.enroll(guest())
            with pytest.raises(ConnectError):
                await verifik_script([Fault.REFUSED] * 3).enroll(guest())
    """)
    suite.run().assert_outcomes(passed=1)
