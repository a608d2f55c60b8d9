"""A catalog of one feed of order lines, as tills, spreadsheets and shops' interfaces write them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xlsxwriter
from pyspark.sql import Row

from basketry.tables import FILES, ORDER_LINES, QUARANTINE
from tests.basketry.domains.ingest.shop import Shop

HEADER = ("nr", "sku", "qty", "amt", "day")
CONTRACT = """\
apiVersion: v3.2.0
kind: DataContract
id: shop.reviews
name: reviews
version: 1.0.0
status: active
tenant: shop
description: {{purpose: Lines as the tills write them.}}
schema:
  - name: delivered
    physicalType: file
    logicalType: object
    customProperties:
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


class Till(Shop):
    """The shop with such a contract."""

    def lines_contract(
        self, *file: str, line: str = "sku", formats: Sequence[str] = ("yyyy-MM-dd",), version: str = "1.0.0"
    ) -> None:
        """Write the contract. file: its custom properties; line: what makes the line's id."""
        words = "\n".join(f"      - {{property: {one}}}" for one in file)
        text = CONTRACT.format(file=words, line=line, formats=json.dumps(list(formats)))
        path = self.include / "contracts" / "shop" / "reviews.odcs.yaml"
        path.write_text(text.replace("version: 1.0.0", f"version: {version}"))

    def path(self, name: str) -> Path:
        """A file of that name in the landing folder."""
        path = self.settings.landing_folder("shop", "reviews") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

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
