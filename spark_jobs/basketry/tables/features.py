"""Gold tables of features: what is known of a customer, of a category, and of a pair of both, as of a day.

Only base measures are stored; every ratio of them is derived on read by `basketry.features.definitions`. All measures look
at order lines of the kind `sale` that are not cancelled, up to and including the as-of date.
"""

from __future__ import annotations

from collections.abc import Iterator

from basketry.tables.declare import Column, Table, required

WINDOWS = {"30d": 30, "60d": 60, "90d": 90, "ly30d": 30}
"""The days of each window. 30d, 60d and 90d end on the as-of date; ly30d is the 30d window 335 days before it."""

LAST_YEAR_SHIFT = 335
"""ly30d = (D - 365, D - 335]: the same 30 days, a year ago."""

DISCOUNT_KINDS = {
    "instore_discount": "loyalty discounts in the store",
    "campaign_coupon_discount": "campaign coupons",
    "manuf_coupon_discount": "manufacturers' coupons",
    "total_coupon_discount": "coupons less the retailer's match of them, as the reference defines it",
    "coupon_discount": "coupons and the retailer's match of them",
}
AMOUNTS = {"amount_list": "before discounts", **DISCOUNT_KINDS, "amount_paid": "after discounts"}

COUNTS = {
    "days": "the number of distinct days",
    "baskets": "the number of distinct orders",
    "products": "the number of lines that name a product (the reference's count of products)",
    "distinct_products": "the number of distinct products",
    "line_items": "the number of lines",
}
RECENT_DAYS = {"14d": 14, "180d": 180, "365d": 365}
"""Further windows that end on the as-of date, of which only the distinct days are stored."""


def window_measures() -> dict[str, tuple[str, str]]:
    """Return the type and the meaning of every measure of a window by its name; all are zero if nothing was bought."""
    measures = {name: ("bigint", meaning) for name, meaning in COUNTS.items()}
    measures |= {name: ("double", f"the amount {meaning}") for name, meaning in AMOUNTS.items()}
    for kind in DISCOUNT_KINDS:
        measures[f"days_with_{kind}"] = ("bigint", f"the number of distinct days among lines with {kind}")
        measures[f"baskets_with_{kind}"] = ("bigint", f"the number of distinct orders among lines with {kind}")
        measures[f"products_with_{kind}"] = ("bigint", f"the number of distinct products among lines with {kind}")
        measures[f"line_items_with_{kind}"] = ("bigint", f"the number of lines with {kind}")
        measures[f"days_since_{kind}"] = (
            "bigint",
            f"the days from the last line with {kind} to the end of the window, at most its days - 1; 0 if there never was one",
        )
    return measures


HISTORY = {
    "days_since_first": ("int", "the days from the first purchase to the as-of date"),
    "days_since_last": ("int", "the days from the last purchase to the as-of date"),
    "days_ever": ("bigint", "the number of distinct days with a purchase"),
    "baskets_ever": ("bigint", "the number of distinct orders"),
    "line_items_ever": ("bigint", "the number of lines"),
    "distinct_products_ever": ("bigint", "the number of distinct products"),
    "amount_list_ever": ("double", "the amount before discounts"),
    "amount_paid_ever": ("double", "the amount after discounts"),
    **{
        f"days_{name}": ("bigint", f"the number of distinct days in the last {days} days")
        for name, days in RECENT_DAYS.items()
    },
}
"""Measures over all history up to the as-of date. Never null: a row exists only where something was bought."""


def _measures() -> Iterator[Column]:
    for window in WINDOWS:
        for name, (kind, meaning) in window_measures().items():
            yield required(f"{name}_{window}", kind, f"{meaning}, window {window}")
    for name, (kind, meaning) in HISTORY.items():
        yield required(name, kind, meaning)


def _features(level: str, keys: tuple[Column, ...], meaning: str, more: tuple[Column, ...] = ()) -> Table:
    return Table(
        schema="gold",
        name=f"{level}_features",
        meaning=meaning,
        columns=(required("as_of", "date", "the last day looked at"), *keys, *_measures(), *more),
        key=(*(key.name for key in keys), "as_of"),
        partitioned_by=("as_of",),
    )


_CUSTOMER = required("customer_id", "string", "the customer")
_CATEGORY = required("category", "string", "the category")

CUSTOMER_FEATURES = _features(
    level="customer", keys=(_CUSTOMER,), meaning="a customer who bought anything up to a day, as of that day"
)
CATEGORY_FEATURES = _features(
    level="category",
    keys=(_CATEGORY,),
    meaning="a category that sold anything up to a day, as of that day",
    more=(
        required("customers_30d", "bigint", "the number of distinct known customers in the last 30 days"),
        required("customers_90d", "bigint", "the number of distinct known customers in the last 90 days"),
    ),
)
CUSTOMER_CATEGORY_FEATURES = _features(
    level="customer_category",
    keys=(_CUSTOMER, _CATEGORY),
    meaning="a customer and a scored category that the customer ever bought, as of a day; no row means never bought",
)
FEATURES: tuple[Table, ...] = (CUSTOMER_FEATURES, CATEGORY_FEATURES, CUSTOMER_CATEGORY_FEATURES)

SCORED_CATEGORIES = Table(
    schema="gold",
    name="scored_categories",
    meaning="a category that is scored, chosen as of a day: the newest choice holds",
    columns=(
        required("chosen_as_of", "date", "the last day that the choice looked at"),
        required("category", "string", "the category"),
        required("baskets", "bigint", "the number of distinct orders with it up to that day"),
        required("position", "int", "the position by baskets: 1 = the most"),
    ),
    key=("chosen_as_of", "category"),
)

FEATURE_DATES = Table(
    schema="ops",
    name="feature_dates",
    meaning="an as-of date whose features are stored, and the state of the input that they reflect",
    columns=(
        required("as_of", "date", "the as-of date"),
        required("order_lines_version", "bigint", "the Delta version of silver.order_lines"),
        required("products_version", "bigint", "the Delta version of silver.products; -1 if there was none"),
        required(
            "history_days", "int", "the number of days from the catalog's first sale to the as-of date, both included"
        ),
        required("categories", "array<string>", "the categories with rows in gold.customer_category_features"),
        required("customers", "bigint", "the number of customers"),
        required("run_id", "string", "the run that computed them"),
    ),
    key=("as_of",),
)
