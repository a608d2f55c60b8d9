"""Made-up customers: two kinds who differ in everything, and histories drawn from BG/NBD itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from basketry.rfm.settings import RfmSettings, load_settings
from basketry.rfm.values import Cap
from basketry.settings import CHECKOUT

SETTINGS: RfmSettings = replace(
    load_settings(CHECKOUT / "include"), most_clusters=4, resamples=3, bootstrap=20, pictures=60, frequency_cap=Cap(30)
)
"""The shipped settings, made quick."""


def customers(count: int = 400, seed: int = 4) -> pd.DataFrame:
    """Three kinds: lately, often and much; long ago, rarely and little; lately but only once."""
    random = np.random.default_rng(seed)
    kind = np.arange(count) % 3
    recency = np.select([kind == 0, kind == 1], [random.integers(0, 20, count), random.integers(200, 350, count)],
                        random.integers(0, 40, count))  # fmt: skip
    frequency = np.select([kind == 0, kind == 1], [random.integers(12, 40, count), random.integers(1, 3, count)], 1)
    monetary = np.select([kind == 0, kind == 1], [random.gamma(9, 20, count), random.gamma(9, 3, count)],
                         random.gamma(9, 8, count))  # fmt: skip
    return pd.DataFrame({"recency_days": recency, "frequency": frequency, "monetary": monetary.round(2)})


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
    known = {"repeat_dates": rows[:, 0], "last_after_days": rows[:, 1], "age_days": age}
    return pd.DataFrame({**known, "repeat_spend": np.where(rows[:, 0] > 0, spend, 0), "monetary": spend}), after
