"""Which categories are scored: those that the catalog names, or the most bought ones as of a day.

In include/catalogs/<catalog>.yaml, either of:

    propensity: {categories: [Tea, Coffee]}
    propensity: {top: 10}
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry.config.catalogs import Wish, load_wish
from basketry.config.documents import nearest
from basketry.errors import BadInputError
from basketry.lake.lakehouse import Lakehouse
from basketry.tables import PRODUCTS, SCORED_CATEGORIES, propensity_wide


def newest_choice(lake: Lakehouse) -> tuple[str, ...]:
    """The categories of the newest choice in order, none before the first."""
    if not lake.exists(SCORED_CATEGORIES):
        return ()
    rows = lake.read(SCORED_CATEGORIES).collect()
    newest = max((row.chosen_as_of for row in rows), default=None)
    chosen = sorted((row.position, row.category) for row in rows if row.chosen_as_of == newest)
    return tuple(category for _, category in chosen)


def choose(lake: Lakehouse, baskets: DataFrame, as_of: date) -> list[tuple[date, str, int, int]]:
    """The rows of gold.scored_categories for a choice as of a day. baskets: `core.baskets_by_category` up to that day.

    BadInputError when the catalog names a category that no product has, or when two would share a column of scores.
    """
    wish: Wish = load_wish(lake.catalog, lake.settings.include)
    counts = {row.category: int(row.baskets) for row in baskets.collect()}
    if wish.categories:
        _check(wish.categories, set(counts) | _categories_of_products(lake), lake.catalog)
        chosen = wish.categories
    else:
        chosen = tuple(sorted(counts, key=lambda name: (-counts[name], name))[: wish.top])
    propensity_wide(chosen)
    return [(as_of, name, counts.get(name, 0), place) for place, name in enumerate(chosen, 1)]


def _categories_of_products(lake: Lakehouse) -> set[str]:
    if not lake.exists(PRODUCTS):
        return set()
    return {
        row.name
        for row in lake.read(PRODUCTS).select(F.trim("category").alias("name")).distinct().collect()
        if row.name
    }


def _check(categories: tuple[str, ...], known: set[str], catalog: str) -> None:
    for name in categories:
        if name not in known:
            hint = nearest(name, known) if known else "load products first."
            raise BadInputError(f"include/catalogs/{catalog}.yaml scores the unknown category '{name}'; {hint}")
