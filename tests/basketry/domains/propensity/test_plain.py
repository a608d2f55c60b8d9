"""A stored estimator is numbers and text, and predicts what was fitted, to the last bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.ensemble import HistGradientBoostingClassifier

from basketry.domains.propensity.candidates import FAMILIES
from basketry.domains.propensity.estimators import Blend, Calibrated, PerCategory
from basketry.domains.propensity.inputs import RATE_AGE, RATE_WINDOWS
from basketry.domains.propensity.plain import estimator_from_state, estimator_state
from basketry.domains.propensity.tree_text import lightgbm_text
from basketry.registry.artifacts import read_state, write_state
from tests.basketry.domains.propensity.simulated import INPUTS, rows

RATES = tuple(
    dict.fromkeys((RATE_AGE, *(name for pair, customer, _ in RATE_WINDOWS.values() for name in (pair, customer))))
)


def frame(seed: int) -> pd.DataFrame:
    """Rows with what shrunk rates need; some inputs are missing, and a category is one that nobody has seen."""
    random = np.random.default_rng(seed)
    made = rows(1, customers=150, seed=seed)
    for pair, customer, _ in RATE_WINDOWS.values():
        made[customer] = random.integers(1, 30, len(made)).astype(float)
        made[pair] = np.floor(made[customer] * random.random(len(made)))
    made[RATE_AGE] = random.integers(1, 300, len(made)).astype(float)
    made.loc[made.index[::7], INPUTS[0]] = np.nan
    made.loc[made.index[-30:], "category"] = f"Category of {seed}"
    return made


def fitted(family: str, inputs: tuple[str, ...], training: pd.DataFrame) -> Any:
    """A pipeline of a family."""
    fewest = {name: 20 for name in FAMILIES[family].usual if name.startswith("min_")}
    pipeline = FAMILIES[family].build(inputs, {**FAMILIES[family].usual, **fewest}, 1)
    return pipeline.fit(training[["category", *inputs]], training["bought"].to_numpy())


def stored(estimator: Any, folder: Path) -> Any:
    """The estimator after it was written and read."""
    write_state(folder, "propensity", estimator_state(estimator))
    return estimator_from_state(read_state(folder))


@pytest.mark.parametrize("inputs", [INPUTS, (*INPUTS, *RATES)], ids=["without rates", "with rates"])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_predicts_as_it_was_fitted(tmp_path: Path, family: str, inputs: tuple[str, ...]) -> None:
    """Rows that it never saw, with missing inputs and an unknown category; stored twice it is the same again."""
    pipeline, test = fitted(family, inputs, frame(2)), frame(3)
    expected = pipeline.predict_proba(test[["category", *inputs]])
    again = stored(pipeline, tmp_path / "once")
    assert np.array_equal(again.predict_proba(test), expected)
    assert np.array_equal(stored(again, tmp_path / "twice").predict_proba(test), expected)
    assert len(np.unique(expected)) > 10


def test_what_is_built_of_them_too(tmp_path: Path) -> None:
    """Calibrated, blended, and a model per category."""
    training, test = frame(2), frame(3)
    each = PerCategory(FAMILIES["logistic_regression"].build(INPUTS, {"C": 0.05}, 1))
    each.fit(training[["category", *INPUTS]], training["bought"])
    blend = Blend([each, fitted("lightgbm", INPUTS, training)])
    estimator = Calibrated.from_rows(blend, training[["category", *INPUTS]], training["bought"])
    expected = estimator.predict_proba(test[["category", *INPUTS]])
    assert np.array_equal(stored(estimator, tmp_path / "stored").predict_proba(test), expected)


def test_trees_of_scikit_learn_are_walked_alike() -> None:
    """Missing values go the way that they were taught, edges belong to the same side, a lone leaf is one."""
    random = np.random.default_rng(0)
    values = random.normal(size=(2000, 5))
    values[random.random(values.shape) < 0.1] = np.nan
    values[:, 3] = np.round(values[:, 3])
    values[:, 4] = np.where(random.random(2000) < 0.5, np.nan, 1.0)  # parted by being missing alone
    bought = (np.nan_to_num(values[:, 0]) + np.nan_to_num(values[:, 4]) + random.normal(size=2000) > 0.5).astype(int)
    for leaves in (2, 9):
        model = HistGradientBoostingClassifier(max_iter=30, max_leaf_nodes=leaves, max_bins=63).fit(values, bought)
        booster = lightgbm.Booster(model_str=lightgbm_text(model, 5))
        assert np.array_equal(expit(booster.predict(values)), model.predict_proba(values)[:, 1])
    constant = HistGradientBoostingClassifier(max_iter=2, min_samples_leaf=5000).fit(values, bought)
    lone = lightgbm.Booster(model_str=lightgbm_text(constant, 5))
    assert np.array_equal(expit(lone.predict(values)), constant.predict_proba(values)[:, 1])


def test_another_kind_cannot_be_stored() -> None:
    """Nobody would read it."""
    with pytest.raises(ValueError, match="of kind HistGradientBoostingClassifier cannot be stored"):
        estimator_state(HistGradientBoostingClassifier())
