"""The models as MLflow serves them: features of candidates in, expected response rates out; purchases in, products out.

Whoever has MLflow load one needs this library, as every job has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from basketry.domains.offers.policy import FEATURE_NAMES
from basketry.domains.offers.policy_learning import policy_from_state
from basketry.domains.offers.recommender import PurchaseMatrix, recommender_from_state
from basketry.registry.artifacts import NotPlainError, read_state
from basketry.registry.models import OFFER_POLICY_MODEL, RECOMMENDATIONS_MODEL


class ServedPolicy:
    """The policy: features of candidates in, expected response rates out."""

    def __init__(self, state: Mapping[str, Any]) -> None:
        """Store the state of a policy, see `LearnedPolicy.state`."""
        self.state = dict(state)

    def predict(self, model_input: pd.DataFrame, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Return one row per candidate; nan for a category that was not learned."""
        learned = policy_from_state(self.state)
        mean = learned.posterior.mean
        intercepts = dict(zip(learned.categories, mean[len(FEATURE_NAMES) :], strict=True))
        expected = model_input[list(FEATURE_NAMES)].to_numpy() @ mean[: len(FEATURE_NAMES)]
        return pd.DataFrame(
            {"expected_response": expected + model_input["category"].map(intercepts).to_numpy(dtype=np.float64)}
        )


class ServedRecommender:
    """The recommender: purchases in, recommended products out."""

    def __init__(self, state: Mapping[str, Any]) -> None:
        """Store the state of a recommender, see `Recommender.state`."""
        self.state = dict(state)

    def predict(self, model_input: pd.DataFrame, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Return rows of shopper and product, best first, from rows of shopper, product and number of orders."""
        model = recommender_from_state(self.state)
        purchases = PurchaseMatrix.from_rows(
            *(model_input[name].tolist() for name in ("customer_id", "product_id", "orders"))
        )
        top = model.top(purchases.counts_of(model.products))
        names = np.array(model.products, dtype=object)[top]
        return pd.DataFrame(
            {"customer_id": np.repeat(purchases.shoppers, top.shape[1]), "product_id": names.reshape(-1)}
        )


def _load_pyfunc(data_path: str) -> ServedPolicy | ServedRecommender:
    """Make the model of its plain values, as MLflow asks for; they say of which kind they are."""
    folder = Path(data_path)
    try:
        return ServedPolicy(policy_from_state(read_state(folder, OFFER_POLICY_MODEL.name)).state())
    except NotPlainError:
        return ServedRecommender(recommender_from_state(read_state(folder, RECOMMENDATIONS_MODEL.name)).state())
