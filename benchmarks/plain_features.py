"""The reference's features as its notebooks compute them: wide Spark expressions, a pass for each level and window.

A direct port of the definitions, with the two things mended without which no value could be compared: windows end on
the as-of date, and days since a discount are a difference of dates. Run it as
`spark-submit benchmarks/plain_features.py <lake>/<catalog> <as-of> <output folder>`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import reduce

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

KINDS = ("instore_discount", "campaign_coupon_discount", "manuf_coupon_discount", "total_coupon_discount")
AMOUNTS = ("amount_list", *KINDS, "amount_paid")
LEVELS = {"household": ("household",), "commodity": ("commodity",), "household_commodity": ("household", "commodity")}
WINDOWS = ("30d", "60d", "90d", "1yr")


def transactions(order_lines: DataFrame, products: DataFrame) -> DataFrame:
    """Return the notebook's adjusted transactions, from rows of the silver tables."""
    lines = order_lines.where("line_kind = 'sale' AND status <> 'cancelled'")
    commodity = "coalesce(nullif(trim(category), ''), 'Uncategorised') AS commodity"
    coupons = "campaign_coupon_discount + manuf_coupon_discount"
    amounts = {"amount_list": "list_amount", "amount_paid": "net_amount", **{kind: kind for kind in KINDS[:-1]}}
    amounts |= {
        "total_coupon_discount": f"{coupons} - manuf_coupon_match_discount",
        "coupon_discount": f"{coupons} + manuf_coupon_match_discount",
    }
    return lines.join(products.select("product_id", "category"), "product_id", "left").selectExpr(
        "customer_id AS household",
        commodity,
        "order_id AS basket_id",
        "product_id",
        "order_date AS day",
        *(f"cast({sql} AS double) AS {name}" for name, sql in amounts.items()),
    )


def bounds(as_of: date, window: str) -> tuple[date, date]:
    """First and last day of a window; the reference's year is the 30 days that began a year ago."""
    if window == "1yr":
        first = as_of - timedelta(days=364)
        return first, first + timedelta(days=29)
    return as_of - timedelta(days=int(window.removesuffix("d")) - 1), as_of


def window_features(seen: DataFrame, keys: Sequence[str], as_of: date, window: str) -> DataFrame:
    """Compute the 94 features of a level and a window, and the two corrected measures."""
    first, last = bounds(as_of, window)
    within = seen.where(f"day BETWEEN '{first}' AND '{last}'")
    summary = within.groupBy(*keys).agg(*_measures())
    for name, expression in _ratios((last - first).days + 1):
        summary = summary.withColumn(name, F.expr(expression))
    since = seen.where(f"day <= '{last}'").groupBy(*keys).agg(*_days_since(first, last))
    rows = seen.select(*keys).distinct().join(summary, list(keys), "left").join(since, list(keys), "left")
    for name in rows.columns:
        if name not in keys:
            rows = rows.withColumn(name, F.col(name).cast("double")).withColumnRenamed(name, f"{name}_{window}")
    return rows


def _measures() -> Iterator[F.Column]:
    yield from (F.countDistinct("day").alias("days"), F.countDistinct("basket_id").alias("baskets"))
    yield from (F.count("product_id").alias("products"), F.count("*").alias("line_items"))
    yield from (F.sum(name).alias(name) for name in (*AMOUNTS, "coupon_discount"))
    yield F.countDistinct("product_id").alias("distinct_products")
    for counted, column in {"days": "day", "baskets": "basket_id", "products": "product_id"}.items():
        for kind in KINDS:
            with_kind = F.expr(f"case when {kind} > 0 then {column} end")
            yield F.countDistinct(with_kind).alias(f"{counted}_with_{kind}")
    yield from (F.sum(F.expr(f"case when {kind} > 0 then 1 end")).alias(f"line_items_with_{kind}") for kind in KINDS)


def _days_since(first: date, last: date) -> Iterator[F.Column]:
    for kind in KINDS:
        day = f"case when {kind} > 0 then day else date'{first}' end"
        yield F.min(F.expr(f"datediff(date'{last}', {day})")).alias(f"days_since_{kind}")


def _ratios(days_in_set: int) -> Iterator[tuple[str, str]]:
    for top in ("baskets", "products", "line_items", *AMOUNTS):
        yield f"{top}_per_day", f"{top} / days"
    for kind in KINDS:
        yield f"days_with_{kind}_per_days", f"days_with_{kind} / days"
        yield f"days_with_{kind}_per_days_in_set", f"days_with_{kind} / {days_in_set}"
        yield f"baskets_with_{kind}_per_baskets", f"baskets_with_{kind} / baskets"
        yield f"products_with_{kind}_per_product", f"products_with_{kind} / products"
        yield f"products_with_{kind}_per_line_item", f"products_with_{kind} / line_items"
    for top in ("days", "products"):
        yield f"{top}_to_days_in_set", f"{top} / {days_in_set}"
    for top in ("baskets", "line_items", *AMOUNTS):
        yield f"{top}_per_days_in_set", f"{top} / {days_in_set}"
    for bottom, name in {"baskets": "basket", "products": "product", "line_items": "line_item"}.items():
        counts = ("products", "line_items")[("baskets", "products", "line_items").index(bottom) :]
        for top in (*counts, *AMOUNTS):
            yield f"{top}_per_{name}", f"{top} / {bottom}"
    for top in (*KINDS[1:], "amount_paid"):
        yield f"{top}_to_amount_list", f"{top} / amount_list"


def plain_features(lines: DataFrame, as_of: date, level: str, commodities: Sequence[str]) -> DataFrame:
    """Compute the 376 features of a level, and the corrected measures; absent values are 0.

    Args:
        lines: As `transactions` returns them.
        as_of: The last day that counts.
        level: One of the reference's levels.
        commodities: The categories that features name.
    """
    keys = LEVELS[level]
    seen = lines.where(f"day <= '{as_of}'")
    if "household" in keys:
        seen = seen.where("household IS NOT NULL")
    anchor = seen.select(*keys).distinct()
    if len(keys) == 2:
        scored = seen.where(F.col("commodity").isin(*commodities))
        households, known = seen.select("household").distinct(), scored.select("commodity").distinct()
        anchor, seen = households.crossJoin(known), scored
    windows = [window_features(seen, keys, as_of, window) for window in WINDOWS]
    return reduce(lambda rows, more: rows.join(more, list(keys), "left"), windows, anchor).fillna(0)


def most_bought(lines: DataFrame, number: int = 10) -> list[str]:
    """Return the commodities with most distinct baskets."""
    baskets = lines.groupBy("commodity").agg(F.countDistinct("basket_id").alias("baskets"))
    return [row.commodity for row in baskets.orderBy(F.desc("baskets"), "commodity").limit(number).collect()]


def main(catalog: str, as_of: str, target: str) -> None:
    """Compute one day and write one Delta table per level."""
    spark = SparkSession.builder.appName("plain-features").getOrCreate()
    spark.conf.set("spark.sql.ansi.enabled", "false")  # a division by zero is no error, as on the reference's runtime
    silver = (spark.read.format("delta").load(f"{catalog}/silver/{name}") for name in ("order_lines", "products"))
    lines = transactions(*silver)
    commodities = most_bought(lines)
    for level in LEVELS:
        rows = plain_features(lines, date.fromisoformat(as_of), level, commodities)
        rows.write.format("delta").mode("overwrite").save(f"{target}/{level}")


if __name__ == "__main__":
    main(*sys.argv[1:])
