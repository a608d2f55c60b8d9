"""A catalog with its contract and landing folder: a shop whose feed is reviews, and a till that writes order lines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xlsxwriter
from pyspark.sql import Row, SparkSession

from basketry.contracts import load_contract
from basketry.lake.report import JobReport
from basketry.tables import FILES, ORDER_LINES, QUARANTINE, REVIEWS, bronze_table
from tests.kit.contracts import head
from tests.kit.jobs import run_job
from tests.kit.lake import a_lake

CATALOG = "catalog: shop\ndescription: A shop for tests.\ntime_zone: Europe/Paris\ncurrency: EUR\ncountry: FR\n"
CONTRACT = """\
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
HEADER = ("nr", "sku", "qty", "amt", "day")
LINES_CONTRACT = """\
      - {{property: filePatterns, value: ["reviews_*"]}}
      - {{property: maxRejectedShare, value: 1}}
{file}
    properties:
      - {{name: nr, logicalType: string, required: true}}
      - {{name: sku, logicalType: string}}
      - {{name: qty, logicalType: number, required: true}}
      - {{name: amt, logicalType: number, required: true}}
      - {{name: day, logicalType: date, required: true, customProperties: [{{property: formats, value: {formats}}}]}}
  - name: order_lines
    physicalType: table
    logicalType: object
    properties:
      - {{name: order_id, transformLogic: nr}}
      - {{name: line_id, transformLogic: "{line}"}}
      - {{name: product_id, transformLogic: sku}}
      - {{name: ordered_at, transformLogic: "to_timestamp(concat(cast(day as string), ' 12:00:00'), 'yyyy-MM-dd HH:mm:ss')"}}
      - {{name: order_date, transformLogic: day}}
      - {{name: line_kind, transformLogic: "'sale'"}}
      - {{name: status, transformLogic: "'paid'"}}
      - {{name: quantity, transformLogic: qty}}
      - {{name: list_amount, transformLogic: amt}}
      - {{name: instore_discount, transformLogic: "0"}}
      - {{name: campaign_coupon_discount, transformLogic: "0"}}
      - {{name: manuf_coupon_discount, transformLogic: "0"}}
      - {{name: manuf_coupon_match_discount, transformLogic: "0"}}
      - {{name: net_amount, transformLogic: amt}}
"""
COMMA = ('decimalSign, value: ","', 'thousandsSign, value: "."', 'delimiter, value: ";"')
DAY_IN_NAME = (r"deliveredAt, value: {fromFileName: 'reviews_(\d{4}-\d{2}-\d{2})', format: yyyy-MM-dd}",)


class Shop:
    """A catalog of one feed with its landing folder."""

    def __init__(self, spark: SparkSession, home: Path) -> None:
        """Make the contract; the lake is empty."""
        self.include = home / "include"
        self.lake = a_lake(spark, home, catalog="shop", include=self.include)
        self.settings = self.lake.settings
        self.contract()
        (self.include / "catalogs").mkdir(parents=True)
        (self.include / "catalogs" / "shop.yaml").write_text(CATALOG)

    def contract(self, *, version: str = "1.0.0", most: int = 5) -> None:
        """Write the contract; most: the highest rating it accepts."""
        text = head("reviews", "Reviews as the shop exports them.", version=version)
        self.contract_path().write_text(text + CONTRACT.format(most=most))

    def contract_path(self, feed: str = "reviews") -> Path:
        """The contract of a feed."""
        path = self.include / "contracts" / "shop" / f"{feed}.odcs.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def path(self, name: str, feed: str = "reviews") -> Path:
        """A file of that name in a feed's landing folder."""
        path = self.settings.landing_folder("shop", feed) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def deliver(self, day: str, text: str, suffix: str = "", feed: str = "reviews") -> Path:
        """Put a file into the landing folder."""
        path = self.path(f"{feed}_{day}{suffix}.csv", feed)
        path.write_text(text)
        return path

    def ingest(self, files: str = "*", **given: object) -> JobReport:
        """Run the job."""
        return run_job(self.lake, "ingest", files=files, **{"feed": "reviews", "run_id": "r1", **given})

    def replay(self, feed: str = "reviews", *, dry_run: bool = False) -> JobReport:
        """Run the replay."""
        return run_job(self.lake, "replay_quarantine", feed=feed, dry_run=dry_run, run_id="r2")

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


class Till(Shop):
    """The shop with such a contract."""

    def lines_contract(
        self, *file: str, line: str = "sku", formats: Sequence[str] = ("yyyy-MM-dd",), version: str = "1.0.0"
    ) -> None:
        """Write the contract. file: its custom properties; line: what makes the line's id."""
        words = "\n".join(f"      - {{property: {one}}}" for one in file)
        text = head("reviews", "Lines as the tills write them.", version=version)
        text += LINES_CONTRACT.format(file=words, line=line, formats=json.dumps(list(formats)))
        self.contract_path().write_text(text)

    def csv(self, name: str, *lines: str, sign: str = ",") -> Path:
        """Deliver lines below the header."""
        path = self.path(name)
        path.write_text("\n".join([sign.join(HEADER), *lines, ""]))
        return path

    def jsonl(self, name: str, *lines: str) -> Path:
        """Deliver JSON objects, as they are written."""
        path = self.path(name)
        path.write_text("\n".join([*lines, ""]))
        return path

    def workbook(self, name: str, *rows: Sequence[Any]) -> Path:
        """Deliver cells below the header."""
        path = self.path(name)
        with xlsxwriter.Workbook(path) as book:
            page = book.add_worksheet()
            for number, cells in enumerate([HEADER, *rows]):
                for column, cell in enumerate(cells):
                    page.write(number, column, cell)
        return path

    def lines(self) -> list[tuple[str, str, str, str]]:
        """Order, product, quantity and amount of silver's lines, sorted, without zeros at the end."""
        rows = self.lake.read(ORDER_LINES).collect()
        return sorted((row.order_id, row.product_id, _short(row.quantity), _short(row.net_amount)) for row in rows)

    def files(self) -> dict[str, Row]:
        """Lines of ops.files by name."""
        return {row.file_name: row for row in self.lake.read(FILES).collect()}

    def reasons(self) -> list[list[str]]:
        """Reasons of quarantined rows, by row number."""
        rows = self.lake.read(QUARANTINE).orderBy("row_number").collect()
        return [sorted(row.reasons) for row in rows]


def _short(number: Any) -> str:
    return f"{number.normalize():f}"
