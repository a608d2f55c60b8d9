"""Reads what training needs: which dates and categories, then rows of inputs and labels as one pandas frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry.domains.propensity.dates import HORIZON, Dates, split_dates
from basketry.domains.propensity.inputs import BASELINE, DEFINITION, KEYS, LABEL, Definition
from basketry.domains.propensity.settings import PropensitySettings
from basketry.errors import BadInputError
from basketry.features.read import labels, pair_inputs
from basketry.lake.lakehouse import Lakehouse
from basketry.retail.sampling import sampled
from basketry.tables import (
    CATEGORY_FEATURES,
    CUSTOMER_CATEGORY_FEATURES,
    CUSTOMER_FEATURES,
    FEATURE_DATES,
    SCORED_CATEGORIES,
    propensity_wide,
)

LEAST_HISTORY = 30
"""Days of history that a training date needs, or its features say nothing."""

_LEVELS = {"customer": CUSTOMER_FEATURES, "category": CATEGORY_FEATURES, "pair": CUSTOMER_CATEGORY_FEATURES}


@dataclass(frozen=True)
class Plan:
    """What a training reads: the splits, the categories, the share of customers, and lines about what it leaves out."""

    dates: Dates
    categories: tuple[str, ...]
    share: float
    notes: tuple[str, ...]


def plan(lake: Lakehouse, as_of: date, settings: PropensitySettings) -> Plan:
    """The dates whose history is long enough, and the categories chosen by then; BadInputError when none is."""
    dates = split_dates(as_of, settings)
    first_sale, customers = _history(lake)
    kept = tuple(day for day in dates.train if (day - first_sale).days + 1 >= LEAST_HISTORY)
    notes = []
    if not kept:
        needed = (as_of - max(dates.train)).days + LEAST_HISTORY
        raise BadInputError(
            f"training as of {as_of} needs {needed} days of order lines up to then and there are"
            f" {max(0, (as_of - first_sale).days + 1)}, the first on {first_sale}: load more history or wait."
        )
    if len(kept) < len(dates.train):
        notes.append(
            f"{len(kept)} of {len(dates.train)} training dates have {LEAST_HISTORY} days of history: used these"
        )
    share = min(1.0, settings.customers / max(1, customers))
    if share < 1:
        notes.append(f"{settings.customers:,} of {customers:,} customers train, validate and test")
    categories = _categories(lake, dates.test)
    propensity_wide(categories)  # refuses two categories that could not be told apart in a column or a metric
    return Plan(replace(dates, train=kept), categories, share, tuple(notes))


def _history(lake: Lakehouse) -> tuple[date, int]:
    """Day of the first sale, and the most customers of any stored date."""
    first = F.min(F.expr("date_sub(as_of, history_days - 1)"))
    row = lake.read(FEATURE_DATES).agg(first.alias("first"), F.max("customers").alias("customers")).collect()[0]
    if row.first is None:
        raise BadInputError(f"no features of catalog {lake.catalog} are stored: run the features job for its dates.")
    return row.first, int(row.customers)


def _categories(lake: Lakehouse, as_of: date) -> tuple[str, ...]:
    """The newest choice up to that day, so that the test period has no say; before any choice the first one."""
    choices: dict[date, list[tuple[int, str]]] = {}
    for row in lake.read(SCORED_CATEGORIES).collect():
        choices.setdefault(row.chosen_as_of, []).append((row.position, row.category))
    if not choices:
        raise BadInputError(f"no categories of catalog {lake.catalog} are chosen: run the features job.")
    known = [day for day in choices if day <= as_of]
    chosen = choices[max(known) if known else min(choices)]
    return tuple(category for _, category in sorted(chosen))


def absent_columns(definition: Definition) -> tuple[str, ...]:
    """Stored features that a definition needs and that are declared no more."""
    known = {f"{level}_{column.name}" for level, table in _LEVELS.items() for column in table.columns}
    return tuple(name for name in definition.columns if name not in known)


def input_rows(
    lake: Lakehouse, dates: Sequence[date], categories: Sequence[str], definition: Definition, *more: Definition
) -> DataFrame:
    """Keys and the inputs of all these definitions, a row a date, customer and category."""
    together = (definition, *more)
    columns = sorted({name for one in together for name in one.columns})
    rows = pair_inputs(lake, list(dates), list(categories), columns)
    return rows.selectExpr(*KEYS, *(item for one in together for item in one.select()))


def labelled_rows(lake: Lakehouse, given: Plan, dates: Sequence[date], *definitions: Definition) -> pd.DataFrame:
    """Rows of these dates with `bought` beside the inputs, in a fixed order; the model's own inputs by default."""
    definitions = definitions or (DEFINITION, BASELINE)
    inputs = sampled(input_rows(lake, dates, given.categories, *definitions), given.share)
    came_true = labels(lake, list(dates), list(given.categories), days=HORIZON).withColumn(LABEL, F.lit(1))
    joined = inputs.join(came_true, list(KEYS), "left").fillna(0, [LABEL])
    frame: pd.DataFrame = joined.toArrow().to_pandas()
    frame[LABEL] = frame[LABEL].astype("int8")
    return frame.sort_values(list(KEYS), ignore_index=True)


def split_rows(rows: pd.DataFrame, dates: Dates) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Training, validation and test rows."""
    days = rows["as_of"]
    parts = (days < dates.validation, days == dates.validation, days == dates.test)
    first, second, third = (rows[part].reset_index(drop=True) for part in parts)
    return first, second, third
