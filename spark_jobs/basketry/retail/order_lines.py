"""What every domain reads alike in order lines, reviews and the product tree: which lines and ratings count, what a
nameless category is called, and amounts as integers.

Sums are kept in units of 1/10,000 as 64-bit integers: exact for every amount that a contract lets in, and five times
faster than Spark's decimals.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from basketry.tables import RATING_BOUNDS

UNCATEGORISED = "Uncategorised"
"""Department and category of a product that has none, so that its lines stay in every roll-up."""

_SCALE = 10_000


def counted() -> Column:
    """Whether a row of silver.order_lines is a sale or a return that stands: fees, adjustments and cancelled lines are none."""
    return F.col("line_kind").isin("sale", "return") & (F.col("status") != "cancelled")


def rated() -> Column:
    """Whether a row of silver.reviews has a rating on the declared scale; rows of an older lake may have any other."""
    return F.col("rating").between(*RATING_BOUNDS)


def named(column: str) -> Column:
    """A department or category; UNCATEGORISED where it is missing or blank, since '' marks the coarser levels of a roll-up."""
    return F.coalesce(F.nullif(F.trim(column), F.lit("")), F.lit(UNCATEGORISED)).alias(column)


def scaled(amount: Column) -> Column:
    """A decimal of at most four places in units of 1/10,000; nothing is 0."""
    return F.coalesce((amount * _SCALE).cast("bigint"), F.lit(0).cast("bigint"))


def number(units: Column) -> Column:
    """Units of 1/10,000 as a double: the nearest one, up to 900 thousand million."""
    return units / _SCALE


def amount(units: Column, kind: str) -> Column:
    """Units of 1/10,000 as a decimal of the given type."""
    return (units.cast("decimal(20,0)") / _SCALE).cast(kind)
