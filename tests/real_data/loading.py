"""Loading real files in a test: link them into a landing folder and run the job."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from pyspark.sql import Row

from basketry.lake.lakehouse import Lakehouse
from basketry.tables import FILES
from tests.kit.jobs import run_job


def load(lake: Lakehouse, feed: str, files: Iterable[Path]) -> list[Row]:
    """Deliver copies of the files and ingest them; returns the feed's lines of ops.files."""
    folder = lake.settings.landing_folder(lake.catalog, feed)
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        shutil.copy(file, folder)
    run_job(lake, "ingest", feed=feed)
    return lake.read(FILES).where(f"feed = '{feed}'").collect()
