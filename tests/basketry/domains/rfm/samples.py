"""Made-up customers: two kinds who differ in everything, and histories drawn from BG/NBD itself."""

from __future__ import annotations

import numpy as np
import pandas as pd

from basketry.config.settings import CHECKOUT
from basketry.domains.rfm.settings import CapSettings, RfmSettings, load_settings
from tests.kit.changed import changed

SETTINGS: RfmSettings = changed(
    load_settings(CHECKOUT / "include"), most=4, resamples=3, bootstrap=20, pictures=60, frequency=CapSettings(at=30)
)
"""The shipped settings, made quick."""


KINDS = np.array([0, 1, 0, 1, 2])
"""Kinds of customers, one after another: two fifths each of the first two, so that quintiles fall between the kinds."""


def customers(count: int = 400, seed: int = 4) -> pd.DataFrame:
    """Three kinds: often and much; long ago, rarely and little; just once, lately, in between."""
    random = np.random.default_rng(seed)
    kind = np.resize(KINDS, count)
    recency = [random.integers(20, 40, count), random.integers(200, 350, count), random.integers(0, 10, count)]
    frequency = [random.integers(12, 40, count), random.integers(1, 3, count), np.ones(count, dtype=int)]
    monetary = [random.uniform(150, 200, count), random.uniform(10, 40, count), random.uniform(70, 90, count)]
    columns = {"recency_days": recency, "frequency": frequency, "monetary": [part.round(2) for part in monetary]}
    return pd.DataFrame({name: np.choose(kind, parts) for name, parts in columns.items()})


def histories(count: int, days: int, seed: int = 1) -> tuple[pd.DataFrame, np.ndarray]:
    """Customers who follow BG/NBD (r 0.8, alpha 30, a 0.8, b 2.5): what is known, and dates in the 90 days after."""
    random = np.random.default_rng(seed)
    rate, leaves = random.gamma(0.8, 1 / 30, count), random.beta(0.8, 2.5, count)
    age = random.integers(days // 2, days, count).astype(float)
    rows, after = np.zeros((count, 2)), np.zeros(count)
    for who in range(count):
        now, active = 0.0, True
        while active:
            now += random.exponential(1 / max(rate[who], 1e-9))
            if now > age[who] + 90:
                break
            if now <= age[who]:
                rows[who] = rows[who][0] + 1, now
            else:
                after[who] += 1
            active = random.random() >= leaves[who]
    spend = random.gamma(6, 5, count)
    history = {"repeat_dates": rows[:, 0], "last_after_days": rows[:, 1], "age_days": age}
    return pd.DataFrame({**history, "repeat_spend": np.where(rows[:, 0] > 0, spend, 0), "monetary": spend}), after
