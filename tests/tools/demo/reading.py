"""Reads and judges delivered files without any code of the simulator or ingest: the tests' second opinion."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from openpyxl import load_workbook

Fields = dict[str, str]
ENCODINGS = {"customers": "latin-1"}
DELIMITERS = {"campaigns": ";", "campaign_members": ";", "coupons": "|"}
KEYS = {
    "customers": ("Customer No",),
    "products": ("Item Code",),
    "order_lines": ("Order No", "Line"),
    "campaigns": ("campaign",),
    "campaign_members": ("campaign", "customer_no"),
    "coupons": ("coupon_upc", "campaign", "item_code"),
    "redemptions": ("Customer No", "Coupon UPC", "Campaign", "Redeemed On"),
    "reviews": ("review",),
    "events": ("event",),
    "opt_outs": ("customer_no", "channel"),
}
REQUIRED = {
    "customers": {"Customer No": "customer_id"},
    "products": {"Item Code": "product_id"},
    "order_lines": {"Order No": "order_id", "Line": "line_id", "Type": "line_kind", "List Amount": "list_amount"},
    "campaigns": {"campaign": "campaign_id"},
    "campaign_members": {"campaign": "campaign_id", "customer_no": "customer_id"},
    "coupons": {"coupon_upc": "coupon_id", "campaign": "campaign_id", "item_code": "product_id"},
    "redemptions": {"Customer No": "customer_id", "Coupon UPC": "coupon_id", "Campaign": "campaign_id"},
    "reviews": {"review": "review_id", "item": "product_id", "stars": "rating"},
    "events": {"event": "event_id", "at": "occurred_at", "action": "event_type"},
    "opt_outs": {"customer_no": "customer_id", "channel": "channel", "opted_out_on": "opted_out_on"},
}
AMOUNTS = {
    "List Amount": "list_amount",
    "Loyalty Savings": "instore_discount",
    "Campaign Coupon": "campaign_coupon_discount",
    "Mfr Coupon": "manuf_coupon_discount",
    "Mfr Coupon Match": "manuf_coupon_match_discount",
    "Net Amount": "net_amount",
}


def rows(path: Path, feed: str) -> Iterator[tuple[int, Fields | None, list[str]]]:
    """(row number, fields or None, structural reasons) of each row; a header is row 1, JSON Lines start at 1."""
    if path.suffix == ".xlsx":
        yield from _workbook(path)
    elif "jsonl" in path.name:
        yield from _json_lines(path)
    else:
        yield from _csv(path, feed)


def _open(path: Path, encoding: str = "utf-8") -> Iterator[str]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding=encoding, newline="") as lines:  # type: ignore[operator]
        yield from lines


def _csv(path: Path, feed: str) -> Iterator[tuple[int, Fields | None, list[str]]]:
    records = csv.reader(_open(path, ENCODINGS.get(feed, "utf-8")), delimiter=DELIMITERS.get(feed, ","))
    header = next(records)
    for number, record in enumerate(records, start=2):
        if len(record) > len(header):
            yield number, None, ["row:too_many_fields"]
        elif len(record) < len(header):
            yield number, None, ["row:too_few_fields"]
        else:
            yield number, dict(zip(header, record, strict=True)), []


def _json_lines(path: Path) -> Iterator[tuple[int, Fields | None, list[str]]]:
    for number, line in enumerate(_open(path), start=1):
        try:
            yield number, {key: str(value) for key, value in json.loads(line).items()}, []
        except json.JSONDecodeError:
            yield number, None, ["row:not_json"]


def _workbook(path: Path) -> Iterator[tuple[int, Fields | None, list[str]]]:
    sheet = load_workbook(path, read_only=True).worksheets[0]
    records = sheet.iter_rows(values_only=True)
    header = [str(cell) for cell in next(records)]
    for number, record in enumerate(records, start=2):
        cells = [
            f"{cell:%Y-%m-%d}" if isinstance(cell, datetime) else "" if cell is None else str(cell) for cell in record
        ]
        yield number, dict(zip(header, cells, strict=True)), []


def reasons(feed: str, row: Fields) -> list[str]:
    """Everything that is wrong with a row, sorted, by rules written out here."""
    missing = [f"{name}:missing" for column, name in REQUIRED[feed].items() if not row.get(column, "").strip()]
    return sorted(missing + list(_CHECKS.get(feed, lambda row: [])(row)))


def key(feed: str, row: Fields) -> tuple[str, ...]:
    """The row's key."""
    return tuple(row.get(column, "").strip() for column in KEYS[feed])


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", text) is not None


