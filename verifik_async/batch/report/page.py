"""The report as a page: one HTML file that needs no network and runs no script."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, cast

import attrs

from verifik_async.batch import amounts
from verifik_async.batch.journal.view import JournalView
from verifik_async.batch.report import charts, moments
from verifik_async.batch.report.advice import next_steps
from verifik_async.batch.report.failures import Failures, failures_of, ranges
from verifik_async.batch.report.matching import matches
from verifik_async.batch.report.overview import Overview, overview_of
from verifik_async.batch.report.private_files import checked_place, private_file
from verifik_async.batch.report.reasons import MEANINGS
from verifik_async.batch.report.timeline import Timeline, timeline_of
from verifik_async.errors import ConfigurationError

if TYPE_CHECKING:
    import os

    import jinja2

    from verifik_async.batch.manifest import Manifest

_WHAT = "the report"


@attrs.frozen(kw_only=True)
class Page:
    """All that the template shows.

    Attributes:
        overview: How the job stands.
        failures: Who is not enrolled.
        timeline: How fast it went.
        names: Names of those listed, by the journal's key or else by row; None if
            the report is to have none.
    """

    overview: Overview
    failures: Failures
    timeline: Timeline
    names: Mapping[bytes | int, str] | None = attrs.field(repr=False)


def check_report(path: str | os.PathLike[str]) -> None:
    """See whether `write_report` would refuse its file, without making anything.

    Raises:
        ConfigurationError: It would.
    """
    checked_place(path, what=_WHAT, endings=(".html", ".htm"), overwrite=True)


def write_report(
    journal: str | os.PathLike[str],
    path: str | os.PathLike[str],
    *,
    names_from: Manifest | None = None,
) -> None:
    """Write a report of a job, which may go on meanwhile.

    It is one file for any browser, with no names, birth dates or pictures in it, and
    no ids unless the journal keeps them. An earlier report is replaced.

    Args:
        journal: What the report is about.
        path: Ends in `.html`. Only this user may read the file.
        names_from: Also show the names of those who are listed as not enrolled; they
            are in this manifest, and in no journal.

    Raises:
        ConfigurationError: The file can't be written there.
        JournalError: The journal can't be read.
        ManifestError: The manifest can't.
    """
    check_report(path)
    with JournalView.open(journal) as view, view.at_one_moment():
        failures = failures_of(view)
        page = Page(
            overview=overview_of(view),
            failures=failures,
            timeline=timeline_of(view),
            names=_names(view, names_from, failures) if names_from else None,
        )
    with private_file(Path(path), what=_WHAT, encoding="utf-8") as stream:
        stream.write(as_html(page))


def as_html(page: Page) -> str:
    """The page's text."""
    template = _environment().get_template("page.html.jinja")
    return template.render(
        page=page,
        overview=page.overview,
        failures=page.failures,
        timeline=page.timeline,
        steps=next_steps(page.overview),
        pace=charts.pace_chart(page.timeline),
        waits=charts.waits_chart(page.timeline),
        scores=charts.scores_chart(page.failures.liveness),
        meanings=MEANINGS,
        version=metadata.version("verifik-async"),
    )


def _names(
    view: JournalView, manifest: Manifest, failures: Failures
) -> dict[bytes | int, str]:
    names = {one.key or one.row: "" for one in failures.listed}
    for match in matches(view, manifest, for_folder=manifest.path.parent):
        place = getattr(match.finding, "key", match.finding.row)
        if place in names:
            by_column = {name.lower(): text for name, text in match.row.values.items()}
            names[place] = by_column.get("name", "")
    return names


@functools.cache
def _environment() -> jinja2.Environment:
    # imported here: it takes longer than all the rest of a command that needs it not
    try:
        import jinja2  # noqa: PLC0415
    except ImportError:
        raise ConfigurationError(
            "a report needs Jinja: pip install 'verifik-async[cli]'"
        ) from None
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("verifik_async.batch.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    cast("dict[str, object]", environment.filters).update(_FILTERS)
    return environment


def _share(part: int, whole: int) -> str:
    """A share that is neither all nor nothing unless it is."""
    if not whole:
        return ""
    share = 100 * part / whole
    if 0 < share < 0.1:  # noqa: PLR2004 - what would be told as nothing
        return "<0.1 %"
    if 99.9 < share < 100:  # noqa: PLR2004 - what would be told as all
        return ">99.9 %"
    return f"{share:.1f} %"


def _marked(text: str) -> str:
    """A text in which what stands between backquotes is to be typed."""
    import markupsafe  # noqa: PLC0415 - as Jinja, whose it is

    parts = (markupsafe.escape(part) for part in text.split("`"))
    code = markupsafe.Markup("<code>{}</code>").format
    return markupsafe.Markup().join(
        code(part) if place % 2 else part for place, part in enumerate(parts)
    )


_FILTERS = {
    "marked": _marked,
    "wait": amounts.wait,
    "duration": amounts.duration,
    "persons": amounts.persons,
    "ranges": ranges,
    "count": "{:,}".format,
    "share": _share,
    "rate": amounts.rate,
    "moment": moments.moment,
    "iso": moments.iso,
    "offset": moments.offset,
}
"""How the template writes amounts and times."""
