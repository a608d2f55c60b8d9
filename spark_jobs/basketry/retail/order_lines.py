"""What every domain reads alike in order lines, reviews and the product tree.

Here stands which lines and ratings count, what a category without a name is called, and how amounts become integers.
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


def is_counted() -> Column:
    """Return whether a row of silver.order_lines is a sale or a return that stands.

    Fees, adjustments and cancelled lines are neither.
    """
    return F.col("line_kind").isin("sale", "return") & (F.col("status") != "cancelled")


def is_rated() -> Column:
    """Return whether a row of silver.reviews has a rating on the declared scale; rows of an older lake may have any other."""
    return F.col("rating").between(*RATING_BOUNDS)


def category_or_default(column: str) -> Column:
    """Return a department or category; UNCATEGORISED where it is missing or blank.

    An empty text cannot stay: it marks the coarser levels of a roll-up.
    """
    return F.coalesce(F.nullif(F.trim(column), F.lit("")), F.lit(UNCATEGORISED)).alias(column)


def to_units(amount: Column) -> Column:
    """Convert a decimal of at most four places to units of 1/10,000; null becomes 0."""
    return F.coalesce((amount * _SCALE).cast("bigint"), F.lit(0).cast("bigint"))


def from_units(units: Column) -> Column:
    """Convert units of 1/10,000 to a double: the nearest one, up to 900 thousand million."""
    return units / _SCALE


def to_decimal(units: Column, kind: str) -> Column:
    """Convert units of 1/10,000 to a decimal of the given SQL type."""
    return (units.cast("decimal(20,0)") / _SCALE).cast(kind)
