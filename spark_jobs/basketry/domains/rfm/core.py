"""Customers' values, and the sums behind profiles and migration: DataFrames in, DataFrames out.

::

    order lines ─ purchase_days ─ customer_values ─ (model) ─ with_history ─ segment_sums, transitions ─ (summaries)

What counts: sales and returns that are not cancelled and name a customer, up to and including the as-of date. Returns are
netted against the day they were brought back on; a day whose spend is not positive is no purchase date.
"""

from __future__ import annotations

from datetime import date, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from basketry.domains.rfm.holdout import HISTORY
from basketry.domains.rfm.values import VALUES
from basketry.tables import MONEY

KINDS = ("sale", "return")
VIEW_COLUMNS = {"segment": "string", "cluster": "int"}
"""The columns of gold.rfm_segments in which the two views stand, and their types."""

LOOK_BACK_COLUMNS = tuple(column for name in VIEW_COLUMNS for column in (f"previous_{name}", f"{name}_since"))
"""Columns of gold.rfm_segments that depend on the day before."""


def counts_for_segments() -> Column:
    """Return whether a row of silver.order_lines counts for a segment."""
    has_customer = F.length(F.trim(F.coalesce("customer_id", F.lit("")))) > 0
    return F.col("line_kind").isin(*KINDS) & (F.col("status") != "cancelled") & has_customer


def countable_lines(order_lines: DataFrame, as_of: date) -> DataFrame:
    """Return the rows of silver.order_lines that count as of a day."""
    return order_lines.where(counts_for_segments() & (F.col("order_date") <= F.lit(as_of)))


def customer_days(order_lines: DataFrame, as_of: date) -> DataFrame:
    """Return the net spend of each customer and day, also where it is not positive: customer_id, order_date, spend."""
    lines = countable_lines(order_lines, as_of)
    return lines.groupBy("customer_id", "order_date").agg(F.sum("net_amount").cast(MONEY).alias("spend"))


def purchase_days(order_lines: DataFrame, as_of: date) -> DataFrame:
    """Return the days on which a customer spent more than they brought back: customer_id, order_date, spend."""
    return customer_days(order_lines, as_of).where("spend > 0")


def has_no_spend(order_lines: DataFrame, as_of: date, window_days: int) -> bool:
    """Return whether no line of the window adds to anybody's spend, without adding anything up."""
    lines = countable_lines(order_lines, as_of).where(F.col("order_date") > F.lit(as_of - timedelta(days=window_days)))
    return lines.where("net_amount > 0").select("order_date").isEmpty()


def customer_values(days: DataFrame, as_of: date, window_days: int) -> DataFrame:
    """Return recency, frequency and monetary value of who bought in the window, with the history behind expectations.

    One row per customer: customer_id, VALUES, monetary_total and HISTORY. Source of both: Fader, Hardie & Lee (2005), RFM
    and CLV: recency counts from the last purchase to as_of, t_x (`last_after_days`) from the first to the last.

    Args:
        days: The result of `purchase_days` up to as_of.
        as_of: The day.
        window_days: The window is so many days that end on as_of; the history is all of it.
    """
    inside = F.col("order_date") > F.lit(as_of - timedelta(days=window_days))
    first, last = F.min("order_date"), F.max("order_date")
    sums = (
        F.datediff(F.lit(as_of), last).alias("recency_days"),
        F.count_if(inside).cast("int").alias("frequency"),
        F.sum(F.when(inside, F.col("spend"))).cast(MONEY).alias("monetary_total"),
        (F.count(F.lit(1)) - 1).cast("int").alias("repeat_dates"),
        F.datediff(last, first).alias("last_after_days"),
        F.datediff(F.lit(as_of), first).alias("age_days"),
        (F.sum("spend") - F.min_by("spend", "order_date")).cast("double").alias("repeat_total"),
    )
    grouped = days.groupBy("customer_id").agg(*sums)
    dates = F.greatest(F.col("repeat_dates"), F.lit(1))
    in_window = grouped.where("frequency > 0").withColumns(
        {
            "monetary": (F.col("monetary_total") / F.col("frequency")).cast(MONEY),
            "repeat_spend": F.round(F.col("repeat_total") / dates, 4),
        }
    )
    return in_window.select("customer_id", *dict.fromkeys((*VALUES, "monetary_total", *HISTORY)))


