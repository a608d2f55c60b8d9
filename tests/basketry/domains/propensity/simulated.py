"""A made-up shop whose true probabilities are known: what a model can at best find out."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd

from basketry.config.settings import CHECKOUT
from basketry.domains.propensity.settings import PropensitySettings, load_settings
from tests.kit.changed import changed

INPUTS = ("habit", "recency", "noise")
CATEGORIES = ("Bread", "Milk", "Tea")
FIRST = date(2024, 1, 1)


def settings(**values: float) -> PropensitySettings:
    """Settings small enough for a test."""
    usual = {"dates": 3, "step_days": 30, "customers": 1000, "trials": 1, "seed": 7, "bootstrap": 40}
    return changed(load_settings(CHECKOUT / "include"), **{**usual, "warning": 0.2, "refusal": 1.0, **values})


def rows(dates: int, customers: int = 300, seed: int = 1) -> pd.DataFrame:
    """Customers x categories on dates 30 days apart, with `truth`, the probability from which `bought` was drawn.

    A customer's habit is a rate for each category; recency is missing where nothing was ever bought.
    """
    random = np.random.default_rng(seed)
    habit = np.exp(random.normal(-2, 1, (customers, len(CATEGORIES))))
    frames = []
    for number in range(dates):
        truth = 1 - np.exp(-habit * random.uniform(0.8, 1.2, habit.shape))
        frames.append(
            pd.DataFrame(
                {
                    "as_of": FIRST + timedelta(days=30 * number),
                    "customer_id": np.repeat([f"C{n:04}" for n in range(customers)], len(CATEGORIES)),
                    "category": np.tile(CATEGORIES, customers),
                    "habit": habit.ravel(),
                    "recency": np.where(habit > 0.05, 10 / habit, np.nan).ravel(),
                    "noise": random.normal(size=habit.size),
                    "truth": truth.ravel(),
                    "bought": (random.random(habit.size) < truth.ravel()).astype(int),
                    "baseline_days_30d": random.poisson(habit).ravel(),
                    "baseline_days_ever": random.poisson(habit * 12).ravel(),
                    "baseline_customer_age": 360.0,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def split(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """All dates but the last two, the last but one, the last."""
    dates = sorted(frame["as_of"].unique())
    train, validation, test = dates[:-2], dates[-2], dates[-1]
    parts = (frame["as_of"].isin(train), frame["as_of"] == validation, frame["as_of"] == test)
    first, second, third = (frame[part].reset_index(drop=True) for part in parts)
    return first, second, third
