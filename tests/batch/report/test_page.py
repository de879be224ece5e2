"""The page: one file, offline, well formed, and silent about persons."""

from __future__ import annotations

import itertools
import json
import re
import stat
from pathlib import Path

import pytest
from batch_runs import Carrier, refused
from journal_runs import item, items, run
from report_runs import LOW, Page, edit, mixed_run
from strategies import request_of

from verifik_async import BatchItem, ConfigurationError, Journal
from verifik_async.batch.journal import JournalError
from verifik_async.batch.manifest import Manifest, RowDefaults
from verifik_async.batch.report import check_report, write_report

HOSTILE = "</style><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}&amp;"


def page(journal: Path, **settings: Manifest | None) -> Page:
    """The report of a journal, taken apart."""
    path = journal.with_suffix(".html")
    write_report(journal, path, **settings)
    return Page(path.read_text(encoding="utf-8"))


async def test_the_page_is_well_formed(journal: Path) -> None:
    """Each tag is closed in order, ids are single, and what refers to one finds it."""
    await mixed_run(journal)
    made = page(journal)
    assert made.faults == []
    ids = [attrs["id"] for _, attrs in made.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    named = {
        attrs["aria-labelledby"] for _, attrs in made.tags if "aria-labelledby" in attrs
    }
    assert named <= set(ids)
    levels = [int(tag[1]) for tag, _ in made.tags if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))


async def test_nothing_is_fetched_and_nothing_runs(journal: Path) -> None:
    """No address of anywhere, no script, and a policy that forbids both."""
    await mixed_run(journal)
    made = page(journal)
    html = journal.with_suffix(".html").read_text()
    addresses = set(re.findall(r"\w+://[^\s<\"]+", html))
    assert addresses == {"https://api.verifik.co"}  # told as a text
    for tag, attrs in made.tags:
        assert tag not in ("script", "iframe", "object", "embed", "base", "form", "a")
        assert not any(name.startswith("on") for name in attrs)
        for name in ("src", "href", "action", "srcset"):
            assert attrs.get(name) in (None, "data:,")
    assert "url(" not in html
    assert "@import" not in html
    (policy,) = [a["content"] for _, a in made.tags if a.get("http-equiv")]
    assert policy is not None
    assert policy.startswith("default-src 'none'")


async def test_persons_are_not_told_of(journal: Path) -> None:
    """No name, birth date, key, picture or id of theirs."""
    marked = request_of(name="Zaphod Unlikely", date_of_birth="1952-03-11")
    people = [BatchItem(key="passport-77", row=4, request=marked)]
    answer = refused(409, "409:duplicated_person: Zaphod Unlikely 1952-03-11")
    await run(journal, people, Carrier(lambda _: answer))
    text = page(journal).text + journal.with_suffix(".html").read_text()
    for personal in ("Zaphod", "Unlikely", "1952-03", "passport", "base64"):
        assert personal not in text
    assert "Duplicated person" in text


async def test_keys_are_shown_where_the_journal_keeps_them(journal: Path) -> None:
    """Whoever has them kept wants reports to name them."""
    kept = Journal(journal, keep_keys=True)
    await run(kept, items([3]), Carrier(lambda _: refused(409, LOW)))
    assert "key-of-3" in page(journal).text


async def test_texts_from_elsewhere_stay_texts(journal: Path) -> None:
    """Whatever a server, a transport or whoever edits the journal writes."""
    await run(
        Journal(journal, keep_keys=True),
        items(range(3)),
        Carrier(lambda _: refused(409, LOW)),
    )
    for column in ("reason", "detail", "label", "error"):
        edit(journal, f"UPDATE item SET {column} = ?", HOSTILE)  # noqa: S608
    edit(journal, "UPDATE job SET value = ? WHERE name = 'base_url'", HOSTILE)
    edit(journal, "UPDATE terms SET collection_id = ?", HOSTILE)
    edit(journal, "UPDATE event SET facts = json_object('stop_reason', ?)", HOSTILE)
    made = page(journal)
    assert made.faults == []
    assert not {"script", "img"} & {tag for tag, _ in made.tags}
    assert made.text.count(HOSTILE) >= 6


