"""From values to scores: caps for outliers and quintiles by value, so that equal customers share a score. Pure numpy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from basketry.domains.rfm.grid import SCORES
from basketry.errors import BadInputError

RECENCY, FREQUENCY, MONETARY = "recency_days", "frequency", "monetary"
VALUES = (RECENCY, FREQUENCY, MONETARY)
"""Columns that are scored: days since the last purchase, distinct purchase dates, mean spend per purchase date."""


@dataclass(frozen=True)
class Cap:
    """Where outliers are cut: at a value, or at a quantile of the customers."""

    at: float
    is_quantile: bool = False

    def resolve(self, values: ArrayLike) -> float:
        """Return the value; for a quantile the smallest value that so large a share of the customers does not exceed."""
        if not self.is_quantile:
            return self.at
        return float(np.quantile(np.asarray(values, dtype=np.float64), self.at, method="inverted_cdf"))


@dataclass(frozen=True)
class Scoring:
    """What turns values into scores, frozen when it was learned, so that only customers' own changes move them.

    Attributes:
        edges: By column, the values that 20, 40, 60 and 80 % of the customers do not exceed.
        caps: By column, where outliers are cut.
    """

    edges: Mapping[str, tuple[float, ...]]
    caps: Mapping[str, float]

    @classmethod
    def from_values(cls, values: pd.DataFrame, frequency: Cap, monetary: Cap) -> Scoring:
        """Learn caps and quintiles from these customers.

        Raises:
            BadInputError: There are none.
        """
        if values.empty:
            raise BadInputError("no customer has a purchase date with positive spend in the window: load order lines.")
        caps = {FREQUENCY: frequency.resolve(values[FREQUENCY]), MONETARY: monetary.resolve(values[MONETARY])}
        shares = np.arange(1, SCORES) / SCORES
        capped = {name: np.minimum(values[name].to_numpy(np.float64), caps.get(name, np.inf)) for name in VALUES}
        edges = {name: np.quantile(column, shares, method="inverted_cdf") for name, column in capped.items()}
        return cls({name: tuple(map(float, quintiles)) for name, quintiles in edges.items()}, caps)

    def capped(self, values: pd.DataFrame) -> pd.DataFrame:
        """Return the scored columns as doubles, cut at the caps."""
        columns = {name: np.minimum(values[name].to_numpy(np.float64), self.caps.get(name, np.inf)) for name in VALUES}
        return pd.DataFrame(columns, index=values.index)

    def scores(self, values: pd.DataFrame) -> NDArray[np.int64]:
        """Return rows x (r, f, m), each 1 (worst) to 5 (best); few days since the last purchase are good.

        A score is 1 plus the number of edges below the value: equal values share it, and where many customers are
        equal a score may stay empty.
        """
        capped = self.capped(values)
        below = np.stack(
            [np.searchsorted(self.edges[name], capped[name].to_numpy(), side="left") for name in VALUES], axis=1
        )
        scores: NDArray[np.int64] = np.asarray(below, dtype=np.int64) + 1
        scores[:, 0] = SCORES + 1 - scores[:, 0]
        return scores
