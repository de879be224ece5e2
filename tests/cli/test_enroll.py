"""`enroll`: checked first, then sent over real HTTP, then told."""

import csv
import socket
import threading
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast

import pytest
from command_line import Command, ManifestOf, Starter, ended, json_of
from PIL import Image

SANDBOX = ("--collection", "c1", "--sandbox")
SAME_FACE = {"images": "0.jpg"}
FAULTY = {"gender": "female", "images": "gone.jpg"}


def state(url: str) -> dict[str, object]:
    """What the sandbox says of itself."""
    return json_of(f"{url}/_sandbox/state")


def test_everybody_enrolled_ends_with_0(
    command: Command, manifest_of: ManifestOf
) -> None:
    """The table counts them; nobody is listed, and no person's value is shown."""
    ended = command("enroll", manifest_of(5), *SANDBOX)
    assert (ended.code, ended.err) == (0, "")
    assert "Enrolling 5 persons into the sandbox" in ended.out
    assert "5 of 5 persons enrolled in" in ended.out
    assert "5 requests" in ended.out
    assert "Not enrolled" not in ended.out
    assert "Jane" not in ended.out


def test_some_not_enrolled_ends_with_3(
    command: Command, manifest_of: ManifestOf, tmp_path: Path
) -> None:
    """They are listed by row, id, outcome, reason and advice."""
    ended = command(
        "enroll",
        manifest_of(3, more=[SAME_FACE, FAULTY]),
        *SANDBOX,
        "--skip-invalid",
        "--concurrency",
        "1",
        "--outcomes",
        tmp_path / "out.csv",
    )
    assert ended.code == 3
    assert ended.err == "Note: rows 2 and 5 name the same picture\n"
    words = [line.split() for line in ended.out.splitlines()]
    assert ["duplicate", "1", "was", "in", "the", "collection", "before"] in words
    assert "row" not in ended.out.partition("Enrolling")[0].replace("rows", "")
    assert ["5", "id-900", "duplicate", "DuplicatePersonError"] in [
        w[:4] for w in words
    ]
    assert ["6", "id-901", "invalid", "gender:", "must"] in [w[:5] for w in words]
    assert "(and 1 more)" in ended.out
    assert f"Every person's outcome is in {tmp_path / 'out.csv'}" in ended.out
    with (tmp_path / "out.csv").open() as stream:
        rows = {row["row"]: row for row in csv.DictReader(stream)}
    assert [rows[str(n)]["status"] for n in (2, 3, 4, 5, 6)] == [
        "enrolled",
        "enrolled",
        "enrolled",
        "duplicate",
        "invalid",
    ]
    assert rows["5"]["id"] == "id-900"
    assert rows["5"]["reason"] == "duplicated_person"
    assert rows["2"]["person_id"]


