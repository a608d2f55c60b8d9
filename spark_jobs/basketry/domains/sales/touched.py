"""Which business days of the sales tables a change of their inputs touches: DataFrames in, one column `day` out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry.domains.sales.core import COUNTED_COLUMNS
from basketry.lake.change_feed import changed_images
from basketry.retail.order_lines import counted
from basketry.tables import ORDER_LINES, PRODUCTS, REVIEWS, Table


@dataclass(frozen=True)
class Inputs:
    """Rows of the silver tables that sales are made of, each table as of one version."""

    order_lines: DataFrame
    products: DataFrame
    reviews: DataFrame

    def days(self) -> DataFrame:
        """The day and product of everything that counts."""
        sold = self.order_lines.where(counted()).select(F.col("order_date").alias("day"), "product_id")
        return sold.unionByName(self.reviews.select(F.col("reviewed_on").alias("day"), "product_id"))


def newly_visible_days(inputs: Inputs, seen_to: date, as_of: date) -> DataFrame:
    """Days after `seen_to` and up to `as_of` on which something was sold, returned or reviewed."""
    return inputs.days().where((F.col("day") > F.lit(seen_to)) & (F.col("day") <= F.lit(as_of))).select("day")


def line_days(changes: DataFrame) -> DataFrame:
    """Days that changed order lines count or counted on: a line that moved names both its days."""
    return _changed_images(changes, ORDER_LINES).where(counted()).select(F.col("order_date").alias("day"))


def review_days(changes: DataFrame) -> DataFrame:
    """Days that changed reviews count or counted on."""
    return _changed_images(changes, REVIEWS).select(F.col("reviewed_on").alias("day"))


def product_days(changes: DataFrame, inputs: Inputs) -> DataFrame:
    """Every day on which a product was sold or reviewed whose name, brand or place in the tree changed."""
    products = _changed_images(changes, PRODUCTS).select("product_id").distinct()
    return inputs.days().join(products, "product_id", "left_semi").select("day")


def _changed_images(changes: DataFrame, table: Table) -> DataFrame:
    """Old and new images, counted columns only, of the rows whose counted columns changed."""
    return changed_images(changes, table.key, COUNTED_COLUMNS[table])
