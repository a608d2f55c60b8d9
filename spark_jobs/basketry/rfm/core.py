"""Customers' values, profiles of segments and moves between them: DataFrames in, DataFrames out.

    order lines ─ purchase_days ─ customer_values ─ (model) ─ with_history ─ profiles, migration

What counts: sales and returns that are not cancelled and name a customer, up to and including the as-of date. Returns are
netted against the day they were brought back on; a day whose spend is not positive is no purchase date.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from itertools import chain

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from basketry.rfm.holdout import HISTORY
from basketry.rfm.values import VALUES
from basketry.tables import GONE, MONEY, NEW, VIEWS

KINDS = ("sale", "return")
SEGMENT_OF = {"named": "segment", "cluster": "cluster"}
"""The column of gold.rfm_segments that each view shows."""


def counted(order_lines: DataFrame, as_of: date) -> DataFrame:
    """The lines that count. order_lines: rows of silver.order_lines."""
    known = F.length(F.trim(F.coalesce("customer_id", F.lit("")))) > 0
    kind = F.col("line_kind").isin(*KINDS) & (F.col("status") != "cancelled")
    return order_lines.where(kind & known & (F.col("order_date") <= F.lit(as_of)))


def customer_days(order_lines: DataFrame, as_of: date) -> DataFrame:
    """Net spend of each customer and day, also where it is not positive: customer_id, order_date, spend."""
    lines = counted(order_lines, as_of)
    return lines.groupBy("customer_id", "order_date").agg(F.sum("net_amount").cast(MONEY).alias("spend"))


def purchase_days(order_lines: DataFrame, as_of: date) -> DataFrame:
    """The days on which a customer spent more than he brought back: customer_id, order_date, spend."""
    return customer_days(order_lines, as_of).where("spend > 0")


def is_empty(order_lines: DataFrame, as_of: date, window_days: int) -> bool:
    """Whether no line of the window adds to anybody's spend; found without adding anything up."""
    lines = counted(order_lines, as_of).where(F.col("order_date") > F.lit(as_of - timedelta(days=window_days)))
    return lines.where("net_amount > 0").select("order_date").isEmpty()


def customer_values(days: DataFrame, as_of: date, window_days: int) -> DataFrame:
    """Recency, frequency and monetary value of who bought in the window, with the history behind expectations.

    days: from `purchase_days`, up to as_of. The window is the window_days days that end on as_of; history is all of it.
    Returns a row a customer: customer_id, VALUES, monetary_total, and HISTORY. Source of both: Fader, Hardie & Lee
    (2005), RFM and CLV: recency counts from the last purchase to as_of, t_x (`last_after_days`) from the first to the last.
    """
    inside = F.col("order_date") > F.lit(as_of - timedelta(days=window_days))
    first, last = F.min("order_date"), F.max("order_date")
    grouped = days.groupBy("customer_id").agg(
        F.datediff(F.lit(as_of), last).alias("recency_days"),
        F.count_if(inside).cast("int").alias("frequency"),
        F.sum(F.when(inside, F.col("spend"))).cast(MONEY).alias("monetary_total"),
        (F.count(F.lit(1)) - 1).cast("int").alias("repeat_dates"),
        F.datediff(last, first).alias("last_after_days"),
        F.datediff(F.lit(as_of), first).alias("age_days"),
        (F.sum("spend") - F.min_by("spend", "order_date")).cast("double").alias("repeat_total"),
    )
    dates = F.greatest(F.col("repeat_dates"), F.lit(1))
    known = grouped.where("frequency > 0").withColumns(
        {
            "monetary": (F.col("monetary_total") / F.col("frequency")).cast(MONEY),
            "repeat_spend": F.round(F.col("repeat_total") / dates, 4),
        }
    )
    return known.select("customer_id", *dict.fromkeys((*VALUES, "monetary_total", *HISTORY)))


def with_history(current: DataFrame, previous: DataFrame | None, as_of: date) -> DataFrame:
    """The rows with the segment before the present one, and since when the present one holds, in both views.

    current: rows of a day without these columns; previous: stored rows of the newest day before it, None without any.
    """
    views = SEGMENT_OF.values()
    if previous is None:
        unknown = {f"previous_{name}": F.lit(None).cast(_kind(name)) for name in views}
        return current.withColumns({**unknown, **{f"{name}_since": F.lit(as_of) for name in views}})
    kept = [F.col(f"{prefix}{name}{suffix}").alias(f"_{prefix}{name}{suffix}")
            for name in views for prefix, suffix in (("", ""), ("previous_", ""), ("", "_since"))]  # fmt: skip
    joined = current.join(previous.select("customer_id", *kept), "customer_id", "left")
    columns: dict[str, Column] = {}
    for name in views:
        stayed = F.col(f"_{name}") == F.col(name)
        columns[f"previous_{name}"] = F.when(stayed, F.col(f"_previous_{name}")).otherwise(F.col(f"_{name}"))
        columns[f"{name}_since"] = F.when(stayed, F.col(f"_{name}_since")).otherwise(F.lit(as_of))
    return joined.withColumns(columns).drop(*(column for column in joined.columns if column.startswith("_")))