def input_doubles() -> list[Column]:
    """Return the columns that are learned from and scored, as doubles under names of their own: x_<column>.

    Spark turns decimals into doubles, for fit and assignment alike: Arrow rounds some otherwise, and a customer who is
    exactly on an edge would be scored differently.
    """
    return [F.col(name).cast("double").alias(f"x_{name}") for name in dict.fromkeys((*VALUES, *HISTORY))]


def with_history(current: DataFrame, previous: DataFrame | None, as_of: date) -> DataFrame:
    """Add the segment before the present one, and since when the present one holds, in both views.

    Args:
        current: Rows of a day without these columns.
        previous: The stored rows of the newest day before it; None without any.
        as_of: The day.
    """
    if previous is None:
        unknown = {f"previous_{name}": F.lit(None).cast(kind) for name, kind in VIEW_COLUMNS.items()}
        return current.withColumns({**unknown, **{f"{name}_since": F.lit(as_of) for name in VIEW_COLUMNS}})
    stored = [F.col(name).alias(f"_{name}") for name in (*VIEW_COLUMNS, *LOOK_BACK_COLUMNS)]
    joined = current.join(previous.select("customer_id", *stored), "customer_id", "left")
    columns: dict[str, Column] = {}
    for name in VIEW_COLUMNS:
        stayed = F.col(f"_{name}") == F.col(name)
        columns[f"previous_{name}"] = F.when(stayed, F.col(f"_previous_{name}")).otherwise(F.col(f"_{name}"))
        columns[f"{name}_since"] = F.when(stayed, F.col(f"_{name}_since")).otherwise(F.lit(as_of))
    return joined.withColumns(columns).drop(*(f"_{name}" for name in (*VIEW_COLUMNS, *LOOK_BACK_COLUMNS)))


def bought_after(days: DataFrame, after: date, until: date) -> DataFrame:
    """Return each customer's purchase dates and spend after one day, until another: customer_id, dates, spend."""
    window = days.where((F.col("order_date") > F.lit(after)) & (F.col("order_date") <= F.lit(until)))
    return window.groupBy("customer_id").agg(
        F.count(F.lit(1)).alias("dates"), F.sum("spend").cast(MONEY).alias("spend")
    )


def segment_sums(segments: DataFrame, after: DataFrame | None = None) -> DataFrame:
    """Return the sums from which profiles are made (`basketry.domains.rfm.summaries`), per named segment and cluster.

    Args:
        segments: Rows of gold.rfm_segments of one day.
        after: The result of `bought_after`; None while those days are not over.
    """
    rows = segments if after is None else segments.join(after, "customer_id", "left").fillna(0, ["dates", "spend"])
    unknown = F.lit(None).cast("double")
    return rows.groupBy("segment", "cluster", "model_version").agg(
        F.count(F.lit(1)).alias("customers"),
        F.sum("monetary_total").cast(MONEY).alias("revenue"),
        *(F.sum(F.col(name).cast("double")).alias(name) for name in VALUES),
        *(F.sum(name).alias(name) for name in ("expected_purchases_90d", "expected_spend_90d")),
        (unknown if after is None else F.count_if(F.col("dates") > 0).cast("double")).alias("repurchase_rate_90d"),
        (unknown if after is None else F.sum("spend").cast("double")).alias("spend_90d"),
    )


def transitions(before: DataFrame, after: DataFrame) -> DataFrame:
    """Return customers and revenue by where they were and are: one row per combination of both views on both days.

    A segment is null where a customer is not there; every customer of either day is in exactly one row.

    Args:
        before: Rows of gold.rfm_segments of the earlier day.
        after: Rows of gold.rfm_segments of the later day.
    """
    old, new = (
        rows.select(
            "customer_id", *(F.col(name).alias(f"{when}_{name}") for name in ("segment", "cluster", "monetary_total"))
        )
        for when, rows in (("from", before), ("to", after))
    )
    return (
        old.join(new, "customer_id", "full")
        .groupBy("from_segment", "to_segment", "from_cluster", "to_cluster")
        .agg(
            F.count(F.lit(1)).alias("customers"),
            F.coalesce(F.sum("from_monetary_total"), F.lit(0)).cast(MONEY).alias("revenue_before"),
            F.coalesce(F.sum("to_monetary_total"), F.lit(0)).cast(MONEY).alias("revenue_after"),
        )
    )
