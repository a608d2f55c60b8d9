"""Gold tables of the sales report."""

from __future__ import annotations

from basketry.tables.declare import MONEY, UNITS, Column, Table, required

GRAINS = ("day", "week", "month", "year")

_SALES_MEASURES = (
    required("gross_revenue", MONEY, "list amounts of sales"),
    required("instore_discount", MONEY, "loyalty discounts"),
    required("campaign_coupon_discount", MONEY, "campaign coupons"),
    required("manuf_coupon_discount", MONEY, "manufacturers' coupons"),
    required("manuf_coupon_match_discount", MONEY, "the retailer's match of them"),
    required("returns_amount", MONEY, "amounts paid back, as a positive number"),
    required("net_revenue", MONEY, "gross revenue less discounts less returns"),
    required("units_sold", UNITS, "units on sales"),
    required("units_returned", UNITS, "units on returns, as a positive number"),
    required("orders", "bigint", "distinct orders with a sale"),
    required("customers", "bigint", "distinct known customers with a sale"),
    Column("average_price", MONEY, "paid per unit sold: sales after discounts / units_sold"),
    Column("average_rating", "decimal(5,4)", "mean rating of the reviews of the period"),
    required("ratings", "bigint", "reviews in the period"),
    required(
        "is_partial",
        "boolean",
        "still running on the as-of date of the last write, or begun before the data's first day",
    ),
)


def _sales(grain: str) -> tuple[Table, Table]:
    period = (
        required("period_start", "date", f"first day of the {grain}"),
        required("period_end", "date", f"last day of the {grain}"),
    )
    product = Table(
        "gold",
        f"sales_{grain}",
        f"sales of a product in a {grain}; no personal data",
        (
            *period,
            required("product_id", "string", "product"),
            Column("product", "string", "its name"),
            Column("brand", "string", "its brand"),
            Column("department", "string", "its department"),
            Column("category", "string", "its category"),
            *_SALES_MEASURES,
        ),
        ("period_start", "product_id"),
    )
    rollup = Table(
        "gold",
        f"sales_{grain}_rollup",
        f"sales of a category, a department or the whole catalog in a {grain}; orders and customers counted distinct",
        (
            *period,
            required("level", "string", "category, department or total"),
            required("department", "string", "department; '' on total"),
            required("category", "string", "category; '' on department and total"),
            *_SALES_MEASURES,
        ),
        ("period_start", "level", "department", "category"),
    )
    return product, rollup


SALES = {grain: _sales(grain)[0] for grain in GRAINS}
SALES_ROLLUP = {grain: _sales(grain)[1] for grain in GRAINS}

SALES_TABLES: tuple[Table, ...] = (*SALES.values(), *SALES_ROLLUP.values())
