"""What decisions are made from, read once a run: products, shoppers, recommendations, propensities, opt-outs, purchases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
from pyspark.sql import functions as F

from basketry.domains.offers.settings import OfferSettings
from basketry.domains.offers.shop import (
    NONE,
    PRODUCT_COLUMNS,
    Assortment,
    Floats,
    Ints,
    PopularProducts,
    ShopperKnowledge,
)
from basketry.lake.lakehouse import Lakehouse
from basketry.retail.channels import withdrawn_channel_column
from basketry.retail.coverage import last_delivered_day
from basketry.tables import (
    ALL_CHANNELS,
    CUSTOMERS,
    OFFER_POPULAR,
    OFFER_RECOMMENDATIONS,
    OPT_OUTS,
    ORDER_LINES,
    PRODUCTS,
    PROPENSITY_SCORES,
    Table,
)

INPUTS = (PRODUCTS, CUSTOMERS, ORDER_LINES, OPT_OUTS, PROPENSITY_SCORES, OFFER_RECOMMENDATIONS, OFFER_POPULAR)
WIDTH = 24
"""Popular products stored beside each category."""


def offer_input_versions(lake: Lakehouse) -> dict[str, int]:
    """Return the Delta version of every input that exists."""
    versions = {table.full_name: lake.version(table) for table in INPUTS}
    return {name: version for name, version in versions.items() if version is not None}


def read_assortment(lake: Lakehouse) -> Assortment:
    """Read all products.

    Raises:
        BadInputError: There are none yet.
    """
    return Assortment.from_rows(lake.read(PRODUCTS).select(*PRODUCT_COLUMNS).toArrow())


def read_knowledge(lake: Lakehouse, shop: Assortment, settings: OfferSettings) -> ShopperKnowledge:
    """Read what is known about every customer; what was never computed for a catalog is empty, not an error."""
    shoppers = tuple(sorted(row[0] for row in lake.read(CUSTOMERS).select("customer_id").collect()))
    shopper_rows = {name: number for number, name in enumerate(shoppers)}
    recommended, scores = _read_recommendations(lake, shop, shopper_rows, max(settings.candidates.recommended, 1))
    return ShopperKnowledge(
        shoppers=shoppers,
        recommended=recommended,
        scores=scores,
        propensity=_read_propensity(lake, shop, shopper_rows),
        opted_out=read_opted_out(lake),
        bought=_read_bought(lake, shop, shopper_rows, settings.eligibility.not_bought_days),
    )


def read_popular(lake: Lakehouse, shop: Assortment) -> PopularProducts:
    """Read popular products from gold.offer_popular."""
    products = np.full((len(shop.categories) + 1, WIDTH), NONE, dtype=np.int64)
    rows = lake.read(OFFER_POPULAR).where(F.col("rank") <= WIDTH).select("context", "rank", "product_id").toArrow()
    context_rows = _positions_of(shop.categories) | {"": len(shop.categories)}
    for context, rank, product in zip(*(rows[name].to_pylist() for name in rows.column_names), strict=True):
        if context in context_rows:
            products[context_rows[context], rank - 1] = shop.position.get(product, NONE)
    return PopularProducts(products)


def _read_recommendations(
    lake: Lakehouse, shop: Assortment, shopper_rows: Mapping[str, int], width: int
) -> tuple[Ints, Floats]:
    products = np.full((len(shopper_rows) + 1, width), NONE, dtype=np.int64)
    scores = np.zeros(products.shape)
    if lake.exists(OFFER_RECOMMENDATIONS):
        stored = lake.read(OFFER_RECOMMENDATIONS).where(F.col("rank") <= width)
        rows = stored.select("customer_id", "rank", "product_id", "score").toArrow()
        shopper = _look_up(rows, "customer_id", shopper_rows)
        product = _look_up(rows, "product_id", shop.position)
        rank, exists = np.asarray(rows["rank"]) - 1, (shopper >= 0) & (product >= 0)
        products[shopper[exists], rank[exists]] = product[exists]
        scores[shopper[exists], rank[exists]] = np.asarray(rows["score"])[exists]
    return products, scores


def _read_propensity(lake: Lakehouse, shop: Assortment, shopper_rows: Mapping[str, int]) -> Floats:
    propensity = np.zeros((len(shopper_rows) + 1, len(shop.categories)))
    if lake.exists(PROPENSITY_SCORES):
        stored = lake.read(PROPENSITY_SCORES)
        newest = stored.agg(F.max("as_of")).collect()[0][0]
        stored = stored.where(F.col("as_of") == F.lit(newest))
        rows = stored.select("customer_id", "category", "probability").toArrow()
        shopper = _look_up(rows, "customer_id", shopper_rows)
        category = _look_up(rows, "category", _positions_of(shop.categories))
        exists = (shopper >= 0) & (category >= 0)
        propensity[shopper[exists], category[exists]] = np.asarray(rows["probability"])[exists]
    return propensity


def read_opted_out(lake: Lakehouse) -> frozenset[str]:
    """Read who wants to hear nothing at all: `all`, and every word that is not understood.

    Who opted out of calls or mails may still be shown offers in the shop.
    """
    if not lake.exists(OPT_OUTS):
        return frozenset()
    rows = lake.read(OPT_OUTS).where(withdrawn_channel_column(F.col("channel")) == ALL_CHANNELS).select("customer_id")
    return frozenset(row[0] for row in rows.collect())


def _read_bought(lake: Lakehouse, shop: Assortment, shopper_rows: Mapping[str, int], days: int) -> Ints:
    """Read (shopper, product, last day from 1970) of the purchases of the last days."""
    if not lake.exists(ORDER_LINES):
        return np.zeros((0, 3), dtype=np.int64)
    sales = lake.read(ORDER_LINES).where("line_kind = 'sale' AND status <> 'cancelled' AND product_id IS NOT NULL")
    recent = sales.where(F.col("order_date") > F.date_sub(F.lit(last_delivered_day(lake)), days)).where(
        "customer_id IS NOT NULL"
    )
    last = F.unix_date(F.max("order_date")).cast("bigint").alias("day")
    rows = recent.groupBy("customer_id", "product_id").agg(last).toArrow()
    shopper, product = _look_up(rows, "customer_id", shopper_rows), _look_up(rows, "product_id", shop.position)
    bought = np.column_stack([shopper, product, np.asarray(rows["day"], dtype=np.int64)])
    return np.asarray(bought[(shopper >= 0) & (product >= 0)], dtype=np.int64)


def _positions_of(names: Sequence[str]) -> dict[str, int]:
    return {name: number for number, name in enumerate(names)}


def _look_up(rows: pa.Table, column: str, positions: Mapping[str, int]) -> Ints:
    """Return the position of each value of a column, -1 for none."""
    return np.array([positions.get(value, NONE) for value in rows[column].to_pylist()], dtype=np.int64)


def require_tables(lake: Lakehouse, tables: Sequence[Table]) -> None:
    """Refuse to go on without these tables.

    Raises:
        BadInputError: One of them does not exist yet.
    """
    for table in tables:
        lake.read(table)
