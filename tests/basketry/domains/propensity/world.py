"""A made-up shop, the lake of its catalog, and the jobs of propensity as tests call them.

There is a purchase or none per customer, category and day; features and labels are counted in numpy. The shop stands in for
`basketry.features.read` in the tests of the jobs, which are about what they do with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from mlflow.entities import Run
from pyspark.sql import DataFrame

from basketry.errors import BadInputError
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from tests.kit.jobs import run_job
from tests.kit.registry import run_of

NAME = "demo.gold.propensity"
FIRST = date(2024, 1, 1)
CATEGORIES = ("Bread", "Milk & cream", "Tea")
_WINDOWS = {"14d": 14, "30d": 30, "60d": 60, "90d": 90, "180d": 180, "365d": 365}
AS_OF = FIRST + timedelta(days=259)
SCORED = AS_OF - timedelta(days=30)
SETTINGS = """\
training: {dates: 3, step_days: 30, customers: 20000}
tuning: {trials: 1}
seed: 7
bootstrap: 20
drift: {warning: 0.2, refusal: 50}
"""


class Shop:
    """Purchases [customer, category, day], drawn from rates that differ widely between customers."""

    def __init__(self, customers: int = 150, days: int = 260, seed: int = 3) -> None:
        random = np.random.default_rng(seed)
        rate = np.exp(random.normal(-4, 1.2, (customers, len(CATEGORIES))))
        self.bought = random.random((customers, len(CATEGORIES), days)) < rate[:, :, None]
        self.bought[:, 0, 0] |= ~self.bought[:, :, :30].any(axis=(1, 2))  # everybody is known after 30 days
        self.customers = [f"C{number:03}" for number in range(customers)]
        self.last = FIRST + timedelta(days=days - 1)

    def pair_inputs(
        self, lake: Lakehouse, dates: Sequence[date], categories: Sequence[str], columns: Sequence[str]
    ) -> DataFrame:
        """As the real one."""
        rows = pd.concat([self._inputs(day, categories, columns) for day in dates], ignore_index=True)
        return lake.spark.createDataFrame(pa.Table.from_pandas(rows, preserve_index=False))

    def purchase_labels(
        self, lake: Lakehouse, dates: Sequence[date], categories: Sequence[str], days: int = 30
    ) -> DataFrame:
        """As the real one."""
        rows = []
        for day in dates:
            if day + timedelta(days=days) > self.last:
                raise BadInputError(f"order lines end on {self.last}")
            start = (day - FIRST).days + 1
            window = self.bought[:, :, start : start + days].any(axis=2)
            chosen = [CATEGORIES.index(category) for category in categories]
            rows += [
                (day, self.customers[who], CATEGORIES[what]) for who, what in np.argwhere(window) if what in chosen
            ]
        return lake.spark.createDataFrame(rows, "as_of date, customer_id string, category string")

    def _inputs(self, day: date, categories: Sequence[str], columns: Sequence[str]) -> pd.DataFrame:
        until = (day - FIRST).days + 1
        past = self.bought[:, [CATEGORIES.index(category) for category in categories], :until]
        levels = {"pair": past, "customer": past.any(axis=1)[:, None], "category": past.any(axis=0)[None]}
        count = past.shape[0] * past.shape[1]
        columns_by_name = {
            "as_of": [day] * count,
            "customer_id": np.repeat(self.customers, past.shape[1]),
            "category": np.tile(list(categories), past.shape[0]),
            "history_days": [until] * count,
        }
        for column in columns:
            level, _, name = column.partition("_")
            values = (
                _measure(levels[level], name) if name[:9] != "customers" else past[:, :, -30:].any(axis=2).sum(axis=0)
            )
            columns_by_name[column] = np.broadcast_to(values, past.shape[:2]).ravel().astype(float)
        return pd.DataFrame(columns_by_name)[["as_of", "customer_id", "category", "history_days", *columns]]


def _measure(bought: np.ndarray, name: str) -> np.ndarray:
    """A measure by its stored name; amounts are 2 per day paid of 3 listed."""
    ever, days = bought.sum(axis=-1).astype(float), bought.shape[-1]
    if name == "days_since_last":
        return np.where(ever > 0, bought[..., ::-1].argmax(axis=-1), np.nan)
    if name == "days_since_first":
        return np.where(ever > 0, days - 1 - bought.argmax(axis=-1), np.nan)
    if name.endswith("_ever"):
        return ever * {"amount_paid_ever": 2, "amount_list_ever": 3}.get(name, 1)
    if name.endswith("_ly30d"):
        return bought[..., max(0, days - 365) : max(0, days - 335)].sum(axis=-1).astype(float)
    return bought[..., -_WINDOWS[name.rpartition("_")[2]] :].sum(axis=-1).astype(float)


@dataclass
class World:
    """What the tests share: the lake and the shop behind it."""

    lake: Lakehouse
    shop: Shop

    def train(self, as_of: date = AS_OF, **arguments: Any) -> JobReport:
        """Run the training job."""
        return run_job(self.lake, "train_propensity", as_of=as_of, **{"run_id": "r1", **arguments})

    def score(self, as_of: date = SCORED, **arguments: Any) -> JobReport:
        """Run the scoring job."""
        return run_job(self.lake, "score_propensity", as_of=as_of, **arguments)

    def run_of(self, version: str) -> Run:
        """The MLflow run that made a version."""
        return run_of(NAME, version)

    def set_drift(self, text: str) -> None:
        """Change the settings' drift limits."""
        path = self.lake.settings.include / "propensity.yaml"
        path.write_text(SETTINGS.replace("{warning: 0.2, refusal: 50}", text))
