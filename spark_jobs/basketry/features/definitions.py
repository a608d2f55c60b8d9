"""The names of the features, and the ratios that are derived on read instead of being stored.

Expressions are SQL that Spark and DuckDB read alike. A division by zero is 0, as in the reference's feature set.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry.tables.features import AMOUNTS, DISCOUNT_KINDS, WINDOWS

CORRECTED = {"products": "distinct_products", "total_coupon_discount": "coupon_discount"}
"""Measures that the reference defines wrongly, and the measure that says what the name promises."""

REFERENCE_WINDOWS = {"30d": "30d", "60d": "60d", "90d": "90d", "ly30d": "1yr"}
"""Our windows and what the reference calls them."""

_KINDS = tuple(kind for kind in DISCOUNT_KINDS if kind != "coupon_discount")
_AMOUNTS = tuple(amount for amount in AMOUNTS if amount != "coupon_discount")
_COUNTS = ("days", "baskets", "products", "line_items")


def base_measures() -> tuple[str, ...]:
    """Return the 30 stored measures of a window that the reference's set has, without the window's name."""
    with_kind = (f"{count}_with_{kind}" for count in _COUNTS for kind in _KINDS)
    return (*_COUNTS, *_AMOUNTS, *with_kind, *(f"days_since_{kind}" for kind in _KINDS))


def ratio_expressions(window: str) -> dict[str, str]:
    """Return the 64 derived columns of a window by name, each a SQL expression over stored columns."""
    return {
        f"{name}_{window}": _division(f"{top}_{window}", str(bottom) if bottom.isdigit() else f"{bottom}_{window}")
        for name, top, bottom in _ratio_terms(str(WINDOWS[window]))
    }


def parity_columns(window: str) -> dict[str, str]:
    """Return the reference's 94 names of a window, each with the name of our stored or derived column that equals it."""
    derived = tuple(name.removesuffix(f"_{window}") for name in ratio_expressions(window))
    return {f"{name}_{REFERENCE_WINDOWS[window]}": f"{name}_{window}" for name in (*base_measures(), *derived)}


def with_ratios(rows: DataFrame, windows: Iterable[str] = tuple(WINDOWS)) -> DataFrame:
    """Add the derived columns of these windows behind the stored ones of a features table."""
    derived = {name: sql for window in windows for name, sql in ratio_expressions(window).items()}
    return rows.select("*", *(F.expr(sql).alias(name) for name, sql in derived.items()))


def _division(top: str, bottom: str) -> str:
    return f"COALESCE({top} / NULLIF({bottom}, 0), 0)"


def _ratio_terms(days_in_set: str) -> Iterator[tuple[str, str, str]]:
    """Yield (name, measure above, measure or number of days below) of every ratio."""
    yield from ((f"{top}_per_day", top, "days") for top in (*_COUNTS[1:], *_AMOUNTS))
    yield from ((f"days_with_{kind}_per_days", f"days_with_{kind}", "days") for kind in _KINDS)
    for top in ("days", "products"):
        yield f"{top}_to_days_in_set", top, days_in_set
    with_kind = tuple(f"days_with_{kind}" for kind in _KINDS)
    for top in ("baskets", "line_items", *_AMOUNTS, *with_kind):
        yield f"{top}_per_days_in_set", top, days_in_set
    yield from ((f"{top}_per_basket", top, "baskets") for top in ("products", "line_items", *_AMOUNTS))
    yield from ((f"baskets_with_{kind}_per_baskets", f"baskets_with_{kind}", "baskets") for kind in _KINDS)
    yield from ((f"{top}_per_product", top, "products") for top in ("line_items", *_AMOUNTS))
    yield from ((f"products_with_{kind}_per_product", f"products_with_{kind}", "products") for kind in _KINDS)
    yield from ((f"{top}_per_line_item", top, "line_items") for top in _AMOUNTS)
    yield from ((f"products_with_{kind}_per_line_item", f"products_with_{kind}", "line_items") for kind in _KINDS)
    yield from ((f"{top}_to_amount_list", top, "amount_list") for top in (*_KINDS[1:], "amount_paid"))
