"""The data of a training: which dates and categories, then rows of inputs and labels as one pandas frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry.domains.propensity.dates import HORIZON, SplitDates, split_dates
from basketry.domains.propensity.inputs import BASELINE, DEFINITION, KEYS, LABEL, InputDefinition
from basketry.domains.propensity.settings import PropensitySettings
from basketry.errors import BadInputError
from basketry.features.read import pair_inputs, purchase_labels
from basketry.lake.lakehouse import Lakehouse
from basketry.retail.sampling import sample_customers
from basketry.tables import (
    CATEGORY_FEATURES,
    CUSTOMER_CATEGORY_FEATURES,
    CUSTOMER_FEATURES,
    FEATURE_DATES,
    SCORED_CATEGORIES,
    propensity_wide,
)

MIN_HISTORY_DAYS = 30
"""Days of history that a training date needs, or its features say nothing."""

_LEVELS = {"customer": CUSTOMER_FEATURES, "category": CATEGORY_FEATURES, "pair": CUSTOMER_CATEGORY_FEATURES}


@dataclass(frozen=True)
class TrainingPlan:
    """What a training reads.

    Attributes:
        dates: The as-of dates of the splits.
        categories: The categories that are scored.
        share: The share of customers that are read.
        notes: Sentences about what is left out.
    """

    dates: SplitDates
    categories: tuple[str, ...]
    share: float
    notes: tuple[str, ...]


def plan_training(lake: Lakehouse, as_of: date, settings: PropensitySettings) -> TrainingPlan:
    """Return the dates whose history is long enough, and the categories that were selected by then.

    Raises:
        BadInputError: No date has enough history, or no category is selected.
    """
    dates = split_dates(as_of, settings)
    first_sale, customers = _history(lake)
    usable = tuple(day for day in dates.train if (day - first_sale).days + 1 >= MIN_HISTORY_DAYS)
    notes = []
    if not usable:
        needed = (as_of - max(dates.train)).days + MIN_HISTORY_DAYS
        raise BadInputError(
            f"training as of {as_of} needs {needed} days of order lines up to then and there are"
            f" {max(0, (as_of - first_sale).days + 1)}, the first on {first_sale}: load more history or wait."
        )
    if len(usable) < len(dates.train):
        notes.append(
            f"{len(usable)} of {len(dates.train)} training dates have {MIN_HISTORY_DAYS} days of history: used these"
        )
    share = min(1.0, settings.training.customers / max(1, customers))
    if share < 1:
        notes.append(f"{settings.training.customers:,} of {customers:,} customers train, validate and test")
    categories = _categories(lake, dates.test)
    propensity_wide(categories)  # refuses two categories that could not be told apart in a column or a metric
    return TrainingPlan(replace(dates, train=usable), categories, share, tuple(notes))


def _history(lake: Lakehouse) -> tuple[date, int]:
    """Return the day of the first sale, and the most customers of any stored date."""
    first = F.min(F.expr("date_sub(as_of, history_days - 1)"))
    row = lake.read(FEATURE_DATES).agg(first.alias("first"), F.max("customers").alias("customers")).collect()[0]
    if row.first is None:
        raise BadInputError(f"no features of catalog {lake.catalog} are stored: run the features job for its dates.")
    return row.first, int(row.customers)


def _categories(lake: Lakehouse, as_of: date) -> tuple[str, ...]:
    """Return the newest selection up to that day, so that the test period has no say; before any selection the first one."""
    selections: dict[date, list[tuple[int, str]]] = {}
    for row in lake.read(SCORED_CATEGORIES).collect():
        selections.setdefault(row.chosen_as_of, []).append((row.position, row.category))
    if not selections:
        raise BadInputError(f"no categories of catalog {lake.catalog} are chosen: run the features job.")
    days = [day for day in selections if day <= as_of]
    selection = selections[max(days) if days else min(selections)]
    return tuple(category for _, category in sorted(selection))


def absent_columns(definition: InputDefinition) -> tuple[str, ...]:
    """Return the stored features that a definition needs and that are no longer declared."""
    declared = {f"{level}_{column.name}" for level, table in _LEVELS.items() for column in table.columns}
    return tuple(name for name in definition.columns if name not in declared)


def input_rows(
    lake: Lakehouse, dates: Sequence[date], categories: Sequence[str], *definitions: InputDefinition
) -> DataFrame:
    """Return the keys and the inputs of all these definitions: one row per date, customer and category."""
    columns = sorted({name for definition in definitions for name in definition.columns})
    rows = pair_inputs(lake, list(dates), list(categories), columns)
    return rows.selectExpr(*KEYS, *(item for definition in definitions for item in definition.select()))


def labelled_rows(
    lake: Lakehouse, plan: TrainingPlan, dates: Sequence[date], *definitions: InputDefinition
) -> pd.DataFrame:
    """Return the rows of these dates with `bought` beside the inputs, in a fixed order.

    Args:
        lake: The lake.
        plan: The plan of the training, which says the categories and the share of customers.
        dates: As-of dates.
        *definitions: The inputs; by default the model's own and those of the baselines.
    """
    definitions = definitions or (DEFINITION, BASELINE)
    inputs = sample_customers(input_rows(lake, dates, plan.categories, *definitions), plan.share)
    labels = purchase_labels(lake, list(dates), list(plan.categories), days=HORIZON).withColumn(LABEL, F.lit(1))
    joined = inputs.join(labels, list(KEYS), "left").fillna(0, [LABEL])
    frame: pd.DataFrame = joined.toArrow().to_pandas()
    frame[LABEL] = frame[LABEL].astype("int8")
    return frame.sort_values(list(KEYS), ignore_index=True)


def split_rows(rows: pd.DataFrame, dates: SplitDates) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return training, validation and test rows."""
    days = rows["as_of"]
    parts = (days < dates.validation, days == dates.validation, days == dates.test)
    first, second, third = (rows[part].reset_index(drop=True) for part in parts)
    return first, second, third
