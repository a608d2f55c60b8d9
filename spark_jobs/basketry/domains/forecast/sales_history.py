"""Reads what forecasts need: order lines up to a day, as weekly rows, and how long the history is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry.domains.forecast import core
from basketry.domains.forecast.series import Panel, panel_of
from basketry.domains.forecast.settings import ForecastSettings
from basketry.errors import BadInputError
from basketry.lake.lakehouse import Lakehouse
from basketry.retail.coverage import check_delivered
from basketry.tables import ORDER_LINES, PRODUCTS

_BUCKETS = 1_000_003
"""A prime: products are sampled by the remainder of their hash, finely enough for any share."""


@dataclass(frozen=True, kw_only=True)
class SalesHistory:
    """What was sold up to a day.

    Attributes:
        lines: Lines of `core.known_lines`.
        tree: Rows of silver.products.
        first_sale: The day of the catalog's first sale.
        weeks: How many complete weeks are read.
        products: How many products were ever ordered.
    """

    lines: DataFrame
    tree: DataFrame
    first_sale: date
    weeks: int
    products: int


def read_history(lake: Lakehouse, as_of: date, settings: ForecastSettings) -> SalesHistory:
    """Read what was sold up to a day.

    Raises:
        BadInputError: Nothing was sold, or the day is not delivered.
    """
    lines = core.known_lines(lake.read(ORDER_LINES), as_of)
    first = F.min(F.when(F.col("line_kind") == "sale", F.col("order_date")))
    row = lines.agg(first.alias("first"), F.count_distinct("product_id").alias("products")).collect()[0]
    if row.first is None:
        raise BadInputError(
            f"catalog {lake.catalog} sold no product up to {as_of}: run ingest first, or look at a later day."
        )
    check_delivered(lake, as_of)
    weeks = core.complete_weeks(row.first, as_of, settings.history.weeks)
    return SalesHistory(
        lines=lines, tree=lake.read_or_empty(PRODUCTS), first_sale=row.first, weeks=weeks, products=int(row.products)
    )


def weekly_rows(history: SalesHistory) -> DataFrame:
    """Make the rows for `series.panel_of`."""
    return core.weekly_sales(history.lines, history.tree, history.weeks)


def training_panel(history: SalesHistory, settings: ForecastSettings) -> Panel:
    """Make the series of at most about `training_products` products, the same ones on every day."""
    rows = weekly_rows(history)
    share = settings.training.products / max(1, history.products)
    if share < 1:
        rows = rows.where(F.pmod(F.xxhash64("product_id"), F.lit(_BUCKETS)) < math.ceil(share * _BUCKETS))
    return panel_of(rows.toArrow().to_pandas(), history.weeks)
