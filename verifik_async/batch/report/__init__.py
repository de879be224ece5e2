"""What a journal comes to, for people and for the next run.

    Overview, overview_of   counts, runs, rates: quick, also while a run goes on
    next_steps              what to do about it, in sentences
    write_report            one HTML file that opens offline
    write_failed            who is not enrolled, as a manifest to mend and feed back

All of it is read from the journal alone; only `write_failed`, and a report with names,
need the manifest beside it.
"""

from verifik_async.batch.report.advice import next_steps
from verifik_async.batch.report.failed_file import (
    FailedRows,
    beside_for_unknown,
    check_failed,
    write_failed,
)
from verifik_async.batch.report.overview import Overview, Run, overview_of
from verifik_async.batch.report.page import check_report, write_report

__all__ = [
    "FailedRows",
    "Overview",
    "Run",
    "beside_for_unknown",
    "check_failed",
    "check_report",
    "next_steps",
    "overview_of",
    "write_failed",
    "write_report",
]
