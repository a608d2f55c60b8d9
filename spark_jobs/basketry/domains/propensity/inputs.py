"""The inputs of a model about a customer and a category: a few numbers, each an SQL expression over stored features.

The expressions travel with every model, so that a model is always scored with the inputs it was trained on, also after
this list has changed. Missing means unknown: recency where nothing was ever bought, last year where history is shorter.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

KEYS = ("as_of", "customer_id", "category")
LABEL = "bought"

_COLUMN = re.compile(r"\b(?:customer|category|pair)_[a-z0-9_]+")
_RECENT = ("14d", "30d", "60d", "90d", "180d", "365d")


@dataclass(frozen=True)
class InputDefinition:
    """Inputs of a model.

    Attributes:
        expressions: Each input's SQL expression over the columns of `basketry.features.read.pair_inputs`, by its name.
    """

    expressions: Mapping[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """The inputs in the model's order."""
        return tuple(self.expressions)

    @property
    def columns(self) -> tuple[str, ...]:
        """Stored features that the expressions need, such as pair_days_30d."""
        return tuple(sorted({name for text in self.expressions.values() for name in _COLUMN.findall(text)}))

    def select(self) -> list[str]:
        """Return the inputs as items of a SELECT, all doubles."""
        return [f"CAST({text} AS DOUBLE) AS `{name}`" for name, text in self.expressions.items()]


def _ratio(above: str, below: str) -> str:
    """Return a division, which is unknown where the divisor is 0."""
    return f"({above}) / nullif({below}, 0)"


def _last_year(column: str) -> str:
    return f"CASE WHEN history_days >= 365 THEN {column} END"


def _behaviour_inputs(level: str) -> dict[str, str]:
    """Return the inputs of one level (pair or customer): how long ago, how often, how much."""
    prefix = f"{level}_"
    return {
        f"{level}_recency": f"{prefix}days_since_last",
        f"{level}_age": f"{prefix}days_since_first",
        f"{level}_days": f"{prefix}days_ever",
        f"{level}_lines": f"{prefix}line_items_ever",
        f"{level}_paid": f"{prefix}amount_paid_ever",
        f"{level}_discount_share": f"1 - {_ratio(f'{prefix}amount_paid_ever', f'{prefix}amount_list_ever')}",
        **{f"{level}_days_{window}": f"{prefix}days_{window}" for window in _RECENT},
        f"{level}_days_last_year": _last_year(f"{prefix}days_ly30d"),
    }


_GAP = _ratio("pair_days_since_first - pair_days_since_last", "pair_days_ever - 1")
_EXPECTED_TRIPS = "30 * customer_days_ever / (customer_days_since_first + 1)"
_EXPECTED_TRIPS_90 = "customer_days_90d / 3"

MODEL_INPUTS: dict[str, str] = {
    **_behaviour_inputs("pair"),
    **_behaviour_inputs("customer"),
    "customer_baskets": "customer_baskets_ever",
    "customer_products": "customer_distinct_products_ever",
    "category_customers_30d": "category_customers_30d",
    "category_customers_90d": "category_customers_90d",
    "share_of_trips": _ratio("pair_days_ever", "customer_days_ever"),
    "share_of_trips_90d": _ratio("pair_days_90d", "customer_days_90d"),
    "daily_rate": "pair_days_ever / (customer_days_since_first + 1)",
    "mean_gap": _GAP,
    "due": _ratio("pair_days_since_last", _GAP),
    "expected_purchases": f"{_ratio('pair_days_ever', 'customer_days_ever')} * {_EXPECTED_TRIPS}",
    "expected_purchases_90d": f"{_ratio('pair_days_ever', 'customer_days_ever')} * {_EXPECTED_TRIPS_90}",
}
"""The compact set: what a customer does at all, what with the category, and both in proportion."""

DEFINITION = InputDefinition(MODEL_INPUTS)

RATE_WINDOWS: dict[str, tuple[str, str, float]] = {
    "90d": ("pair_days_90d", "customer_days_90d", 90),
    "180d": ("pair_days_180d", "customer_days_180d", 180),
    "ever": ("pair_days", "customer_days", math.inf),
}
"""Inputs from which a model learns shrunk rates: days with the category, days with any purchase, length in days."""

RATE_AGE = "customer_age"

_GROWING = ("_age", "_days", "_lines", "_paid", "_baskets", "_products", "_days_365d", "_last_year")
CALENDAR_DRIVEN_INPUTS = frozenset(
    name for name in MODEL_INPUTS if name.startswith("category_") or name.endswith(_GROWING)
)
"""Inputs that move with the calendar alone: counts of all history so far (or of a year, while history is shorter), and
what has one value per category and day. Drift ignores them."""

BASELINE = InputDefinition(
    {
        "baseline_days_30d": "pair_days_30d",
        "baseline_days_ever": "pair_days_ever",
        "baseline_customer_age": "customer_days_since_first + 1",
    }
)
"""Inputs of the naive baselines and the audiences, which are never among the model's own."""
