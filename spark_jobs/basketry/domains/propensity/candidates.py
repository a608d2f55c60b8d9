"""The kinds of model that compete: how each is built, and what may be tuned about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from lightgbm import LGBMClassifier
from optuna import Trial
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from basketry.domains.propensity.estimators import Logistic, ShrunkRates
from basketry.domains.propensity.inputs import RATE_AGE, RATE_WINDOWS

Parameters = Mapping[str, float | int]


@dataclass(frozen=True)
class ModelFamily:
    """A kind of model.

    Attributes:
        usual: Its parameters before any tuning.
        suggest: Draws other parameters for a trial.
        build: Makes an unfitted pipeline from the names of the inputs, the parameters and a seed.
    """

    usual: Parameters
    suggest: Callable[[Trial], Parameters]
    build: Callable[[Sequence[str], Parameters, int], Pipeline]


def _prepare(inputs: Sequence[str], numbers: Any, rates: Sequence[Any] = ()) -> ColumnTransformer:
    """Return the preparation of the inputs: a column per category, the numbers, and shrunk rates where they can be had.

    Args:
        inputs: Names of the inputs.
        numbers: What the numeric inputs pass through.
        rates: What the shrunk rates pass through.
    """
    category = OneHotEncoder(handle_unknown="ignore", sparse_output=False)  # one never seen has none set
    parts = [("category", category, ["category"]), ("numbers", numbers, list(inputs))]
    needed = {RATE_AGE, *(name for pair, customer, _ in RATE_WINDOWS.values() for name in (pair, customer))}
    if needed <= set(inputs):
        shrunk = make_pipeline(ShrunkRates(RATE_WINDOWS, RATE_AGE), *rates)
        parts.append(("rates", shrunk, ["category", *sorted(needed)]))
    return ColumnTransformer(parts)


def _logistic(inputs: Sequence[str], parameters: Parameters, seed: int) -> Pipeline:
    # arcsinh: a logarithm that takes zeros and refunds; the indicator lets "never bought" differ from the mean.
    missing = SimpleImputer(strategy="constant", fill_value=0, add_indicator=True, keep_empty_features=True)
    numbers = make_pipeline(FunctionTransformer(np.arcsinh), StandardScaler(), missing)
    model = Logistic(C=float(parameters["C"]), max_iter=500)
    return Pipeline([("prepared", _prepare(inputs, numbers, [StandardScaler()])), ("model", model)])


def _hist_gradient_boosting(inputs: Sequence[str], parameters: Parameters, seed: int) -> Pipeline:
    # A value below all others stands for missing: this kind cannot be fitted to an input that is missing everywhere.
    missing = SimpleImputer(strategy="constant", fill_value=-1, keep_empty_features=True)
    model = HistGradientBoostingClassifier(early_stopping=False, max_bins=63, random_state=seed, **parameters)
    return Pipeline([("prepared", _prepare(inputs, missing)), ("model", model)])


def _lightgbm(inputs: Sequence[str], parameters: Parameters, seed: int) -> Pipeline:
    fixed: dict[str, Any] = {"deterministic": True, "force_col_wise": True, "subsample_freq": 1, "verbose": -1}
    fixed["n_jobs"] = 0  # as many threads as the process allows, so that a scoring task can be held to one
    model = LGBMClassifier(random_state=seed, max_bin=63, **fixed, **dict[str, Any](parameters))
    return Pipeline([("prepared", _prepare(inputs, "passthrough")), ("model", model)])


def _suggest_logistic(trial: Trial) -> Parameters:
    return {"C": trial.suggest_float("C", 1e-3, 10, log=True)}


def _suggest_hist_gradient_boosting(trial: Trial) -> Parameters:
    return {
        "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.15, log=True),
        "max_iter": trial.suggest_int("max_iter", 40, 200),
        "max_leaf_nodes": trial.suggest_int("max_leaf_nodes", 4, 32, log=True),
        "min_samples_leaf": trial.suggest_int("min_samples_leaf", 20, 800, log=True),
        "l2_regularization": trial.suggest_float("l2_regularization", 1e-1, 100, log=True),
    }


def _suggest_lightgbm(trial: Trial) -> Parameters:
    return {
        "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.15, log=True),
        "n_estimators": trial.suggest_int("n_estimators", 40, 250),
        "num_leaves": trial.suggest_int("num_leaves", 4, 32, log=True),
        "min_child_samples": trial.suggest_int("min_child_samples", 20, 800, log=True),
        "reg_lambda": trial.suggest_float("reg_lambda", 1e-1, 100, log=True),
        "colsample_bytree": trial.suggest_float("colsample_bytree", 0.3, 1.0),
        "subsample": trial.suggest_float("subsample", 0.5, 1.0),
    }


FAMILIES: dict[str, ModelFamily] = {
    "logistic_regression": ModelFamily({"C": 0.05}, _suggest_logistic, _logistic),
    "lightgbm": ModelFamily(
        {
            "learning_rate": 0.06,
            "n_estimators": 160,
            "num_leaves": 7,
            "min_child_samples": 400,
            "reg_lambda": 20.0,
            "colsample_bytree": 0.4,
            "subsample": 0.8,
        },
        _suggest_lightgbm,
        _lightgbm,
    ),
    "hist_gradient_boosting": ModelFamily(
        {
            "learning_rate": 0.06,
            "max_iter": 120,
            "max_leaf_nodes": 7,
            "min_samples_leaf": 400,
            "l2_regularization": 20.0,
        },
        _suggest_hist_gradient_boosting,
        _hist_gradient_boosting,
    ),
}
"""Every kind by name, the cheapest first."""

LINEAR = "logistic_regression"
"""The kind that is blended with the better of the others."""