def _kind(view: str) -> str:
    return "int" if view == "cluster" else "string"


def by_view(segments: DataFrame) -> DataFrame:
    """Each row once a view, with `view` and `label`: the named segment, or the cluster's number as text."""
    parts = (
        F.struct(F.lit(view).alias("view"), F.col(SEGMENT_OF[view]).cast("string").alias("label")) for view in VIEWS
    )
    return segments.withColumn("_view", F.explode(F.array(*parts))).select("*", "_view.*").drop("_view")


def profiles(segments: DataFrame, treatments: Mapping[str, str], after: DataFrame | None = None) -> DataFrame:
    """What each segment is: columns of gold.rfm_profiles.

    segments: rows of gold.rfm_segments of one day. after: customer_id, dates and spend of who bought in the days after
    them; None while those are not over. A cluster is treated as the named segment that most of its customers have.
    """
    rows = segments if after is None else segments.join(after, "customer_id", "left").fillna(0, ["dates", "spend"])
    unknown = F.lit(None).cast("double")
    measures = {
        "as_of": F.first("as_of"),
        "model_version": F.first("model_version"),
        "mostly": F.mode("segment", True),
        "customers": F.count(F.lit(1)),
        "revenue": F.sum("monetary_total").cast(MONEY),
        **{name: F.avg(F.col(name).cast("double")) for name in VALUES},
        **{name: F.avg(name) for name in ("expected_purchases_90d", "expected_spend_90d")},
        "repurchase_rate_90d": unknown if after is None else F.avg((F.col("dates") > 0).cast("double")),
        "spend_90d": unknown if after is None else F.avg(F.col("spend").cast("double")),
    }
    found = (
        by_view(rows).groupBy("view", F.col("label")).agg(*(column.alias(name) for name, column in measures.items()))
    )
    totals = segments.agg(F.count(F.lit(1)).alias("_customers"), F.sum("monetary_total").alias("_revenue"))
    known = F.create_map(*map(F.lit, chain.from_iterable(treatments.items())))
    shares = {
        "share_of_customers": F.col("customers") / F.col("_customers"),
        "share_of_revenue": (F.col("revenue") / F.col("_revenue")).cast("double"),
        "treatment": F.coalesce(known[F.col("mostly")], F.lit("")),
    }
    joined = found.crossJoin(F.broadcast(totals)).withColumns(shares)
    return joined.withColumnRenamed("label", "segment").drop("_customers", "_revenue")


def bought_after(days: DataFrame, after: date, until: date) -> DataFrame:
    """Purchase dates and spend of each customer after one day, until another: customer_id, dates, spend."""
    window = days.where((F.col("order_date") > F.lit(after)) & (F.col("order_date") <= F.lit(until)))
    return window.groupBy("customer_id").agg(
        F.count(F.lit(1)).alias("dates"), F.sum("spend").cast(MONEY).alias("spend")
    )


def migration(before: DataFrame, after: DataFrame) -> DataFrame:
    """Who moved where between two days: view, from_segment, to_segment, customers, revenue_before, revenue_after.

    before, after: rows of gold.rfm_segments of one day each. Every customer of either day is in exactly one row of each
    view, so the rows of a from_segment add up to its customers, and those of a to_segment to its.
    """
    old = by_view(before).select(
        "customer_id", "view", F.col("label").alias("from"), F.col("monetary_total").alias("was")
    )
    new = by_view(after).select("customer_id", "view", F.col("label").alias("to"), F.col("monetary_total").alias("is"))
    pairs = old.join(new, ["customer_id", "view"], "full").select(
        "view",
        F.coalesce("from", F.lit(NEW)).alias("from_segment"),
        F.coalesce("to", F.lit(GONE)).alias("to_segment"),
        F.coalesce("was", F.lit(0)).alias("was"),
        F.coalesce("is", F.lit(0)).alias("is"),
    )
    return pairs.groupBy("view", "from_segment", "to_segment").agg(
        F.count(F.lit(1)).alias("customers"),
        F.sum("was").cast(MONEY).alias("revenue_before"),
        F.sum("is").cast(MONEY).alias("revenue_after"),
    )
