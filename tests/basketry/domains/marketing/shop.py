"""A shop with every kind of contact data that retailers deliver, written straight to silver."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from basketry.lake.lakehouse import Lakehouse
from basketry.lake.schemas import declared_schema
from basketry.tables import CUSTOMERS, OPT_OUTS, ORDER_LINES, PRODUCTS, Table

Row = dict[str, Any]
LINEAGE = {"_file_checksum": "c", "_row_number": 2, "_delivered_at": datetime(2026, 1, 1), "_ordering_time": None}
AS_OF = date(2026, 11, 22)
"""A Sunday; Thanksgiving is on the Thursday after."""


def customer(number: str, **other: Any) -> Row:
    """Somebody in New York who can be called and mailed, unless said otherwise."""
    row: Row = dict.fromkeys(CUSTOMERS.column_names)
    row |= {"customer_id": number, "name": f"Name {number}", "email": f"{number.lower()}@example.com", "country": "US"}
    row |= {"phone": f"(212) 555-01{number[-2:]}", "state": "NY", "postal_code": "10001"}
    return row | other | LINEAGE


CUSTOMER_ROWS = (
    customer("C01"),
    customer("C02", phone="999-999-9999", email="c 02@example.com"),
    customer("C03", phone=None, email=" "),
    customer("C04", phone="123", email="C04@Example.com"),
    customer("C05", email="a@b@example.com", postal_code="10001-1234"),
    customer("C06", email=None, postal_code="2108", state="MA"),
    customer("C07", email=None, postal_code="99999", state="ZZ"),
    customer("C08", postal_code=None, state="TN"),
    customer("C09", email=None),
    customer("C10", email=None, phone="(212) 555-0109"),
    customer("C11", name='Anna "Al", O\'Neil; x'),
    customer("C12", name="\u05d3\u05d5\u05d3 \u05db\u05d4\u05df"),
    customer("C13", email=None),
    customer("C14"),
    customer("C15", country="United Kingdom", phone="020 7946 0958", postal_code="SW1A 1AA", state=None),
    customer("C16", country="Russia", phone="+7 495 123-45-67", email=None, postal_code="101000", state=None),
    customer("C17", state="CA", postal_code="10001"),
    customer("C18", postal_code="2108", state="TX"),
)
"""02 nothing valid, 03 nothing delivered, 04 mail alone, 05 two @ and ZIP+4, 06 lost zero, 07 nowhere, 08 two zones, 09 and 10
share a phone, 13 withdraws it, 14 withdraws mail, 15 abroad, 16 a country of many zones, 17 ZIP and state differ, 18 a short
ZIP that the state contradicts."""

OPT_OUT_ROWS = (("C13", "phone"), ("C14", "email"))

PRODUCT_ROWS = (("P1", "Whole milk", "Dairy"), ("P2", "Apples", "Produce"), ("P3", "Odd thing", None))


def sale(order: str, who: str | None, product: str, day: date, amount: str, **other: Any) -> Row:
    """One line of an order."""
    row: Row = {
        "order_id": order,
        "line_id": f"{product}{other.get('line_kind', '')}",
        "customer_id": who,
        "product_id": product,
    }
    row |= {
        "store_id": "S",
        "ordered_at": datetime(day.year, day.month, day.day, 12),
        "order_date": day,
        "line_kind": "sale",
    }
    row |= {"status": "paid", "quantity": Decimal(2), "list_amount": Decimal(amount), "net_amount": Decimal(amount)}
    discounts = (name for name in ORDER_LINES.column_names if name.endswith("_discount"))
    return row | dict.fromkeys(discounts, Decimal(0)) | other | LINEAGE


def back(order: str, who: str, product: str, day: date, amount: str) -> Row:
    """What was paid back for it."""
    return sale(
        order, who, product, day, amount=f"-{amount}", line_kind="return", status="returned", quantity=Decimal(-2)
    )


SALES = (
    sale("O1", "C01", "P1", date(2026, 10, 1), amount="10"),
    sale("O1", "C01", "P2", date(2026, 10, 1), amount="5"),
    sale("O2", "C01", "P1", date(2026, 11, 20), amount="6"),
    back("O2", "C01", "P1", date(2026, 11, 21), amount="6"),
    sale("O3", "C01", "P1", date(2026, 11, 23), amount="99"),
    sale("O4", "C01", "P2", date(2026, 11, 1), amount="50", status="cancelled"),
    sale("O5", "C09", "P3", date(2026, 11, 1), amount="7"),
    sale("O6", "C10", "P1", date(2026, 11, 1), amount="70"),
    sale("O7", "GHOST", "P1", date(2026, 11, 1), amount="1"),
    sale("O8", None, "P1", date(2026, 11, 1), amount="1"),
)


def put(lake: Lakehouse, table: Table, rows: list[Row]) -> None:
    """Replace the whole table."""
    values = [tuple(row[name] for name in table.column_names) for row in rows]
    lake.replace(table, lake.spark.createDataFrame(values, declared_schema(table)), where="true")


def fill(lake: Lakehouse) -> None:
    """The shop above."""
    put(lake, CUSTOMERS, list(CUSTOMER_ROWS))
    put(lake, ORDER_LINES, list(SALES))
    named: list[Mapping[str, Any]] = [
        {**dict.fromkeys(PRODUCTS.column_names), "product_id": one, "name": name, "category": category, **LINEAGE}
        for one, name, category in PRODUCT_ROWS
    ]
    put(lake, PRODUCTS, [dict(row) for row in named])
    later = {"opted_out_on": date(2026, 11, 25), **LINEAGE}
    put(lake, OPT_OUTS, [{"customer_id": who, "channel": channel, **later} for who, channel in OPT_OUT_ROWS])
