"""Forecasts as rows of gold.product_forecasts: one row per product, department or total, and period."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from basketry.domains.forecast.forecaster import MODEL, Forecaster
from basketry.domains.forecast.intervals import LEVELS
from basketry.domains.forecast.reconcile import Reconciled
from basketry.domains.forecast.series import PERIODS, Floats, Texts, periods_of

SCHEMA = (
    "level string, department string, category string, product_id string, first_day int, last_day int, revenue double,"
    " low_50 double, high_50 double, low_90 double, high_90 double, demand_class string, method string, basis string"
)
_NAMES = [part.split()[0] for part in SCHEMA.split(", ")]
_DAYS = np.array([(7 * (first - 1) + 1, 7 * last) for first, last in PERIODS])
RECONCILED = "reconciled"


def product_rows(base: pd.DataFrame, factors: Mapping[str, Floats], forecaster: Forecaster) -> pd.DataFrame:
    """Make the rows of products.

    Args:
        base: Rows of `score.base_forecasts`.
        factors: What each department's products are multiplied by: one factor per week ahead, by department.
        forecaster: The forecaster, for its intervals.
    """
    if not len(base):
        return pd.DataFrame(columns=_NAMES)
    weekly: Floats = np.array(base["weekly"].tolist(), dtype=np.float64)
    weekly = weekly * np.vstack([factors[name] for name in base["department"]])
    periods = periods_of(weekly)
    classes = base["demand_class"].to_numpy(dtype=object)
    bounds = forecaster.bounds(np.nan_to_num(periods), classes)
    names = ("department", "category", "product_id", "demand_class", "method", "basis")
    return _long("product", {name: base[name].to_numpy(dtype=object) for name in names}, periods, bounds)


def group_rows(names: Texts, reconciled: Reconciled, forecaster: Forecaster) -> pd.DataFrame:
    """Make the rows of the departments and the total."""
    levels = {
        "department": (names, reconciled.departments),
        "total": (np.array([""], dtype=object), reconciled.total[None]),
    }
    frames = []
    for level, (departments, weekly) in levels.items():
        periods = periods_of(weekly)
        fixed = {"category": "", "product_id": "", "demand_class": "", "method": RECONCILED, "basis": MODEL}
        texts = {name: np.full(len(departments), value, dtype=object) for name, value in fixed.items()}
        frames.append(_long(level, {"department": departments, **texts}, periods, forecaster.group_bounds(periods)))
    return pd.concat(frames, ignore_index=True)


def _long(
    level: str, texts: Mapping[str, Texts], periods: Floats, bounds: Mapping[float, tuple[Floats, Floats]]
) -> pd.DataFrame:
    count = len(periods)
    unknown = np.isnan(periods)
    columns: dict[str, Any] = {name: np.repeat(values, len(PERIODS)) for name, values in texts.items()}
    columns |= {"level": np.full(count * len(PERIODS), level, dtype=object), "revenue": periods.ravel()}
    columns |= {
        name: np.tile(_DAYS[:, end], count).astype(np.int32) for end, name in enumerate(("first_day", "last_day"))
    }
    for size in LEVELS:
        for end, values in zip(("low", "high"), bounds[size], strict=True):
            columns[f"{end}_{size * 100:.0f}"] = np.where(unknown, np.nan, values).ravel()
    for name in ("revenue", "low_50", "high_50", "low_90", "high_90"):
        columns[name] = pd.array(columns[name], dtype="Float64")  # null and not nan in the table
    return pd.DataFrame({name: columns[name] for name in _NAMES})
