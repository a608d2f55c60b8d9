"""Finds the business days of the sales tables that a change of their inputs touches: DataFrames in, a column `day` out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry.domains.sales.core import COUNTED_COLUMNS
from basketry.lake.change_feed import changed_images
from basketry.retail.order_lines import is_counted
from basketry.tables import ORDER_LINES, PRODUCTS, REVIEWS, Table


@dataclass(frozen=True)
class SalesInputs:
    """The rows of the silver tables of which sales are made, each table as of one version."""

    order_lines: DataFrame
    products: DataFrame
    reviews: DataFrame

    def days(self) -> DataFrame:
        """Return the day and product of everything that counts."""
        sold = self.order_lines.where(is_counted()).select(F.col("order_date").alias("day"), "product_id")
        return sold.unionByName(self.reviews.select(F.col("reviewed_on").alias("day"), "product_id"))


def newly_visible_days(inputs: SalesInputs, seen_to: date, as_of: date) -> DataFrame:
    """Find the days after `seen_to` and up to `as_of` on which a product was sold, returned or reviewed."""
    return inputs.days().where((F.col("day") > F.lit(seen_to)) & (F.col("day") <= F.lit(as_of))).select("day")


def order_line_days(changes: DataFrame) -> DataFrame:
    """Find the days on which changed order lines count or counted: a line that moved names both its days."""
    return _changed_images(changes, ORDER_LINES).where(is_counted()).select(F.col("order_date").alias("day"))


def review_days(changes: DataFrame) -> DataFrame:
    """Find the days on which changed reviews count or counted."""
    return _changed_images(changes, REVIEWS).select(F.col("reviewed_on").alias("day"))


def product_days(changes: DataFrame, inputs: SalesInputs) -> DataFrame:
    """Find every day on which a product was sold or reviewed whose name, brand or place in the tree changed."""
    products = _changed_images(changes, PRODUCTS).select("product_id").distinct()
    return inputs.days().join(products, "product_id", "left_semi").select("day")


def _changed_images(changes: DataFrame, table: Table) -> DataFrame:
    """Return the old and new images, counted columns only, of the rows whose counted columns changed."""
    return changed_images(changes, table.key, COUNTED_COLUMNS[table])