def test_a_faulty_manifest_ends_with_2_and_sends_nothing(
    command: Command,
    manifest_of: ManifestOf,
    sandbox_url: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """All faults are listed up to fifty rows, and no outcomes file is made."""
    monkeypatch.setenv("VERIFIK_TOKEN", "abc")
    path = manifest_of(2, more=[FAULTY] * 60)
    target = ("--collection", "c1", "--base-url", sandbox_url)
    job = ("--min-score", "0.9", "--search-mode", "ACCURATE", "--allow-outside")
    ended = command("enroll", path, *target, *job, "--outcomes", tmp_path / "out.csv")
    assert ended.code == 2
    assert "row 4 (id id-900)  gender: must be F or M (in capitals)" in ended.out
    assert ended.out.count("(id id-") == 2 * 50
    assert "… and 10 rows more" in ended.out
    assert "60 of 62 rows have faults; nothing was sent" in ended.err
    command_line = f"verifik-async check {path} --collection c1"
    more = "--min-score 0.9 --search-mode ACCURATE --allow-outside"
    assert f"{command_line} {more}\n" in ended.err
    assert state(sandbox_url)["requests"] == 0
    assert not (tmp_path / "out.csv").exists()


def test_notes_and_columns_of_their_own_are_heeded(
    command: Command, manifest_of: ManifestOf
) -> None:
    """Unknown columns are noted on stderr; a collection may stand in each row."""
    path = manifest_of(1, more=[FAULTY])
    text = path.read_text().replace(".jpg", ".jpg,c1,x")
    path.write_text(text.replace("images", "images,collection_id,remark", 1))
    ended = command("enroll", path, "--sandbox", "--skip-invalid")
    assert ended.code == 3
    note = "Note: column 7, remark, is not known and is ignored"
    assert ended.err.splitlines() == [note]
    assert f"  verifik-async check {path}\n" in ended.out


@pytest.mark.parametrize(
    ("environment", "words", "message"),
    [
        ({}, (), "VERIFIK_TOKEN is not set"),
        ({"VERIFIK_TOKEN": "two words"}, (), "VERIFIK_TOKEN: the token holds"),
        (
            {"VERIFIK_TOKEN": "abc", "VERIFIK_BASE_URL": "http://example.org"},
            (),
            "plain http would send",
        ),
        ({"VERIFIK_TOKEN": "abc"}, ("--base-url", "example.org"), "base_url must be"),
        ({"VERIFIK_TOKEN": "abc"}, ("--base-url", ""), "the base URL is empty"),
        (
            {"VERIFIK_TOKEN": "abc", "VERIFIK_BASE_URL": " "},
            (),
            "the base URL is empty (VERIFIK_BASE_URL)",
        ),
        ({}, ("--sandbox", "--outcomes", "out.txt"), "end in .csv or .jsonl"),
        ({}, ("--sandbox", "--outcomes", "there.csv"), "overwritten (--overwrite)"),
    ],
)
def test_wrong_settings_end_with_2(  # noqa: PLR0913, PLR0917 - three are fixtures
    command: Command,
    manifest_of: ManifestOf,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    words: tuple[str, ...],
    message: str,
) -> None:
    """One line that says what, with a hint; the token is not shown."""
    path = manifest_of(1)
    monkeypatch.chdir(path.parent)
    Path("there.csv").touch()
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    ended = command("enroll", path, "--collection", "c1", *words)
    assert ended.code == 2
    assert message in ended.err
    assert "nothing was sent" in ended.err
    assert "two words" not in ended.err


def test_the_environment_says_where(
    command: Command,
    manifest_of: ManifestOf,
    sandbox_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """VERIFIK_BASE_URL and VERIFIK_TOKEN; resending and overwriting are options."""
    monkeypatch.setenv("VERIFIK_TOKEN", "abc")
    monkeypatch.setenv("VERIFIK_BASE_URL", sandbox_url)
    path = manifest_of(2)
    out = path.with_name("out.jsonl")
    out.write_text("earlier")
    words = ("--collection", "c1", "--resend-unknown", "--outcomes", out)
    ended = command("enroll", path, *words, "--overwrite")
    assert ended.code == 0
    assert f"Enrolling 2 persons at {sandbox_url}" in ended.out
    assert len(out.read_text().splitlines()) == 2
    assert state(sandbox_url)["people"] == 2


def test_the_manifest_is_never_overwritten(
    command: Command, manifest_of: ManifestOf
) -> None:
    """Not even by an outcomes file that may overwrite."""
    path = manifest_of(1)
    before = path.read_bytes()
    ended = command("enroll", path, *SANDBOX, "--outcomes", path, "--overwrite")
    assert ended.code == 2
    assert "would replace the manifest" in ended.err
    assert path.read_bytes() == before


def test_what_never_reached_the_network_is_not_counted(
    command: Command, manifest_of: ManifestOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing listens, no request and no byte was sent."""
    monkeypatch.setenv("VERIFIK_TOKEN", "abc")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    target = ("--collection", "c1", "--base-url", f"http://127.0.0.1:{port}")
    ended = command("enroll", manifest_of(1), *target)
    assert ended.code == 3
    assert "0 requests, 0 B sent)" in ended.out


class _Refusing(BaseHTTPRequestHandler):
    """Calls every token expired."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        body = b'{"message": "token_expired", "code": "FORBIDDEN"}'
        self.send_response(403)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Stay silent."""


@pytest.fixture
def refusing_url() -> Iterator[str]:
    """A server that refuses every token."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Refusing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_refused_token_stops_the_run_with_4(
    command: Command,
    manifest_of: ManifestOf,
    refusing_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Everybody else stays unsent, and the line says why and what to do."""
    monkeypatch.setenv("VERIFIK_TOKEN", "secret-token")
    target = ("--collection", "c1", "--base-url", refusing_url)
    ended = command("enroll", manifest_of(20), *target, "--concurrency", "1")
    assert ended.code == 4
    assert ["not_attempted", "20"] in [w.split()[:2] for w in ended.out.splitlines()]
    assert "Error: stopped: HTTP 403 token_expired" in ended.err
    assert "Get a new token" in ended.err
    assert "read from VERIFIK_TOKEN" in ended.err
    assert "not sent" not in ended.out  # one was
    assert "pending: the run stopped" in ended.out
    assert "Note: without --journal FILE" in ended.err
    assert "To go on: " in ended.out
    assert "secret-token" not in ended.out + ended.err


def test_photographs_arrive_byte_for_byte(
    start: Starter, sandbox_url: str, tmp_path: Path
) -> None:
    """Several MB each, three a person: what the server decodes is what is on disk."""
    lines = ["name,gender,date_of_birth,images"]
    expected: list[list[str]] = []
    for person in range(3):
        names = [f"{person}-{take}.jpg" for take in range(3)]
        for name in names:
            noise = Image.effect_noise((2400, 1800), 90)
            noise.save(tmp_path / name, quality=97)
        files = [(tmp_path / name).read_bytes() for name in names]
        assert all(2_000_000 < len(file) < 6_000_000 for file in files)
        expected.append(sorted(sha256(file).hexdigest() for file in files))
        lines.append(f"Jane Doe,F,1987-06-05,{';'.join(names)}")
    path = tmp_path / "people.csv"
    path.write_text("\n".join(lines))
    target = ("--collection", "c1", "--base-url", sandbox_url)
    process = ended(start("enroll", path, *target, VERIFIK_TOKEN="abc"))
    assert process.code == 0, process.err
    listed = cast("list[dict[str, list[str]]]", state(sandbox_url)["listed"])
    assert sorted(sorted(person["images"]) for person in listed) == sorted(expected)
