"""A catalog of one feed with its contract and landing folder."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from basketry.config.settings import Settings
from basketry.contracts import load_contract
from basketry.domains.ingest import job, replay
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.tables import FILES, QUARANTINE, REVIEWS, bronze_table

CATALOG = "catalog: shop\ndescription: A shop for tests.\ntime_zone: Europe/Paris\ncurrency: EUR\ncountry: FR\n"
CONTRACT = """\
apiVersion: v3.2.0
kind: DataContract
id: shop.reviews
name: reviews
version: {version}
status: active
tenant: shop
description: {{purpose: Reviews as the shop exports them.}}
schema:
  - name: delivered
    physicalType: file
    logicalType: object
    customProperties:
      - {{property: filePatterns, value: ["reviews_*.csv"]}}
      - {{property: format, value: csv}}
      - {{property: maxRejectedShare, value: 0.5}}
      - {{property: deliveredAt, value: {{fromFileName: 'reviews_(\\d{{4}}-\\d{{2}}-\\d{{2}})', format: yyyy-MM-dd}}}}
    properties:
      - {{name: id, logicalType: string, required: true}}
      - {{name: product, logicalType: string, required: true}}
      - {{name: stars, logicalType: integer, required: true}}
      - {{name: day, logicalType: date, required: true, logicalTypeOptions: {{format: yyyy-MM-dd}}}}
  - name: reviews
    physicalType: table
    logicalType: object
    properties:
      - {{name: review_id, logicalType: string, transformLogic: id}}
      - {{name: product_id, logicalType: string, transformLogic: product}}
      - {{name: rating, logicalType: integer, transformLogic: stars}}
      - {{name: reviewed_on, logicalType: date, transformLogic: day}}
    quality:
      - name: rating_in_range
        type: custom
        engine: basketry
        implementation: "rating between 1 and {most}"
        severity: reject
        description: A rating is one to five stars.
"""
FIRST = "id,product,stars,day\na,p1,5,2026-01-01\nb,p1,9,2026-01-02\nc,p2,x,nonsense\na,p1,4,2026-01-03\n"
SECOND = "id,product,stars,day\na,p1,1,2026-01-09\nd,p3,3,2026-01-10\n"


class Shop:
    """A catalog of one feed with its landing folder."""

    def __init__(self, spark: SparkSession, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Make the contract; the lake is empty."""
        self.include = home / "include"
        monkeypatch.setenv("BASKETRY_HOME", str(home))
        monkeypatch.setenv("BASKETRY_INCLUDE", str(self.include))
        self.settings = Settings.from_environment()
        self.lake = Lakehouse(spark, "shop", self.settings)
        self.contract()
        (self.include / "catalogs").mkdir(parents=True)
        (self.include / "catalogs" / "shop.yaml").write_text(CATALOG)

    def contract(self, *, version: str = "1.0.0", most: int = 5) -> None:
        """Write the contract; most: the highest rating it accepts."""
        folder = self.include / "contracts" / "shop"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "reviews.odcs.yaml").write_text(CONTRACT.format(version=version, most=most))

    def deliver(self, day: str, text: str, suffix: str = "") -> Path:
        """Put a file into the landing folder."""
        path = self.settings.landing_folder("shop", "reviews") / f"reviews_{day}{suffix}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def ingest(self, files: str = "*", **given: object) -> JobReport:
        """Run the job."""
        arguments = {
            "feed": "reviews",
            "files": files,
            "force": False,
            "refusals_only": False,
            "dry_run": False,
            "run_id": "r1",
            "delivered_by": None,
        }
        return job.run(self.lake, argparse.Namespace(**{**arguments, **given}))

    def replay(self, *, dry_run: bool = False) -> object:
        """Run the replay."""
        return replay.run(self.lake, argparse.Namespace(feed="reviews", dry_run=dry_run, run_id="r2"))

    def silver(self) -> dict[str, int]:
        """Ratings by review."""
        return {row.review_id: row.rating for row in self.lake.read(REVIEWS).collect()}

    def quarantine(self) -> dict[int, tuple[str, list[str]]]:
        """State and reasons by row number."""
        return {row.row_number: (row.state, sorted(row.reasons)) for row in self.lake.read(QUARANTINE).collect()}

    def ledger(self) -> dict[str, tuple[str, int, int, int, int]]:
        """Status, rows read, good, quarantined and duplicate by file name."""
        return {
            row.file_name: (row.status, row.rows_read, row.rows_good, row.rows_quarantined, row.rows_duplicate)
            for row in self.lake.read(FILES).collect()
        }

    def bronze(self) -> int:
        """Rows as delivered."""
        contract = load_contract("shop", "reviews", self.include)
        return self.lake.read(bronze_table("reviews", ((c.name, c.pii) for c in contract.delivered))).count()
