"""Loading real files in a test: link them into a landing folder and run the job."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterable
from pathlib import Path

from pyspark.sql import Row

from basketry.domains.ingest import job
from basketry.lake.lakehouse import Lakehouse
from basketry.tables import FILES


def load(lake: Lakehouse, feed: str, files: Iterable[Path]) -> list[Row]:
    """Deliver copies of the files and ingest them; returns the feed's lines of ops.files."""
    folder = lake.settings.landing_folder(lake.catalog, feed)
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        shutil.copy(file, folder)
    arguments = argparse.Namespace(
        feed=feed, files="*", force=False, refusals_only=False, dry_run=False, run_id="test", delivered_by=None
    )
    job.run(lake, arguments)
    return lake.read(FILES).where(f"feed = '{feed}'").collect()
