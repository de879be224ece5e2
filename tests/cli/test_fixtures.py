"""`fixtures`: lint says what must not be in a cassette, show what is in it."""

import asyncio
from pathlib import Path

import pytest
from command_line import Command

from tests.fixtures.people import DUPLICATE, TOKEN, cassette, entry, person, recorded
from verifik_async.codec import ENROLL_PATH


def test_a_clean_cassette_is_no_word(command: Command, tmp_path: Path) -> None:
    """As linters do: exit code 0 and silence."""
    path = tmp_path / "a.verifik.json"
    asyncio.run(recorded(path, [person(0), person(0)]))
    end = command("fixtures", "lint", path)
    assert (end.code, end.out, end.err) == (0, "", "")


def test_findings_are_lines_with_file_and_pointer(
    command: Command, tmp_path: Path
) -> None:
    """One each, for all files given; exit code 1."""
    leak = {"status": 409, "json": {"message": TOKEN, "code": "ERROR"}}
    one = cassette(tmp_path / "a.json", entry(leak))
    two = cassette(tmp_path / "b.json", entry(DUPLICATE, repaet=2))
    end = command("fixtures", "lint", one, two)
    assert end.code == 1
    assert end.out.splitlines() == [
        f"{one}: /entries/0/response/json/message: a JSON web token",
        f'{two}: /entries/0: unknown key "repaet"',
    ]
    assert TOKEN not in end.err


def test_folders_are_searched_for_cassettes(command: Command, tmp_path: Path) -> None:
    """By the end of their names; a folder without any is a slip."""
    (tmp_path / "inner").mkdir()
    cassette(tmp_path / "inner" / "a.verifik.json", entry(DUPLICATE))
    assert command("fixtures", "lint", tmp_path).code == 0
    (tmp_path / "empty").mkdir()
    end = command("fixtures", "lint", tmp_path / "empty")
    assert (end.code, end.out) == (2, "")
    assert "no files named *.verifik.json there" in end.err


def test_the_token_in_use_is_looked_for(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that looks like nothing, if it is in the environment."""
    leak = {"status": 409, "json": {"message": "no s3cr3t-of-ours", "code": "ERROR"}}
    path = cassette(tmp_path / "a.json", entry(leak))
    assert command("fixtures", "lint", path).code == 0
    monkeypatch.setenv("VERIFIK_TOKEN", "s3cr3t-of-ours")
    end = command("fixtures", "lint", path)
    assert end.code == 1
    assert "s3cr3t-of-ours" not in end.out + end.err


def test_a_missing_file_is_a_finding(command: Command, tmp_path: Path) -> None:
    """It was named, so somebody believes that it is there."""
    end = command("fixtures", "lint", tmp_path / "a.json")
    assert end.code == 1
    assert "can't be read" in end.out


def test_show_tells_what_was_asked_and_what_came_of_it(
    command: Command, tmp_path: Path
) -> None:
    """By tokens and digests."""
    path = tmp_path / "a.verifik.json"
    asyncio.run(recorded(path, [person(0), person(0)]))
    end = command("fixtures", "show", path)
    assert end.code == 0
    lines = end.out.splitlines()
    assert lines[0].startswith("2 entries, sandbox 20")
    assert f"entry 0: POST {ENROLL_PATH}" in lines
    assert any(line.split() == ["name", "name#1"] for line in lines)
    assert any(line.split()[:2] == ["images[0]", "image"] for line in lines)
    assert "  → 200" in lines
    assert "  → 409" in lines
    assert 'message                    "409:duplicated_person"' in end.out


def test_show_tells_what_was_written_by_hand(command: Command, tmp_path: Path) -> None:
    """Notes, faults, repeats, templates, things that were taken out."""
    body = {
        "name": {"$pii": "name#1"},
        "images": {"$any": True},
        "flags": [True, {"a": 1}],
    }
    message = {
        "$text": ["no ", {"$pii": "name#1", "as": "upper"}, {"$redacted": "date"}]
    }
    late = {"status": 429, "headers": {"retry-after": "7"}, "text": "x" * 200}
    path = cassette(
        tmp_path / "a.json",
        {
            "note": "the \x1b[31mfirst",
            "request": {"path": "/x", "json": body},
            "response": {"status": 409, "json": {"message": message, "list": []}},
            "undocumented": True,
        },
        entry("read_timeout", repeat=3),
        entry(late, repeat="*", flaky={"probability": 0.25, "faults": ["dns"]}),
    )
    end = command("fixtures", "show", path)
    assert end.code == 0
    for words in (
        "3 entries, handwritten 2026-11-22",
        "  note: the \N{REPLACEMENT CHARACTER}[31mfirst",
        "entry 0: POST /x",
        "name                       name#1",
        "images                     anything",
        "flags[1].a                 1",
        "→ 409 (undocumented)",
        f"{'message':<26} no name#1 (upper)[date]",
        "search-live-face, 3 times",
        "  any body",
        "→ fault read_timeout",
        "search-live-face, any number of times",
        "→ dns with probability 0.25, else",
        "→ 429, retry after 7",
        f'{"body":<26} "{"x" * 159}…',
    ):
        assert words in end.out


def test_show_needs_a_cassette(command: Command, tmp_path: Path) -> None:
    """What is wrong is told, with exit code 2."""
    path = tmp_path / "a.json"
    path.write_text("{")
    end = command("fixtures", "show", path)
    assert (end.code, end.out) == (2, "")
    assert "is cut or is no cassette" in end.err
    assert command("fixtures", "show", tmp_path / "b.json").code == 2


def test_the_verbs_are_told(command: Command) -> None:
    """Without one there is help."""
    end = command("fixtures")
    assert "lint" in end.out + end.err
    assert "show" in end.out + end.err
