"""A new feed in five minutes: the guide's own text, followed literally, brings one in without any Python."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from basketry.config.settings import Settings
from basketry.domains.ingest import job
from basketry.lake.opening import open_lake
from basketry.tables import FILES, REVIEWS
from tests.kit.documents import copy_include

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```\w*\n# (?P<path>(?:include|landing)/\S+)\n(?P<text>.*?)^```", re.S | re.M)


def test_the_guide_brings_a_feed_in(spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both files of docs/contracts.md, put where it says, load: every row of the sample is accounted for."""
    blocks = {
        match["path"]: match["text"] for match in BLOCK.finditer((CHECKOUT / "docs" / "contracts.md").read_text())
    }
    contract = next(path for path in blocks if path.endswith(".odcs.yaml"))
    sample = next(path for path in blocks if path.startswith("landing/"))
    copy_include(tmp_path)
    for path, text in blocks.items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    monkeypatch.setenv("BASKETRY_HOME", str(tmp_path))
    monkeypatch.setenv("BASKETRY_INCLUDE", str(tmp_path / "include"))
    feed = Path(contract).name.removesuffix(".odcs.yaml")
    lake = open_lake(spark, Path(contract).parent.name, Settings.from_environment())
    job.run(
        lake,
        argparse.Namespace(
            feed=feed, files="*", force=False, refusals_only=False, dry_run=False, run_id="guide", delivered_by=None
        ),
    )
    [line] = lake.read(FILES).collect()
    delivered = len(blocks[sample].strip().splitlines()) - 1
    assert line.rows_read == delivered == line.rows_good + line.rows_quarantined + line.rows_duplicate
    assert lake.read(REVIEWS).count() == line.rows_good > 0
