"""The report: every checked file is somewhere in it, and the sums are those of this run."""

from __future__ import annotations

from typing import Any

from basketry_airflow.ingest_steps import report_lines, summarise

THIS_RUN = "ingest/manual__2/load/"


def line(checksum: str, run_id: str, good: int) -> dict[str, Any]:
    """A line of ops.files: `good` good rows and one quarantined."""
    counts = {"rows_read": good + 1, "rows_good": good, "rows_quarantined": 1, "rows_duplicate": 0, "rows_warned": 0}
    days = {"touched_from": "2026-01-01", "touched_to": "2026-01-02"}
    return {
        **counts,
        **days,
        "feed": "order_lines",
        "file_checksum": checksum,
        "run_id": run_id,
        "status": "loaded",
        "reasons": {"price:none": 1},
    }


CHECKED = [
    {"feed": "order_lines", "name": name, "checksum": name[0]} for name in ("a.csv", "b.csv", "c.csv", "copy of a.csv")
]
CHECKED[3]["checksum"] = "a"
LEDGER = [line("a", f"{THIS_RUN}-1/1", 5), line("b", "ingest/manual__1/load/-1/1", 7), line("z", f"{THIS_RUN}-1/2", 9)]


def test_files_are_told_apart_by_the_run_that_loaded_them() -> None:
    """Loaded by any try of this run, loaded by an earlier run, or without a line."""
    summary = summarise(CHECKED, LEDGER, THIS_RUN)
    assert [row["status"] for row in summary["loaded"]] == ["loaded"]
    assert summary["skipped"] == [{"name": "b.csv", "run_id": "ingest/manual__1/load/-1/1"}]
    assert summary["missing"] == ["c.csv"]


def test_sums_count_this_run_once() -> None:
    """Two names of one content are one load, and what an earlier run loaded is not counted again."""
    summary = summarise(CHECKED, LEDGER, THIS_RUN)
    assert (summary["rows_read"], summary["rows_good"], summary["rows_quarantined"]) == (6, 5, 1)


def test_people_read_rows_and_reasons() -> None:
    """The log shows the equation of rows, each file, each reason, each file that was skipped."""
    text = "\n".join(report_lines(summarise(CHECKED, LEDGER, THIS_RUN)))
    assert "6 rows read = 5 good + 1 quarantined + 0 duplicate" in text
    assert "price:none: 1" in text
    assert "b.csv: already loaded by ingest/manual__1/load/-1/1, skipped" in text
    assert "c.csv: no line in ops.files" in text


def test_rows_that_lost_against_others_are_told() -> None:
    """The log counts what was older than what was stored and what another file contradicts; a line without counts is silent."""
    lost = [{**row, "rows_older": 5, "rows_contradicting": 2} for row in LEDGER]
    text = "\n".join(report_lines(summarise(CHECKED, lost, THIS_RUN)))
    assert "5 older than what was stored" in text
    assert "2 contradicted by another file of the same day and time" in text
    assert "older" not in "\n".join(report_lines(summarise(CHECKED, LEDGER, THIS_RUN)))


def test_one_content_in_two_feeds_is_two_files() -> None:
    """The same bytes may be delivered as two feeds: each has its line, and its fate."""
    other = {**LEDGER[0], "feed": "coupons", "run_id": "ingest/manual__1/load/-1/1"}
    checked = [CHECKED[0], {**CHECKED[0], "feed": "coupons", "name": "c.csv"}]
    summary = summarise(checked, [*LEDGER, other], THIS_RUN)
    assert [row["feed"] for row in summary["loaded"]] == ["order_lines"]
    assert summary["skipped"] == [{"name": "c.csv", "run_id": "ingest/manual__1/load/-1/1"}]
