"""One gradient boosting for all products: how much each will sell in proportion to its recent level.

Growth of the whole catalog is divided out of what is learned: trees cannot follow a season they never saw, and the
forecasts of departments and the total bring growth back when all are reconciled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import lightgbm
import numpy as np

from basketry.domains.forecast.booster_inputs import booster_inputs
from basketry.domains.forecast.series import HORIZONS, PERIODS, Floats, Panel, totals_ahead

_LEAST_HISTORY = 8
"""Weeks before the first origin of training rows."""

_HORIZON_PERIODS = [PERIODS.index((1, horizon)) for horizon in HORIZONS]
"""Positions of the horizons in PERIODS."""

_LEAST_ROWS = 200
"""Training rows below which a horizon has no model."""

_LARGEST = 4.0
"""A ratio to the level counts at most so much: one bulk order must not be learned."""

_WEIGHT_POWER = 0.8
"""Products weigh by this power of their level: by 1 a few large ones alone would count, by 0 the many tiny ones."""


@dataclass(frozen=True)
class TrainingMatrix:
    """Training rows: products at earlier weeks.

    Attributes:
        names: The columns of values.
        values: Inputs, rows x columns.
        targets: Revenue ahead over the level and over the catalog's growth, rows x horizons; nan where not over yet.
        weights: How much each row counts.
    """

    names: tuple[str, ...]
    values: Floats
    targets: Floats
    weights: Floats


@dataclass(frozen=True)
class Booster:
    """One LightGBM model per horizon.

    Attributes:
        names: The inputs, in order.
        models: Each model as text; empty where there was too little history for that horizon.
    """

    names: tuple[str, ...]
    models: tuple[str, ...]

    def predict(self, panel: Panel) -> Floats:
        """Forecast the revenue of each horizon: products x horizons.

        A horizon without a model is forecast by the level alone.
        """
        inputs = booster_inputs(panel)
        if inputs.names != self.names:
            raise ValueError("the inputs of the booster are not those it was trained with")
        totals = np.empty((len(panel), len(HORIZONS)))
        for column, (horizon, text) in enumerate(zip(HORIZONS, self.models, strict=True)):
            totals[:, column] = horizon * inputs.level
            if text and len(panel):
                ratio = lightgbm.Booster(model_str=text).predict(inputs.values, num_threads=1)
                totals[:, column] = horizon * inputs.scale * np.maximum(ratio, 0)
        return totals


def training_matrix(panel: Panel, origins: int, active_weeks: int) -> TrainingMatrix:
    """Make training rows of the newest origins, a week apart, of products that sold recently before each.

    Args:
        panel: The series.
        origins: How many origins.
        active_weeks: A product must have sold in so many weeks before an origin.
    """
    names, no_values = _no_rows(panel)
    values, targets, scales = [no_values], [np.empty((0, len(HORIZONS)))], [np.empty(0)]
    last = panel.weeks - HORIZONS[1]  # the newest four weeks are known
    for end in range(max(_LEAST_HISTORY, last - origins + 1), last + 1):
        ago = panel.weeks - end
        past = panel.before(ago)
        active = past.idle < active_weeks
        inputs, ahead = booster_inputs(past), totals_ahead(panel, ago)[:, _HORIZON_PERIODS]
        ratio = ahead / (inputs.scale[:, None] * np.array(HORIZONS))
        growth = ahead[active].sum(axis=0) / np.maximum(inputs.level[active].sum() * np.array(HORIZONS), 1e-9)
        target = np.minimum(ratio / np.maximum(growth, 1e-9), _LARGEST)
        values.append(inputs.values[active])
        targets.append(target[active])
        scales.append(inputs.scale[active])
    weights = np.concatenate(scales) ** _WEIGHT_POWER
    mean_weight = weights.sum() / max(len(weights), 1)
    return TrainingMatrix(names, np.concatenate(values), np.concatenate(targets), weights / max(mean_weight, 1e-9))


def _no_rows(panel: Panel) -> tuple[tuple[str, ...], Floats]:
    """Return the names of the inputs, and a matrix of them without a row."""
    inputs = booster_inputs(panel)
    return inputs.names, inputs.values[:0]


def fit_booster(rows: TrainingMatrix, parameters: Mapping[str, object], rounds: int, seed: int) -> Booster:
    """Fit one model per horizon; rows are weighted by level, so that an error counts nearly in money."""
    settings = {"verbose": -1, "num_threads": 1, "deterministic": True, "force_col_wise": True, "seed": seed}
    models = [_fit(rows, column, {**settings, **parameters}, rounds) for column in range(len(HORIZONS))]
    return Booster(rows.names, tuple(models))


def _fit(rows: TrainingMatrix, column: int, parameters: Mapping[str, object], rounds: int) -> str:
    target = rows.targets[:, column]
    finite = np.isfinite(target)
    if finite.sum() < _LEAST_ROWS:
        return ""
    data = lightgbm.Dataset(rows.values[finite], target[finite], weight=rows.weights[finite])
    return str(lightgbm.train(dict(parameters), data, rounds).model_to_string())


def gain_shares(booster: Booster, horizon: int = HORIZONS[1]) -> Sequence[tuple[str, float]]:
    """Return the share of the gain that each input brought, the most important first; nothing without a model."""
    text = booster.models[HORIZONS.index(horizon)]
    if not text:
        return []
    gain = lightgbm.Booster(model_str=text).feature_importance("gain")
    shares = gain / max(gain.sum(), 1e-9)
    return sorted(zip(booster.names, shares.tolist(), strict=True), key=lambda pair: -pair[1])
