"""The models as MLflow serves them: features of candidates in, expected response rates out; purchases in, products out.

Each is stored as plain values; whoever loads it needs this library, as every job has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from mlflow.pyfunc import PythonModel

from basketry.domains.offers import recommender
from basketry.domains.offers.learn import restored
from basketry.domains.offers.policy import NUMBERS
from basketry.domains.offers.recommender import Purchases


class Served(PythonModel):
    """state: of `Learned.state`."""

    def __init__(self, state: Mapping[str, Any]) -> None:
        self.state = dict(state)

    def predict(self, context: Any, model_input: pd.DataFrame, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """A row a candidate; nan for a category that was not learned."""
        learned = restored(self.state)
        mean = learned.posterior.mean
        bases = dict(zip(learned.categories, mean[len(NUMBERS) :], strict=True))
        expected = model_input[list(NUMBERS)].to_numpy() @ mean[: len(NUMBERS)]
        return pd.DataFrame(
            {"expected_response": expected + model_input["category"].map(bases).to_numpy(dtype=np.float64)}
        )


class ServedRecommender(PythonModel):
    """state: of `Recommender.state`."""

    def __init__(self, state: Mapping[str, Any]) -> None:
        self.state = dict(state)

    def predict(self, context: Any, model_input: pd.DataFrame, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Rows of shopper and product, best first, from rows of shopper, product and number of orders."""
        model = recommender.restored(self.state)
        given = Purchases.of(*(model_input[name].tolist() for name in ("customer_id", "product_id", "orders")))
        top = model.top(given.over(model.products))
        names = np.array(model.products, dtype=object)[top]
        return pd.DataFrame({"customer_id": np.repeat(given.shoppers, top.shape[1]), "product_id": names.reshape(-1)})
