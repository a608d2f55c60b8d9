"""The demo retailer through ingest: every bad row that the manifest lists is in quarantine with its reasons, and no other."""

from __future__ import annotations

import argparse
from datetime import date

import pytest

from basketry.contracts import feed_names
from basketry.domains.ingest import job
from basketry.lake.lakehouse import Lakehouse
from basketry.tables import FILES, QUARANTINE
from tools.demo import deliver

pytestmark = pytest.mark.slow


def test_quarantine_is_exactly_the_manifest(lake: Lakehouse) -> None:
    """Counts of every file and the reasons of every row agree with what the simulator says it broke."""
    manifest = deliver(lake.settings.home / "landing" / "demo", date(2026, 3, 31), weeks=6, scale=0.2)
    for feed in feed_names("demo"):
        arguments = argparse.Namespace(
            feed=feed, files="*", force=False, refusals_only=False, dry_run=False, run_id=feed, delivered_by=None
        )
        job.run(lake, arguments)
    quarantined = {
        (row.feed, row.file_name): (row.rows_read, row.rows_good, row.rows_quarantined, row.rows_duplicate)
        for row in lake.read(FILES).collect()
    }
    assert quarantined == {
        (count.feed, count.file): (count.rows, count.good, count.quarantined, count.duplicate)
        for count in manifest.files
    }
    rows = {(row.feed, row.file_name, row.row_number): sorted(row.reasons) for row in lake.read(QUARANTINE).collect()}
    listed = {
        (defect.feed, defect.file, defect.row_number): sorted(defect.reasons)
        for feed in feed_names("demo")
        for defect in manifest.quarantined(feed)
    }
    assert len(listed) > 10
    assert rows == listed
