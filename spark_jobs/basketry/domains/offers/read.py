"""What decisions are made from, read once a run: products, shoppers, recommendations, propensities, opt-outs, purchases."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from pyspark.sql import functions as F

from basketry.domains.offers.settings import OfferSettings
from basketry.domains.offers.shop import NONE, PRODUCT_COLUMNS, Assortment, Floats, Ints, Knowledge, Popular
from basketry.lake.lakehouse import Lakehouse
from basketry.retail.channels import channel_meant
from basketry.retail.coverage import last_day
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
"""Popular products kept beside each category."""


def versions(lake: Lakehouse) -> dict[str, int]:
    """Delta version of every input that exists."""
    found = {table.full_name: lake.version(table) for table in INPUTS}
    return {name: version for name, version in found.items() if version is not None}


def assortment(lake: Lakehouse) -> Assortment:
    """All products by their id; BadInputError when there are none yet."""
    return Assortment.of(lake.read(PRODUCTS).select(*PRODUCT_COLUMNS).toArrow())


def knowledge(lake: Lakehouse, shop: Assortment, settings: OfferSettings) -> Knowledge:
    """What is known of every customer. What was never computed for a catalog is empty, not an error."""
    shoppers = tuple(sorted(row[0] for row in lake.read(CUSTOMERS).select("customer_id").collect()))
    place = {name: number for number, name in enumerate(shoppers)}
    recommended, scores = _recommendations(lake, shop, place, max(settings.recommended, 1))
    return Knowledge(
        shoppers,
        recommended,
        scores,
        _propensity(lake, shop, place),
        _opted_out(lake),
        _bought(lake, shop, place, settings.not_bought_days),
    )


def popular(lake: Lakehouse, shop: Assortment) -> Popular:
    """From gold.offer_popular."""
    table = np.full((len(shop.categories) + 1, WIDTH), NONE, dtype=np.int64)
    rows = lake.read(OFFER_POPULAR).where(F.col("rank") <= WIDTH).select("context", "rank", "product_id").toArrow()
    at = {**{name: number for number, name in enumerate(shop.categories)}, "": len(shop.categories)}
    for context, rank, product in zip(*(rows[name].to_pylist() for name in rows.column_names), strict=True):
        if context in at:
            table[at[context], rank - 1] = shop.position.get(product, NONE)
    return Popular(table)


def _recommendations(lake: Lakehouse, shop: Assortment, place: Mapping[str, int], width: int) -> tuple[Ints, Floats]:
    products = np.full((len(place) + 1, width), NONE, dtype=np.int64)
    scores = np.zeros(products.shape)
    if lake.exists(OFFER_RECOMMENDATIONS):
        rows = lake.read(OFFER_RECOMMENDATIONS).where(F.col("rank") <= width)
        found = rows.select("customer_id", "rank", "product_id", "score").toArrow()
        who = _places(found, "customer_id", place)
        what = _places(found, "product_id", shop.position)
        rank, known = np.asarray(found["rank"]) - 1, (who >= 0) & (what >= 0)
        products[who[known], rank[known]] = what[known]
        scores[who[known], rank[known]] = np.asarray(found["score"])[known]
    return products, scores


def _propensity(lake: Lakehouse, shop: Assortment, place: Mapping[str, int]) -> Floats:
    likely = np.zeros((len(place) + 1, len(shop.categories)))
    if lake.exists(PROPENSITY_SCORES):
        rows = lake.read(PROPENSITY_SCORES)
        newest = rows.agg(F.max("as_of")).collect()[0][0]
        found = rows.where(F.col("as_of") == F.lit(newest)).select("customer_id", "category", "probability").toArrow()
        who = _places(found, "customer_id", place)
        what = _places(found, "category", {name: number for number, name in enumerate(shop.categories)})
        known = (who >= 0) & (what >= 0)
        likely[who[known], what[known]] = np.asarray(found["probability"])[known]
    return likely


def _opted_out(lake: Lakehouse) -> frozenset[str]:
    """Who wants to hear nothing at all: `all`, and every word that is not understood.

    Who opted out of calls or mails may still be shown offers in the shop.
    """
    if not lake.exists(OPT_OUTS):
        return frozenset()
    rows = lake.read(OPT_OUTS).where(channel_meant(F.col("channel")) == ALL_CHANNELS).select("customer_id")
    return frozenset(row[0] for row in rows.collect())


def _bought(lake: Lakehouse, shop: Assortment, place: Mapping[str, int], days: int) -> Ints:
    """(shopper, product, last day from 1970) of purchases of the last days that order lines tell of."""
    if not lake.exists(ORDER_LINES):
        return np.zeros((0, 3), dtype=np.int64)
    lines = lake.read(ORDER_LINES).where("line_kind = 'sale' AND status <> 'cancelled' AND product_id IS NOT NULL")
    recent = lines.where(F.col("order_date") > F.date_sub(F.lit(last_day(lake)), days)).where("customer_id IS NOT NULL")
    last = F.unix_date(F.max("order_date")).cast("bigint").alias("day")
    found = recent.groupBy("customer_id", "product_id").agg(last).toArrow()
    who, what = _places(found, "customer_id", place), _places(found, "product_id", shop.position)
    rows = np.column_stack([who, what, np.asarray(found["day"], dtype=np.int64)])
    return np.asarray(rows[(who >= 0) & (what >= 0)], dtype=np.int64)


def _places(rows: pa.Table, name: str, place: Mapping[str, int]) -> Ints:
    return np.array([place.get(value, NONE) for value in rows[name].to_pylist()], dtype=np.int64)


def needed(lake: Lakehouse, tables: tuple[Table, ...]) -> None:
    """BadInputError when one of the tables does not exist yet."""
    for table in tables:
        lake.read(table)
