"""Fitted estimators as plain values, and estimators of plain values that predict the same to the last bit.

What is stored of a model is numbers, names and LightGBM's text: whoever reads it runs no code that came with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
from scipy.special import expit

from basketry.domains.propensity.estimators import Blend, Calibrated, PerCategory, ShrunkRates, linear_probabilities
from basketry.domains.propensity.tree_text import lightgbm_text

State = Mapping[str, Any]


def estimator_state(estimator: Any) -> dict[str, Any]:
    """Return a fitted estimator as plain values, for `estimator_from_state`.

    Args:
        estimator: One of `estimators`, or a pipeline of `candidates`, told apart by the names of their classes.

    Raises:
        ValueError: It is of another kind.
    """
    kind = type(estimator).__name__
    if kind == "Calibrated":
        inner = estimator_state(estimator.estimator)
        return {"kind": kind, "slope": float(estimator.slope), "shift": float(estimator.shift), "estimator": inner}
    if kind == "Blend":
        return {"kind": kind, "estimators": [estimator_state(part) for part in estimator.estimators]}
    if kind == "PerCategory":
        models = {str(name): estimator_state(model) for name, model in sorted(estimator.models_.items())}
        return {"kind": kind, "everywhere": estimator_state(estimator.everywhere_), "models": models}
    if kind == "Pipeline":
        return _pipeline_state(estimator.named_steps["prepared"], estimator.named_steps["model"])
    if kind == "PlainClassifier":
        return dict(estimator.state)
    raise ValueError(f"an estimator of kind {kind} cannot be stored as plain values")


def estimator_from_state(state: State) -> Any:
    """Return an estimator with predict_proba from what `estimator_state` returned.

    Raises:
        KeyError: The state is of another kind.
        ValueError: The state is of another kind.
    """
    kind = state["kind"]
    if kind == "Calibrated":
        return Calibrated(estimator_from_state(state["estimator"]), float(state["slope"]), float(state["shift"]))
    if kind == "Blend":
        return Blend([estimator_from_state(part) for part in state["estimators"]])
    if kind == "PerCategory":
        everywhere = estimator_from_state(state["everywhere"])
        per_category = PerCategory(everywhere, everywhere)
        per_category.classes_, per_category.everywhere_ = everywhere.classes_, everywhere
        per_category.models_ = {name: estimator_from_state(model) for name, model in state["models"].items()}
        return per_category
    return PlainClassifier(state)


def _pipeline_state(prepared: Any, model: Any) -> dict[str, Any]:
    """Return the preparation of the inputs and the model behind it."""
    parts = {name: (transformer, columns) for name, transformer, columns in prepared.transformers_}
    numbers, inputs = parts["numbers"]
    rates = parts["rates"][0] if "rates" in parts else None
    common = {
        "categories": [str(name) for name in parts["category"][0].categories_[0]],
        "inputs": [str(name) for name in inputs],
        "rates": None if rates is None else _rates_state(rates.steps[0][1]),
    }
    if hasattr(model, "booster_"):
        return {"kind": "lightgbm", **common, "trees": model.booster_.model_to_string()}
    if hasattr(model, "_predictors"):
        return {
            "kind": "boosting",
            **common,
            "fill": float(numbers.fill_value),
            "trees": lightgbm_text(model, int(model.n_features_in_)),
        }
    scaler, imputer = numbers.steps[1][1], numbers.steps[2][1]
    return {
        "kind": "linear",
        **common,
        "mean": scaler.mean_,
        "scale": scaler.scale_,
        "indicated": imputer.indicator_.features_,
        "rates_mean": None if rates is None else rates.steps[1][1].mean_,
        "rates_scale": None if rates is None else rates.steps[1][1].scale_,
        "weights": model.coef_[0],
        "intercept": float(model.intercept_[0]),
    }


def _rates_state(rates: Any) -> dict[str, Any]:
    return {
        "windows": {name: list(window) for name, window in rates.windows.items()},
        "age": rates.age,
        "trips": float(rates.trips),
        "days": float(rates.days),
        "rate": {name: float(value) for name, value in rates.rate_.items()},
        "share": {name: float(value) for name, value in rates.share_.items()},
        "shares": {
            name: {str(category): float(value) for category, value in shares.items()}
            for name, shares in rates.shares_.items()
        },
    }


def _rates_from_state(state: State) -> ShrunkRates:
    windows = {name: (str(pair), str(customer), length) for name, (pair, customer, length) in state["windows"].items()}
    rates = ShrunkRates(windows, state["age"], state["trips"], state["days"])
    rates.rate_, rates.share_, rates.shares_ = dict(state["rate"]), dict(state["share"]), dict(state["shares"])
    return rates


class PlainClassifier:
    """A preparation of inputs and a model behind it, of plain values.

    Attributes:
        state: What `estimator_state` returned of a fitted pipeline.
        classes_: The classes, as scikit-learn calls them.
    """

    def __init__(self, state: State) -> None:
        """Read the state; of trees the text.

        Raises:
            KeyError: Something is missing in it.
            ValueError: It is of another kind.
        """
        if state["kind"] not in ("linear", "lightgbm", "boosting"):
            raise ValueError("the state of an estimator is of an unknown kind")
        self.state = state
        self.classes_ = np.array([0, 1])
        self._categories = np.array(state["categories"], dtype=object)
        self._inputs = list(state["inputs"])
        self._rates = None if state["rates"] is None else _rates_from_state(state["rates"])
        self._booster = lightgbm.Booster(model_str=state["trees"]) if "trees" in state else None
        self._is_indicated = state["indicated"].astype(np.int64) if state["kind"] == "linear" else None

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:  # noqa: N803 (scikit-learn's name)
        """Return the probabilities of 0 and 1, one line per row."""
        matrix = np.ascontiguousarray(self._prepare(X))
        if self._booster is None:
            return linear_probabilities(matrix, self.state["weights"], self.state["intercept"])
        predicted = np.asarray(self._booster.predict(matrix, num_threads=0))  # as many as the process allows
        likely = predicted if self.state["kind"] == "lightgbm" else expit(predicted)
        return np.column_stack([1 - likely, likely])

    def _prepare(self, rows: pd.DataFrame) -> np.ndarray:
        category = rows["category"].to_numpy(dtype=object)[:, None] == self._categories
        parts = [category.astype(np.float64), *self._numbers(rows[self._inputs].to_numpy(dtype=np.float64))]
        if self._rates is not None:
            rates = self._rates.transform(rows)
            is_linear = self._booster is None
            parts.append((rates - self.state["rates_mean"]) / self.state["rates_scale"] if is_linear else rates)
        return np.hstack(parts)

    def _numbers(self, numbers: np.ndarray) -> list[np.ndarray]:
        kind = self.state["kind"]
        if kind == "lightgbm":
            return [numbers]
        if kind == "boosting":
            return [np.where(np.isnan(numbers), self.state["fill"], numbers)]
        scaled = (np.arcsinh(numbers) - self.state["mean"]) / self.state["scale"]
        is_missing = np.isnan(scaled)
        return [np.where(is_missing, 0.0, scaled), is_missing[:, self._is_indicated].astype(np.float64)]