@cache
def _is_date(text: str, pattern: str) -> bool:
    try:
        datetime.strptime(text, pattern)
    except ValueError:
        return False
    return True


def _order_line(row: Fields) -> Iterator[str]:
    amounts = {name: row[column] for column, name in AMOUNTS.items()}
    yield from (f"{name}:not_a_number" for name, text in amounts.items() if text and not _is_number(text))
    if not _is_number(row["Qty"]):
        yield "quantity:not_a_number"
    if not _is_date(row["Order Time"], "%m/%d/%Y %H:%M:%S"):
        yield "ordered_at:not_a_timestamp"
    if not _is_date(row["Business Date"], "%m/%d/%Y"):
        yield "order_date:not_a_date"
    elif not 2015 <= int(row["Business Date"][-4:]) < 2100:
        yield "date_plausible"
    if row["Status"] not in ("Paid", "Shipped", "Returned", "Cancelled"):
        yield "status:unknown_value"
    if row["Type"] not in ("SALE", "RETURN"):
        yield "line_kind:unknown_value"
    if not row["Item Code"].strip():
        yield "product_named"
    yield from _order_line_amounts(row, amounts)


def _order_line_amounts(row: Fields, amounts: dict[str, str]) -> Iterator[str]:
    if all(map(_is_number, amounts.values())):
        listed, *discounts, net = (round(100 * float(text)) for text in amounts.values())
        if abs(listed - sum(discounts) - net) > 1:
            yield "amounts_add_up"
        if row["Type"] == "SALE" and min(discounts) < 0:
            yield "discounts_not_negative"
    sign = 1 if row["Type"] == "SALE" else -1
    numbers = [sign * float(text) for text in (row["Qty"], row["List Amount"]) if _is_number(text)]
    if any(number < 0 for number in numbers):
        yield "sale_not_negative" if sign > 0 else "return_not_positive"


def _customer(row: Fields) -> Iterator[str]:
    if not _is_date(row["Customer Since"], "%m/%d/%Y"):
        yield "joined_on:not_a_date"
    if row["Marital Status"] not in "MSU":
        yield "marital_status:unknown_value"
    if row["Home"] not in "ORU":
        yield "homeowner:unknown_value"
    if not re.fullmatch(r"\d{5}", row["ZIP"]):
        yield "zip_has_five_digits"


def _product(row: Fields) -> Iterator[str]:
    if not _is_number(row["Retail Price"]):
        yield "list_price:not_a_number"
    elif float(row["Retail Price"]) <= 0:
        yield "price_positive"


def _redemption(row: Fields) -> Iterator[str]:
    if not _is_date(row["Redeemed On"], "%Y-%m-%d"):
        yield "redeemed_on:not_a_date"


def _review(row: Fields) -> Iterator[str]:
    if not re.fullmatch(r"\d+", row["stars"]):
        yield "rating:not_an_integer"
    elif not 1 <= int(row["stars"]) <= 5:
        yield "rating_in_range"
    if not _is_date(row["written_on"], "%Y-%m-%d"):
        yield "reviewed_on:not_a_date"


def _event(row: Fields) -> Iterator[str]:
    if not _is_date(row["at"], "%Y-%m-%dT%H:%M:%SZ"):
        yield "occurred_at:not_a_timestamp"
    if row["action"] not in ("view", "cart", "purchase"):
        yield "event_type:unknown_value"


_CHECKS = {
    "customers": _customer,
    "products": _product,
    "order_lines": _order_line,
    "redemptions": _redemption,
    "reviews": _review,
    "events": _event,
}


@dataclass(frozen=True)
class Judged:
    """A delivered row, its place, and what is wrong with it (sorted); a row of the wrong shape has no fields."""

    file: str
    number: int
    row: Fields
    wrong: tuple[str, ...]


@cache
def judged(folder: Path, feed: str) -> tuple[Judged, ...]:
    """Every row of a feed, oldest file first; read once a test process."""
    return tuple(
        Judged(path.name, number, row or {}, tuple(structure or reasons(feed, row or {})))
        for path in sorted((folder / feed).iterdir())
        for number, row, structure in rows(path, feed)
    )


def good_rows(folder: Path, feed: str) -> Iterator[Fields]:
    """All rows of a feed with nothing wrong, oldest file first."""
    return (found.row for found in judged(folder, feed) if not found.wrong)
