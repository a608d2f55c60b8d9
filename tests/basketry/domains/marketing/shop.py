"""A shop with every kind of contact data that retailers deliver, written straight to silver."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

from basketry.lake.lakehouse import Lakehouse
from basketry.tables import CUSTOMERS, OPT_OUTS, ORDER_LINES, PRODUCTS
from tests.kit.lake import put
from tests.kit.rows import Row, customer, opt_out, order_line, product

AS_OF = date(2026, 11, 22)
"""A Sunday; Thanksgiving is on the Thursday after."""


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


def sale(order: str, who: str | None, product: str, day: date, *, amount: str, **other: Any) -> Row:
    """Two units in a line of its own of the order."""
    line = f"{product}{other.get('line_kind', '')}"
    return order_line(order, line, day, who, **{"product": product, "quantity": 2, "list_amount": amount, **other})


back = partial(sale, line_kind="return", status="returned", quantity=-2)
"""What was paid back for it."""


SALES = (
    sale("O1", "C01", "P1", date(2026, 10, 1), amount="10"),
    sale("O1", "C01", "P2", date(2026, 10, 1), amount="5"),
    sale("O2", "C01", "P1", date(2026, 11, 20), amount="6"),
    back("O2", "C01", "P1", date(2026, 11, 21), amount="-6"),
    sale("O3", "C01", "P1", date(2026, 11, 23), amount="99"),
    sale("O4", "C01", "P2", date(2026, 11, 1), amount="50", status="cancelled"),
    sale("O5", "C09", "P3", date(2026, 11, 1), amount="7"),
    sale("O6", "C10", "P1", date(2026, 11, 1), amount="70"),
    sale("O7", "GHOST", "P1", date(2026, 11, 1), amount="1"),
    sale("O8", None, "P1", date(2026, 11, 1), amount="1"),
)


def fill(lake: Lakehouse) -> None:
    """The shop above."""
    put(lake, CUSTOMERS, CUSTOMER_ROWS)
    put(lake, ORDER_LINES, SALES)
    put(lake, PRODUCTS, [product(number, category, name=name) for number, name, category in PRODUCT_ROWS])
    put(lake, OPT_OUTS, [opt_out(who, channel, date(2026, 11, 25)) for who, channel in OPT_OUT_ROWS])
