"""What people set about forecasts: include/forecast.yaml. The file says what each value means."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from basketry.config.locator import load_document
from basketry.config.model import Count, Document, Label, Mistake, Natural, Positive, Text, choose, one_of

FILE = "forecast.yaml"
OBJECTIVES = ("regression", "regression_l1", "huber", "tweedie")
_AtLeastTwo = Annotated[int, Field(ge=2)]
_Fraction = Annotated[float, Field(gt=0, le=1)]


class HistorySettings(Document):
    """Which weeks are read, and what the sales in them make of a product."""

    weeks: Annotated[int, Field(ge=8)]
    active_weeks: Count
    new_weeks: Count
    least_weeks: Count


class ForecastTrainingSettings(Document):
    """From what the booster learns."""

    origins: Count
    products: Annotated[int, Field(ge=50)]
    rounds: Count


class BoosterSettings(Document):
    """LightGBM's parameters by its own names."""

    objective: Annotated[str, one_of(OBJECTIVES)]
    learning_rate: Positive
    num_leaves: _AtLeastTwo
    min_data_in_leaf: _AtLeastTwo
    feature_fraction: _Fraction
    bagging_fraction: _Fraction
    lambda_l2: Positive

    @property
    def parameters(self) -> dict[str, object]:
        """All of them, with the one that nobody sets."""
        return {**self.leaves(), "bagging_freq": 1}


class BacktestSettings(Document):
    """On how many origins methods are chosen and tested."""

    chosen_on: Count
    tested_on: Count
    step_weeks: Count


class GroupSettings(Document):
    """How many products one task forecasts together."""

    products_a_group: Count


def _method(name: str) -> str:
    from basketry.domains.forecast.candidates import ALL

    return choose(name, ALL)


def _at_least_one(names: tuple[str, ...]) -> tuple[str, ...]:
    from basketry.domains.forecast.candidates import ALL

    if not names:
        raise Mistake(f"candidates is empty; name at least one of: {', '.join(ALL)}.")
    return names


class ForecastSettings(Document):
    """How forecasts are made and evaluated."""

    history: HistorySettings
    training: ForecastTrainingSettings
    booster: BoosterSettings
    backtest: BacktestSettings
    scoring: GroupSettings
    candidates: Annotated[
        tuple[Annotated[Text, AfterValidator(_method), Label("a candidate")], ...], AfterValidator(_at_least_one)
    ]
    seed: Natural
    bootstrap: Annotated[int, Field(ge=20)]


def load_settings(include: Path) -> ForecastSettings:
    """Read the settings.

    Raises:
        ContractError: A key is missing or unknown, or a value is out of range; the message has file and line.
    """
    return load_document(ForecastSettings, include / FILE, FILE)
