"""Rows that no retailer means to deliver, one of each kind in every column of a shipped contract, next to good ones."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import xlsxwriter

from basketry.contracts import Contract, DeliveredColumn

POISON = {
    "overlong": "long " * 6_000,
    "nul": "a\0b",
    "emoji": "👩‍👩‍👧‍👦🛒",
    "right to left": "\u202eشاي أخضر\u202c",
    "combining": "Z\u0351\u0343o\u0308e\u0301\u0489",
    "1e30": "1e30",
    "1e400": "1e400",
    "largest": "99999999999999.9999",
    "millions": "3000000",
    "minus millions": "-3000000",
    "NaN": "NaN",
    "dash": "-",
    "word": "none of your business",
    "sql": "'); DROP TABLE silver.customers; --",
    "formula": "=cmd|' /C calc'!A0",
    "quotes": '"", \\" \'',
    "lines": "one\r\ntwo\nthree",
    "year 0": "0000-01-01",
    "year 1": "0001-01-01 00:00:00",
    "year 9999": "9999-12-31 23:59:59",
    "gap": "2026-03-08 02:30:00",
    "empty": "",
    "blanks": " \t ",
}
"""By kind. A date or time is written as the column's own format has it."""
SHORTER = {"xlsx": {"overlong": "long " * 6_000, "nul": "a\x01b"}}
"""A workbook can hold no NUL."""
_ENDS = {"year 0": "00000101000000", "year 1": "00010101000000", "year 9999": "99991231235959", "gap": "20260308023000"}

VALUES = {
    "demo": {
        "Type": "SALE",
        "Status": "Paid",
        "Qty": "2",
        "List Amount": "10.00",
        "Loyalty Savings": "1.00",
        "Net Amount": "9.00",
        "Campaign Coupon": "0.00",
        "Mfr Coupon": "0.00",
        "Mfr Coupon Match": "0.00",
        "Item Code": "P1",
        "Customer No": "7",
        "State": "NY",
        "ZIP": "10001",
        "E-Mail": "who@example.com",
        "Phone": "2125550147",
        "Marital Status": "M",
        "Home": "O",
        "channel": "phone",
        "stars": "4",
        "item": "P1",
        "action": "view",
        "Retail Price": "10.00",
        "Unit Cost": "5.00",
        "Department": "Grocery",
        "Category": "Coffee",
    },
    "complete_journey": {
        "DAY": "100",
        "TRANS_TIME": "1215",
        "RETAIL_DISC": "-0.50",
        "COUPON_DISC": "0.00",
        "COUPON_MATCH_DISC": "0.00",
        "SALES_VALUE": "9.50",
        "QUANTITY": "2",
        "START_DAY": "100",
        "END_DAY": "110",
        "MARITAL_STATUS_CODE": "A",
        "HOMEOWNER_DESC": "Renter",
        "household_key": "7",
        "PRODUCT_ID": "25671",
        "CAMPAIGN": "8",
    },
    "online_retail": {
        "Quantity": "2",
        "UnitPrice": "2.55",
        "InvoiceNo": "536365",
        "StockCode": "85123A",
        "CustomerID": "17850",
    },
    "sales_project": {
        "line": "1",
        "quantity": "2",
        "unit_price": "$1,299.00",
        "status": "paid",
        "state": "TX",
        "zip": "75001",
        "email": "who@example.com",
        "price": "$1,299.00",
        "availability": "25",
    },
}
"""What makes a good row, where a text, a small number or a day of 2026 would not."""


@dataclass(frozen=True)
class Case:
    """A row: which column is poisoned by what (column None: a good row), and its texts by header."""

    column: DeliveredColumn | None
    kind: str
    texts: dict[str, str]


def cases(contract: Contract, key: str) -> list[Case]:
    """Every kind of poison in every column, a good row before each, all with keys of their own.

    key: header of the column that tells good rows apart.
    """
    listed: list[Case] = []

    def good() -> dict[str, str]:
        """The next good row."""
        return {column.header: _good(contract, column) for column in contract.delivered} | {
            key: str(1_000 + len(listed))
        }

    for column in contract.delivered:
        for kind, text in POISON.items():
            listed.append(Case(None, "good", good()))
            poison = SHORTER.get(contract.file.kind, {}).get(kind, text)
            listed.append(Case(column, kind, good() | {column.header: _as_date(column, kind, poison)}))
    return listed


def written(contract: Contract, rows: Sequence[Case], folder: Path) -> Path:
    """The file of the rows, under a name that the contract takes."""
    folder.mkdir(parents=True, exist_ok=True)
    name = contract.file.patterns[0].replace("_2*", "_*").replace("*", "2026-11-20" if contract.delivered_at else "")
    path = folder / name
    if path.suffix == ".xlsx":
        _workbook(contract, rows, path)
        return path
    content = "".join(_json_lines(rows) if contract.file.kind == "jsonl" else _csv(contract, rows))
    encoded = b"".join(_encoded(line, contract) for line in content.splitlines(keepends=True))
    path.write_bytes(gzip.compress(encoded, mtime=0) if path.suffix == ".gz" else encoded)
    return path


def _good(contract: Contract, column: DeliveredColumn) -> str:
    known = VALUES[contract.catalog].get(column.header)
    if known is not None:
        return known
    if column.type in ("date", "timestamp"):
        return _formatted(column.formats[0], "20261101120000")
    return "1" if column.type in ("integer", "number") else "word"


def _as_date(column: DeliveredColumn, kind: str, text: str) -> str:
    return _formatted(column.formats[0], _ENDS[kind]) if column.formats and kind in _ENDS else text


def _formatted(pattern: str, digits: str) -> str:
    """The moment yyyyMMddHHmmss by a Spark pattern."""
    parts = {
        "yyyy": digits[:4],
        "MM": digits[4:6],
        "dd": digits[6:8],
        "HH": digits[8:10],
        "mm": digits[10:12],
        "ss": digits[12:],
        "M": digits[4:6].lstrip("0"),
        "d": digits[6:8].lstrip("0"),
        "'T'": "T",
        "X": "Z",
    }
    text = pattern
    for name, value in parts.items():
        text = text.replace(name, value) if name not in ("M", "d") or name * 2 not in pattern else text
    return text


def _csv(contract: Contract, rows: Sequence[Case]) -> Iterator[str]:
    for row in [[column.header for column in contract.delivered], *(list(case.texts.values()) for case in rows)]:
        text = io.StringIO()
        csv.writer(text, delimiter=contract.file.delimiter, lineterminator="\n").writerow(row)
        yield text.getvalue()


def _json_lines(rows: Sequence[Case]) -> Iterator[str]:
    for case in rows:
        yield json.dumps(case.texts, ensure_ascii=False) + "\n"


def _encoded(text: str, contract: Contract) -> bytes:
    try:
        return text.encode(contract.file.encoding)
    except UnicodeEncodeError:
        return text.encode()  # as an export does that knows nothing of the contract


def _workbook(contract: Contract, rows: Sequence[Case], path: Path) -> None:
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_numbers": False}) as book:
        page = book.add_worksheet(contract.file.sheet or "Sheet1")
        page.write_row(0, 0, [column.header for column in contract.delivered])
        for number, case in enumerate(rows, start=1):
            for place, text in enumerate(case.texts.values()):
                page.write_string(number, place, text)
