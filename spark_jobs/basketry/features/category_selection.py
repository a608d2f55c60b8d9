"""Which categories are scored: those that the catalog names, or the most bought ones as of a day.

In include/catalogs/<catalog>.yaml, either of:

::

    propensity: {categories: [Tea, Coffee]}
    propensity: {top: 10}
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry.config.catalogs import CategorySelection, load_category_selection
from basketry.config.documents import did_you_mean
from basketry.errors import BadInputError
from basketry.lake.lakehouse import Lakehouse
from basketry.tables import PRODUCTS, SCORED_CATEGORIES, propensity_wide


def newest_scored_categories(lake: Lakehouse) -> tuple[str, ...]:
    """Return the newest selected categories in order; none before the first selection."""
    if not lake.exists(SCORED_CATEGORIES):
        return ()
    rows = lake.read(SCORED_CATEGORIES).collect()
    newest = max((row.chosen_as_of for row in rows), default=None)
    selected = sorted((row.position, row.category) for row in rows if row.chosen_as_of == newest)
    return tuple(category for _, category in selected)


def select_categories(lake: Lakehouse, baskets: DataFrame, as_of: date) -> list[tuple[date, str, int, int]]:
    """Return the rows of gold.scored_categories for a selection as of a day.

    Args:
        lake: The lake, whose catalog says what is to be selected.
        baskets: The result of `core.baskets_by_category` up to that day.
        as_of: The day of the selection.

    Raises:
        BadInputError: The catalog names a category that no product has, or two of them would share a column of scores.
    """
    selection: CategorySelection = load_category_selection(lake.catalog, lake.settings.include)
    counts = {row.category: int(row.baskets) for row in baskets.collect()}
    if selection.categories:
        _check(selection.categories, set(counts) | _categories_of_products(lake), lake.catalog)
        categories = selection.categories
    else:
        most_bought = sorted(counts, key=lambda name: (-counts[name], name))
        categories = tuple(most_bought[: selection.top])
    propensity_wide(categories)
    return [(as_of, name, counts.get(name, 0), position) for position, name in enumerate(categories, 1)]


def _categories_of_products(lake: Lakehouse) -> set[str]:
    if not lake.exists(PRODUCTS):
        return set()
    return {
        row.name
        for row in lake.read(PRODUCTS).select(F.trim("category").alias("name")).distinct().collect()
        if row.name
    }


def _check(categories: tuple[str, ...], existing: set[str], catalog: str) -> None:
    for name in categories:
        if name not in existing:
            hint = did_you_mean(name, existing) if existing else "load products first."
            raise BadInputError(f"include/catalogs/{catalog}.yaml scores the unknown category '{name}'; {hint}")
