"""From what is known of products to one decision each. Pure: pandas in, pandas out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from basketry.domains.decisions.prices import what_if
from basketry.domains.decisions.rules import (
    AMOUNT,
    BUCKETS,
    HIGH,
    LOW,
    MEDIUM,
    UNKNOWN,
    BandedMeasure,
    DecisionRule,
    DecisionRules,
)

NO_ACTION = "none"
_NO_REASON = "too little history: no forecast, no action"
_WEEKS = 4
DECISION_COLUMNS = (
    "product_id",
    "product",
    "department",
    "category",
    "predicted_revenue",
    "low_90",
    "high_90",
    "bucket",
    "action",
    "rule",
    "reason",
    "measured",
    "expected_worth",
    "model_version",
)


def bucket_limits(revenues: pd.Series, rules: DecisionRules) -> tuple[float, float]:
    """Return the expected revenue from which a product is High, and from which Medium, given the whole catalog's."""
    if rules.buckets.by == AMOUNT:
        return rules.buckets.high_from, rules.buckets.medium_from
    forecast = revenues.dropna()
    if not len(forecast):
        return float("inf"), float("inf")
    return float(forecast.quantile(rules.buckets.high_from)), float(forecast.quantile(rules.buckets.medium_from))


def buckets(revenues: pd.Series, limits: tuple[float, float]) -> pd.Series:
    """Return High, Medium or Low; nothing is expected of a product at 0, which is Low; None without a forecast."""
    high, medium = limits
    earns = revenues > 0
    names = np.select([earns & (revenues >= high), earns & (revenues >= medium)], [HIGH, MEDIUM], LOW).astype(object)
    names[revenues.isna().to_numpy()] = None
    return pd.Series(names, revenues.index, dtype=object)


def derive_measures(products: pd.DataFrame, rules: DecisionRules) -> pd.DataFrame:
    """Return what measures are made from, by name; nan where it is unknown.

    Args:
        products: One row per product with predicted_revenue, revenue_28d, price_28d, price_91d, units_available,
            elasticity, standard_error, average_rating, return_rate_91d, trend_28d and discount_depth_91d.
        rules: The error beyond which an elasticity is unknown.
    """
    numbers = products.astype({name: "float64" for name in _NUMBERS if name in products})
    revenue = numbers["predicted_revenue"]
    price = numbers["price_28d"].fillna(numbers["price_91d"])
    weekly_units = (revenue / _WEEKS / price).where(price > 0)
    sure = numbers["standard_error"] <= rules.price.largest_standard_error
    return pd.DataFrame(
        {
            "outlook": (revenue / numbers["revenue_28d"]).where(numbers["revenue_28d"] > 0),
            "weeks_of_stock": (numbers["units_available"] / weekly_units).where(weekly_units > 0),
            "elasticity": numbers["elasticity"].where(sure),
            "average_rating": numbers["average_rating"],
            "return_rate": numbers["return_rate_91d"],
            "trend": numbers["trend_28d"],
            "discount_depth": numbers["discount_depth_91d"],
        }
    )


_NUMBERS = (
    "predicted_revenue",
    "low_90",
    "high_90",
    "revenue_28d",
    "price_28d",
    "price_91d",
    "units_available",
    "elasticity",
    "standard_error",
    "average_rating",
    "return_rate_91d",
    "trend_28d",
    "discount_depth_91d",
)


def band(values: pd.Series, measure: BandedMeasure) -> pd.Series:
    """Return the band of each value; a value at an edge belongs to the band above it."""
    if measure.source == "bucket":
        return values
    names = np.array([*measure.bands], dtype=object)
    positions = np.searchsorted(np.array(measure.edges), values.fillna(0.0).to_numpy(float), side="right")
    return pd.Series(np.where(values.isna(), UNKNOWN, names[positions]), values.index, dtype=object)


