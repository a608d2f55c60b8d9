"""Rows of the declared tables as a delivery leaves them: every column is filled, and only what a test is about is said."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from basketry.tables import CUSTOMERS, LINEAGE, OPT_OUTS, ORDER_LINES, PRODUCTS, REVIEWS, Table
from basketry.tables.silver import DISCOUNTS

Row = dict[str, Any]
FIRST_DELIVERY = datetime(2025, 1, 1)


def lineage(delivery: int = 0) -> Row:
    """Where a row comes from. delivery: so many days after the first one, which decides which of two versions is newer."""
    delivered = FIRST_DELIVERY + timedelta(days=delivery)
    return {"_file_checksum": "c", "_row_number": 2, "_delivered_at": delivered, "_ordering_time": None}


def row_of(table: Table, *, delivery: int = 0, **values: Any) -> Row:
    """A row of any declared table: what is not given is null, but for where the row comes from."""
    unknown = values.keys() - set(table.column_names)
    assert not unknown, f"{table.full_name} has no {', '.join(sorted(unknown))}"
    known = lineage(delivery) if LINEAGE[0].name in table.column_names else {}
    return {**dict.fromkeys(table.column_names), **known, **values}


def order_line(
    order: str,
    number: str,
    day: date | str,
    customer: str | None = "C1",
    *,
    product: str | None = "P1",
    delivery: int = 0,
    **other: Any,
) -> Row:
    """A paid sale of one unit for 10.00 without discounts, unless said otherwise.

    Amounts may be given as texts. What was paid follows from the list amount and the discounts, unless it is given.
    """
    day = date.fromisoformat(day) if isinstance(day, str) else day
    usual = {"quantity": 1, "list_amount": 10, **dict.fromkeys(DISCOUNTS, 0)}
    amounts = {name: Decimal(str(other.pop(name, amount))) for name, amount in usual.items()}
    paid = other.pop("net_amount", amounts["list_amount"] - sum(amounts[name] for name in DISCOUNTS))
    values = {
        "ordered_at": datetime.combine(day, time.min),
        "order_date": day,
        "line_kind": "sale",
        "status": "paid",
        **amounts,
        "net_amount": Decimal(str(paid)),
        **other,
    }
    ids = {"order_id": order, "line_id": number, "customer_id": customer, "product_id": product}
    return row_of(ORDER_LINES, delivery=delivery, **ids, **values)


def returned_line(order: str, number: str, day: date | str, customer: str | None = "C1", **other: Any) -> Row:
    """The return of one such unit."""
    back = {"line_kind": "return", "status": "returned", "quantity": "-1", "list_amount": "-10"}
    return order_line(order, number, day, customer, **{**back, **other})


def product(product_id: str, category: str | None = None, *, delivery: int = 0, **other: Any) -> Row:
    """A product that is called after its id, unless said otherwise."""
    values = {"name": f"name of {product_id}", "brand": "B", "category": category, **other}
    return row_of(PRODUCTS, delivery=delivery, product_id=product_id, **values)


def customer(customer_id: str, *, delivery: int = 0, **other: Any) -> Row:
    """Somebody in New York who can be called and mailed, unless said otherwise."""
    contact = {"email": f"{customer_id.lower()}@example.com", "phone": f"(212) 555-01{customer_id[-2:]}"}
    place = {"country": "US", "state": "NY", "postal_code": "10001"}
    values = {"name": f"Name {customer_id}", **contact, **place, **other}
    return row_of(CUSTOMERS, delivery=delivery, customer_id=customer_id, **values)


def review(name: str, product: str, day: date | str, rating: int, *, delivery: int = 0) -> Row:
    """A review by the customer who buys everything."""
    day = date.fromisoformat(day) if isinstance(day, str) else day
    values = {"review_id": name, "product_id": product, "customer_id": "C1", "rating": rating, "reviewed_on": day}
    return row_of(REVIEWS, delivery=delivery, **values)


def opt_out(customer: str, channel: str, day: date | None = None) -> Row:
    """A withdrawal of consent to a channel."""
    return row_of(OPT_OUTS, customer_id=customer, channel=channel, opted_out_on=day)