async def test_names_are_shown_if_they_are_asked_for(
    journal: Path, tmp_path: Path
) -> None:
    """Of those who are listed, from the manifest; the page warns of it."""
    for number in range(3):
        (tmp_path / f"{number}.jpg").write_bytes(
            b"\xff\xd8\xff\xe0" + bytes(200 + number)
        )
    manifest = tmp_path / "people.csv"
    lines = [f"key-of-{n},Person{'abc'[n]} Doe,F,1990-01-15,{n}.jpg" for n in range(3)]
    manifest.write_text("\n".join(["id,Name,gender,date_of_birth,images", *lines]))
    opened = Manifest.open(manifest, defaults=RowDefaults(collection_id="c1"))
    answers = {1: refused(409, LOW), 2: refused(409, LOW)}
    await run(journal, items(range(1, 3)), Carrier(answers.__getitem__))
    made = page(journal, names_from=opened)
    assert "Personb Doe" in made.text
    assert "Personc Doe" in made.text
    assert "Persona" not in made.text
    assert "This file holds names" in made.text
    assert "1990-01" not in made.text


@pytest.mark.parametrize("persons", [0, 1, 300])
async def test_there_is_a_page_for_every_state(journal: Path, persons: int) -> None:
    """Nobody sent, all enrolled, and more refused than can be listed."""
    await run(journal, items(range(persons)))
    if persons > 1:
        edit(journal, "UPDATE item SET state = 'rejected', reason = 'no'")
    made = page(journal)
    assert made.faults == []
    assert ("Persons not enrolled" in made.text) is (persons == 300)
    assert ("The first 200 of 300" in made.text) is (persons == 300)
    words = {0: "Nobody was sent yet", 1: "everybody is enrolled", 300: "Mend the rows"}
    assert words[persons] in made.text


async def test_what_is_to_be_typed_is_marked(journal: Path) -> None:
    """And stays a text, whatever stands between the backquotes."""
    await mixed_run(journal)
    facts = {"stop_reason": "lower `<b>width</b>`, see `unknown`"}
    edit(
        journal,
        "UPDATE event SET facts = ? WHERE kind = 'run_ended'",
        json.dumps(facts),
    )
    page(journal)
    html = journal.with_suffix(".html").read_text()
    assert "<code>&lt;b&gt;width&lt;/b&gt;</code>, see <code>unknown</code>" in html
    command = "report JOURNAL --manifest MANIFEST --failed failed.csv"
    assert f"<code>{command}</code>" in html
    assert "`" not in html


async def test_a_page_says_what_people_ask_first(journal: Path) -> None:
    """How many are enrolled, who may have been charged, and what to do."""
    await mixed_run(journal)
    text = page(journal).text
    for words in (
        "Enrolled 4 of 10 persons, 40.0 %",
        "Unknown 1 may be enrolled and charged",
        "Look up who is unknown (1 person)",
        "least score asked for: 0.65",
        "Of 1 person more no score was told",
        "Rows are those of the manifest that was enrolled last",
    ):
        assert words in text


def _light(colour: str) -> float:
    """The relative luminance that WCAG defines."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts
    ]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


async def test_texts_can_be_read_in_light_and_dark(journal: Path) -> None:
    """With the contrast that WCAG asks for at level AA, 4.5 to 1, and on paper."""
    await run(journal, [item(1)])
    page(journal)
    html = journal.with_suffix(".html").read_text()
    palettes = re.findall(r":root \{([^}]*)\}", html)
    assert len(palettes) == 3
    assert "prefers-color-scheme: dark" in html
    for palette in palettes:
        colours = dict(re.findall(r"--(\w+): (#\w{6})", palette))
        for ground in ("page", "card"):
            for ink in ("text", "quiet", "good", "bad", "open"):
                pair = sorted(_light(colours[name]) + 0.05 for name in (ground, ink))
                assert pair[1] / pair[0] >= 4.5, (ground, ink)


async def test_only_the_user_may_read_it(journal: Path) -> None:
    """An earlier one is replaced in one step, and nothing else is left."""
    await run(journal, [item(1)])
    path = journal.with_suffix(".html")
    path.write_text("old")
    path.chmod(0o644)
    page(journal)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    names = {file.name for file in journal.parent.iterdir()}
    assert names == {"job.sqlite3", "job.sqlite3.lock", "job.html"}


@pytest.mark.parametrize("name", ["people.csv", "report", "missing/report.html"])
async def test_a_slip_replaces_no_other_file(journal: Path, name: str) -> None:
    """Only what is called like a page becomes one."""
    with pytest.raises(ConfigurationError):
        check_report(journal.parent / name)
    with pytest.raises(ConfigurationError):
        write_report(journal, journal.parent / name)


def test_a_page_that_can_t_be_made_leaves_the_old_one(journal: Path) -> None:
    """There is no journal: the error says so."""
    path = journal.with_suffix(".html")
    path.write_text("old")
    with pytest.raises(JournalError):
        write_report(journal, path)
    assert path.read_text() == "old"