def decide_products(products: pd.DataFrame, rules: DecisionRules, limits: tuple[float, float]) -> pd.DataFrame:
    """Return one decision per product, columns DECISION_COLUMNS; a product without a forecast has no action.

    Args:
        products: The columns that `derive_measures` needs, and product_id, product, department, category, low_90, high_90
            and model_version.
        rules: The rules.
        limits: The result of `bucket_limits`.
    """
    products = products.reset_index(drop=True)
    bucket = buckets(products["predicted_revenue"].astype("float64"), limits)
    numbers = derive_measures(products, rules)
    sources = numbers.assign(bucket=bucket)
    bands = {measure.name: band(sources[measure.source], measure) for measure in rules.measures}
    decisions = products.assign(bucket=bucket, action=NO_ACTION, rule="", reason=_NO_REASON, expected_worth=np.nan)
    for name, rule in rules.rules_by_name.items():
        fits = bucket.notna()
        for measure, wanted in rule.when.items():
            fits &= bands[measure].isin(wanted)
        if fits.any():
            decisions.loc[fits, ["action", "rule"]] = [rule.action, name]
            decisions.loc[fits, "reason"] = _reasons(rule, rules, sources[fits], bands)
            decisions.loc[fits, "expected_worth"] = expected_worth(rule, products[fits], numbers[fits], rules)
    known_numbers = [_finite(row) for row in numbers.to_dict("records")]
    decisions["measured"] = pd.Series(known_numbers, decisions.index, dtype=object)
    return decisions[list(DECISION_COLUMNS)]


def _reasons(
    rule: DecisionRule, rules: DecisionRules, sources: pd.DataFrame, bands: Mapping[str, pd.Series]
) -> list[str]:
    """Return the rule's reason for each product, with every number that the rule looked at."""
    texts_by_measure = []
    for measure in rules.measures:
        if measure.name in rule.when:
            values, labels = sources[measure.source], bands[measure.name].loc[sources.index]
            texts_by_measure.append(
                [_measure_text(measure, value, label) for value, label in zip(values, labels, strict=True)]
            )
    return [f"{rule.reason} ({', '.join(texts)})" for texts in zip(*texts_by_measure, strict=True)]


def _measure_text(measure: BandedMeasure, value: object, label: str) -> str:
    if label == UNKNOWN or measure.source == "bucket":
        return f"{measure.name} {label}"
    return f"{measure.name} {label}: {value:.3g}"


def _finite(row: Mapping[object, float]) -> dict[str, float]:
    return {str(name): float(value) for name, value in row.items() if np.isfinite(value)}


def expected_worth(
    rule: DecisionRule, products: pd.DataFrame, numbers: pd.DataFrame, rules: DecisionRules
) -> np.ndarray:
    """Return what the action is expected to bring in 28 days, in money; nan where it cannot be determined.

    lost_sales: expected revenue that the stock cannot serve; lower_price, higher_price: the what-if less the forecast;
    promotion: the declared share of the forecast; nothing: 0.
    """
    revenue = products["predicted_revenue"].to_numpy(dtype=float)
    worth: np.ndarray = np.zeros(len(products))
    if rule.worth == "lost_sales":
        served = np.minimum(numbers["weeks_of_stock"].to_numpy(dtype=float) / _WEEKS, 1)
        worth = revenue * (1 - served)
    elif rule.worth == "promotion":
        worth = revenue * rules.promotion_uplift
    elif rule.worth in ("lower_price", "higher_price"):
        change = rules.price.change if rule.worth == "higher_price" else -rules.price.change
        at_other_price = what_if(
            revenue=revenue,
            low=products["low_90"].to_numpy(dtype=float),
            high=products["high_90"].to_numpy(dtype=float),
            elasticity=numbers["elasticity"].to_numpy(dtype=float),
            standard_error=products["standard_error"].to_numpy(dtype=float),
            change=change,
        )
        worth = at_other_price.revenue - revenue
    return worth


__all__ = [
    "BUCKETS",
    "DECISION_COLUMNS",
    "NO_ACTION",
    "band",
    "bucket_limits",
    "buckets",
    "decide_products",
    "derive_measures",
    "expected_worth",
]
