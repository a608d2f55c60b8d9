"""Gold tables of the sales report."""

from __future__ import annotations

from basketry.tables.declare import MONEY, UNITS, Table, optional, required

GRAINS = ("day", "week", "month", "year")

_SALES_MEASURES = (
    required("gross_revenue", MONEY, "the list amounts of sales"),
    required("instore_discount", MONEY, "the loyalty discounts"),
    required("campaign_coupon_discount", MONEY, "the campaign coupons"),
    required("manuf_coupon_discount", MONEY, "the manufacturers' coupons"),
    required("manuf_coupon_match_discount", MONEY, "the retailer's match of them"),
    required("returns_amount", MONEY, "the amounts paid back, as a positive number"),
    required("net_revenue", MONEY, "the gross revenue less discounts less returns"),
    required("units_sold", UNITS, "the units on sales"),
    required("units_returned", UNITS, "the units on returns, as a positive number"),
    required("orders", "bigint", "the number of distinct orders with a sale"),
    required("customers", "bigint", "the number of distinct known customers with a sale"),
    optional("average_price", MONEY, "what was paid per unit sold: sales after discounts / units_sold"),
    optional("average_rating", "decimal(5,4)", "the mean rating of the reviews of the period"),
    required("ratings", "bigint", "the number of reviews in the period"),
    required(
        "is_partial",
        "boolean",
        "whether the period was still running on the as-of date of the last write, or began before the first day of the data",
    ),
)


def _sales(grain: str) -> tuple[Table, Table]:
    period = (
        required("period_start", "date", f"the first day of the {grain}"),
        required("period_end", "date", f"the last day of the {grain}"),
    )
    product = Table(
        schema="gold",
        name=f"sales_{grain}",
        meaning=f"the sales of a product in a {grain}; no personal data",
        columns=(
            *period,
            required("product_id", "string", "the product"),
            optional("product", "string", "its name"),
            optional("brand", "string", "its brand"),
            optional("department", "string", "its department"),
            optional("category", "string", "its category"),
            *_SALES_MEASURES,
        ),
        key=("period_start", "product_id"),
    )
    rollup = Table(
        schema="gold",
        name=f"sales_{grain}_rollup",
        meaning=f"the sales of a category, department or catalog in a {grain}; orders and customers are counted distinct",
        columns=(
            *period,
            required("level", "string", "category, department or total"),
            required("department", "string", "the department; '' on total"),
            required("category", "string", "the category; '' on department and total"),
            *_SALES_MEASURES,
        ),
        key=("period_start", "level", "department", "category"),
    )
    return product, rollup


SALES = {grain: _sales(grain)[0] for grain in GRAINS}
SALES_ROLLUP = {grain: _sales(grain)[1] for grain in GRAINS}

SALES_TABLES: tuple[Table, ...] = (*SALES.values(), *SALES_ROLLUP.values())
