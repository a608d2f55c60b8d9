"""Who may like what: recommendations by the champion, and popular products beside each category, for offers to choose from."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from basketry import registry
from basketry.domains.offers.cache import connect_redis, store_popular
from basketry.domains.offers.inputs import WIDTH
from basketry.domains.offers.shop import WITHOUT_CATEGORY
from basketry.jobs.offers import RecommendArguments
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.learning import versions
from basketry.registry.models import RECOMMENDATIONS_MODEL
from basketry.retail.coverage import check_delivered, last_delivered_day
from basketry.tables import OFFER_POPULAR, OFFER_RECOMMENDATIONS, ORDER_LINES, PRODUCTS, Table

_DAYS = 90
WHOLE_SHOP = ""


def run(lake: Lakehouse, arguments: RecommendArguments) -> JobReport:
    """Write popular products as of --as-of, also into Redis, and recommendations where there is a champion.

    Both tables are what offers choose from now: rows of a later day stay, so that a day run again does not take them back.
    """
    as_of: date = arguments.as_of
    check_delivered(lake, as_of)
    rows = popular_products(lake.read(ORDER_LINES), lake.read(PRODUCTS), as_of)
    if arguments.dry_run:
        return JobReport(
            rows_in=rows.count(), rows_out=0, summary=("popular products only",), as_of=as_of, dry_run=True
        )
    number: str | None = None
    stored = recommended = 0
    popular_line = _newer_rows(lake, OFFER_POPULAR, as_of)
    if not popular_line:
        stored = write_popular(lake, as_of)
        popular_line = f"{stored:,} popular products, {fill_cache(lake)} contexts in redis"
    recommended_line = _newer_rows(lake, OFFER_RECOMMENDATIONS, as_of)
    if not recommended_line:
        number, recommended = write_recommendations(lake, as_of, arguments.model)
        recommended_line = f"{recommended:,} recommendations"
    rows_written = stored + recommended
    lines = (popular_line, recommended_line)
    return JobReport(rows_in=rows_written, rows_out=rows_written, summary=lines, as_of=as_of, model_version=number)


def _newer_rows(lake: Lakehouse, table: Table, as_of: date) -> str:
    """Say that a table holds rows of a later day that is delivered; empty where it may be replaced."""
    if not lake.exists(table):
        return ""
    stored: date | None = lake.read(table).agg(F.max("as_of")).collect()[0][0]
    newest = last_delivered_day(lake)
    if stored is None or newest is None or not as_of < stored <= newest:
        return ""
    return f"{table.full_name} stays as of {stored}: {as_of} is an older day, and offers choose from the newest"


def fill_cache(lake: Lakehouse) -> int:
    """Put the popular products into Redis; returns how many contexts, 0 where there is none."""
    client = connect_redis(lake.settings.resolve_secret(lake.settings.redis_url))
    if client is None:
        return 0
    popular: dict[str, list[str]] = {}
    for row in lake.read(OFFER_POPULAR).orderBy("context", "rank").collect():
        popular.setdefault(row.context, []).append(row.product_id)
    store_popular(client, lake.catalog, popular)
    return len(popular)


def write_recommendations(lake: Lakehouse, as_of: date, wanted: str) -> tuple[str | None, int]:
    """Replace gold.offer_recommendations; a catalog that never had a champion has none, and that is no error.

    Args:
        lake: The tables of the catalog.
        as_of: Last day of the purchases that are looked at.
        wanted: The version, see `versions.resolve`.

    Returns:
        The version that made them, and how many rows there are.
    """
    from basketry.domains.offers import train_recommender

    name = registry.registered_name(lake.catalog, RECOMMENDATIONS_MODEL.name)
    if wanted == registry.CHAMPION and registry.alias_version(name, registry.CHAMPION) is None:
        return None, 0
    [choice] = versions.resolve(lake, train_recommender.LOADER, wanted, [as_of])
    model = choice.version.recommender
    first = as_of - timedelta(days=train_recommender.HISTORY_DAYS)
    purchases = train_recommender.read_purchases(lake, first, as_of)
    top = model.top(purchases.counts_of(model.products))
    count, length = top.shape
    table = pa.table(
        {
            "customer_id": np.repeat(np.array(purchases.shoppers, dtype=object), length),
            "rank": pa.array(np.tile(np.arange(1, length + 1), count), pa.int32()),
            "product_id": np.array(model.products, dtype=object)[top].reshape(-1),
            "score": np.tile(np.linspace(1, 0, length, endpoint=False), count),
            "as_of": pa.array([as_of] * top.size, pa.date32()),
            "model_version": [choice.version.number] * top.size,
        }
    )
    lake.replace(OFFER_RECOMMENDATIONS, lake.spark.createDataFrame(table), "true")
    return choice.version.number, top.size


def popular_products(order_lines: DataFrame, products: DataFrame, as_of: date) -> DataFrame:
    """Make the rows of gold.offer_popular: products by the orders of the last 90 days that hold them and the context.

    A tie goes to the lesser product id, so that the same input gives the same rows.
    """
    recent = order_lines.where("line_kind = 'sale' AND status <> 'cancelled' AND product_id IS NOT NULL").where(
        (F.col("order_date") <= F.lit(as_of)) & (F.col("order_date") > F.date_sub(F.lit(as_of), _DAYS))
    )
    category = F.coalesce("category", F.lit(WITHOUT_CATEGORY)).alias("context")
    ordered = recent.select("order_id", "product_id").distinct()
    ordered = ordered.join(products.select("product_id", category), "product_id")
    contexts = ordered.select("order_id", "context").distinct()
    beside = ordered.select("order_id", "product_id").join(contexts, "order_id").groupBy("context", "product_id")
    orders = F.count("*").alias("orders")
    by_context = beside.agg(orders)
    overall = ordered.groupBy("product_id").agg(orders).withColumn("context", F.lit(WHOLE_SHOP))
    most_orders = Window.partitionBy("context").orderBy(F.desc("orders"), "product_id")
    ranked = by_context.unionByName(overall).withColumn("rank", F.row_number().over(most_orders))
    return ranked.where(F.col("rank") <= WIDTH).withColumn("as_of", F.lit(as_of))


def write_popular(lake: Lakehouse, as_of: date) -> int:
    """Replace gold.offer_popular by what is popular as of a day; returns its rows."""
    return lake.replace(OFFER_POPULAR, popular_products(lake.read(ORDER_LINES), lake.read(PRODUCTS), as_of), "true")


def ensure_popular(lake: Lakehouse) -> None:
    """Write popular products, as of the newest order, for a catalog that never had any."""
    if not lake.version(OFFER_POPULAR):  # 0: whoever made the table was killed before its first rows
        write_popular(lake, last_delivered_day(lake) or date.min)  # without a line that counts there are no rows either
