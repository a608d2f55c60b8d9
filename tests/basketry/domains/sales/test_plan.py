"""`make plan`: says what the next runs would rewrite, and touches nothing."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from pyspark.sql import SparkSession

from basketry.config.settings import Settings
from basketry.contracts import load_contract
from basketry.files import find_files, inspect_file
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.opening import open_lake
from basketry.tables import FILES
from tests.kit.jobs import run_job
from tests.kit.lake import frame
from tests.kit.rows import row_of

SAMPLES = Path(__file__).resolve().parents[3] / "samples" / "sales_project"
CATALOG = "sales_project"


def _mark_as_loaded(lake: Lakehouse, checksum: str) -> None:
    counts = {name: 0 for name in FILES.column_names if name.startswith("rows_") or name == "file_bytes"}
    known = {"file_checksum": checksum, "feed": "customers", "file_name": "any.csv", "status": "loaded", "run_id": "r"}
    known |= {"delivered_at": datetime(2024, 1, 1, tzinfo=UTC), "contract_version": "1.0.0"}
    row = row_of(FILES, **counts, **known, reasons={}, unknown_columns=[])
    lake.append(FILES, frame(lake.spark, FILES, [row]))


def test_plan_lists_waiting_files_until_they_are_loaded(spark: SparkSession, settings: Settings) -> None:
    """A delivered file is listed with the tables it would change until ops.files knows its content; nothing is made."""
    lake = open_lake(spark, CATALOG, settings)
    landing = settings.landing_folder(CATALOG, "customers")
    landing.mkdir(parents=True)
    shutil.copy(SAMPLES / "customers.csv", landing / "customers.csv")
    (settings.landing_folder(CATALOG, "products")).mkdir()

    report = run_job(lake, "plan", as_of="2024-01-31")
    assert report.dry_run
    assert [line for line in report.summary if line.startswith("ingest customers") and "silver.customers" in line]
    assert "silver.order_lines of catalog sales_project is empty: run ingest first." in report.summary[-1]
    assert not (settings.home / "lake").exists()

    contract = load_contract(CATALOG, "customers", settings.include)
    (path,) = find_files(landing, "*", contract)
    _mark_as_loaded(lake, inspect_file(path, contract).checksum)
    assert not [line for line in run_job(lake, "plan", as_of="2024-01-31").summary if line.startswith("ingest")]


def test_plan_says_why_a_file_would_be_refused(spark: SparkSession, settings: Settings) -> None:
    """A file that ingest would refuse is listed with the sentence that ingest would give."""
    landing = settings.landing_folder(CATALOG, "customers")
    landing.mkdir(parents=True)
    (landing / "customers.csv").write_text("")
    lines = run_job(open_lake(spark, CATALOG, settings), "plan", as_of="2024-01-31").summary
    assert [line for line in lines if "customers.csv would be refused" in line]
