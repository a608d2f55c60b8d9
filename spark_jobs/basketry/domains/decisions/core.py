"""From what is known of products to one decision each. Pure: pandas in, pandas out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from basketry.domains.decisions.prices import what_if
from basketry.domains.decisions.rules import AMOUNT, BUCKETS, HIGH, LOW, MEDIUM, UNKNOWN, Decisions, Measure, Rule

NO_ACTION = "none"
_NO_REASON = "too little history: no forecast, no action"
_WEEKS = 4
KEPT = (
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


def bucket_limits(revenues: pd.Series, rules: Decisions) -> tuple[float, float]:
    """Expected revenue from which a product is High, and from which Medium. revenues: of the whole catalog."""
    if rules.by == AMOUNT:
        return rules.high_from, rules.medium_from
    known = revenues.dropna()
    if not len(known):
        return float("inf"), float("inf")
    return float(known.quantile(rules.high_from)), float(known.quantile(rules.medium_from))


def buckets(revenues: pd.Series, limits: tuple[float, float]) -> pd.Series:
    """High, Medium or Low; nothing is expected of a product at 0, which is Low; None without a forecast."""
    high, medium = limits
    earns = revenues > 0
    found = np.select([earns & (revenues >= high), earns & (revenues >= medium)], [HIGH, MEDIUM], LOW).astype(object)
    found[revenues.isna().to_numpy()] = None
    return pd.Series(found, revenues.index, dtype=object)


def measured(products: pd.DataFrame, rules: Decisions) -> pd.DataFrame:
    """What measures are made from, by name; nan where it is unknown.

    products: a row a product with predicted_revenue, revenue_28d, price_28d, price_91d, units_available, elasticity,
    standard_error, average_rating, return_rate_91d, trend_28d, discount_depth_91d.
    """
    given = products.astype({name: "float64" for name in _NUMBERS if name in products})
    revenue = given["predicted_revenue"]
    price = given["price_28d"].fillna(given["price_91d"])
    weekly_units = (revenue / _WEEKS / price).where(price > 0)
    sure = given["standard_error"] <= rules.largest_standard_error
    return pd.DataFrame(
        {
            "outlook": (revenue / given["revenue_28d"]).where(given["revenue_28d"] > 0),
            "weeks_of_stock": (given["units_available"] / weekly_units).where(weekly_units > 0),
            "elasticity": given["elasticity"].where(sure),
            "average_rating": given["average_rating"],
            "return_rate": given["return_rate_91d"],
            "trend": given["trend_28d"],
            "discount_depth": given["discount_depth_91d"],
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


def band(values: pd.Series, measure: Measure) -> pd.Series:
    """The band of each value; a value at an edge belongs to the band above it."""
    if measure.source == "bucket":
        return values
    names = np.array([*measure.bands], dtype=object)
    found = names[np.searchsorted(np.array(measure.edges), values.fillna(0.0).to_numpy(float), side="right")]
    return pd.Series(np.where(values.isna(), UNKNOWN, found), values.index, dtype=object)


def decide(products: pd.DataFrame, rules: Decisions, limits: tuple[float, float]) -> pd.DataFrame:
    """One decision a product: KEPT columns. A product without a forecast has no action.

    products: see `measured`, and product_id, product, department, category, low_90, high_90, model_version.
    """
    products = products.reset_index(drop=True)
    bucket = buckets(products["predicted_revenue"].astype("float64"), limits)
    numbers = measured(products, rules)
    sources = numbers.assign(bucket=bucket)
    bands = {measure.name: band(sources[measure.source], measure) for measure in rules.measures}
    found = products.assign(bucket=bucket, action=NO_ACTION, rule="", reason=_NO_REASON, expected_worth=np.nan)
    known = bucket.notna()
    for rule in rules.rules:
        rows = known.copy()
        for name, wanted in rule.when.items():
            rows &= bands[name].isin(wanted)
        if rows.any():
            found.loc[rows, ["action", "rule"]] = [rule.action, rule.name]
            found.loc[rows, "reason"] = _reasons(rule, rules, sources[rows], bands)
            found.loc[rows, "expected_worth"] = worth(rule, products[rows], numbers[rows], rules)
    found["measured"] = pd.Series([_told(row) for row in numbers.to_dict("records")], found.index, dtype=object)
    return found[list(KEPT)]


def _reasons(rule: Rule, rules: Decisions, sources: pd.DataFrame, bands: Mapping[str, pd.Series]) -> list[str]:
    """The rule's words with each number that it looked at."""
    looked = [measure for measure in rules.measures if measure.name in rule.when]
    parts = [
        [_number(measure, value, label) for value, label in zip(sources[measure.source], labels, strict=True)]
        for measure in looked
        for labels in [bands[measure.name].loc[sources.index]]
    ]
    return [f"{rule.reason} ({', '.join(told)})" for told in zip(*parts, strict=True)]


def _number(measure: Measure, value: object, label: str) -> str:
    if label == UNKNOWN or measure.source == "bucket":
        return f"{measure.name} {label}"
    return f"{measure.name} {label}: {value:.3g}"


def _told(row: Mapping[object, float]) -> dict[str, float]:
    return {str(name): float(value) for name, value in row.items() if np.isfinite(value)}


def worth(rule: Rule, products: pd.DataFrame, numbers: pd.DataFrame, rules: Decisions) -> np.ndarray:
    """What the action is expected to bring in 28 days, in money; nan where it cannot be told.

    lost_sales: expected revenue that the stock cannot serve; lower_price, higher_price: the what-if less the forecast;
    promotion: the declared share of the forecast; nothing: 0.
    """
    revenue = products["predicted_revenue"].to_numpy(dtype=float)
    if rule.worth == "lost_sales":
        served = np.minimum(numbers["weeks_of_stock"].to_numpy(dtype=float) / _WEEKS, 1)
        return revenue * (1 - served)
    if rule.worth == "promotion":
        return revenue * rules.promotion_uplift
    if rule.worth in ("lower_price", "higher_price"):
        change = rules.price_change if rule.worth == "higher_price" else -rules.price_change
        low, high, error = (products[name].to_numpy(dtype=float) for name in ("low_90", "high_90", "standard_error"))
        return what_if(revenue, low, high, numbers["elasticity"].to_numpy(dtype=float), error, change).revenue - revenue
    return np.zeros(len(products))


__all__ = ["BUCKETS", "KEPT", "NO_ACTION", "band", "bucket_limits", "buckets", "decide", "measured", "worth"]
