"""One gradient boosting for all products: how much of its recent level each will sell, as a share of what all will sell.

Growth of the whole catalog is divided out of what is learned: trees cannot follow a season they never saw, and the
forecasts of departments and the total bring growth back when all are reconciled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import lightgbm
import numpy as np

from basketry.domains.forecast.inputs import inputs
from basketry.domains.forecast.series import HORIZONS, PERIODS, Floats, Panel, totals_ahead

_LEAST_HISTORY = 8
"""Weeks before the first origin that teaches."""

_PLACES = [PERIODS.index((1, horizon)) for horizon in HORIZONS]
_LARGEST = 4.0
"""A ratio to the level counts at most so much: one bulk order must not teach."""

_WEIGHT_POWER = 0.8
"""Products weigh by this power of their level: by 1 a few large ones would teach alone, by 0 the many tiny ones would."""


@dataclass(frozen=True)
class Taught:
    """Rows that teach. targets: revenue ahead over the level and over the catalog's growth; nan where not over yet."""

    names: tuple[str, ...]
    values: Floats
    targets: Floats
    weights: Floats


@dataclass(frozen=True)
class Booster:
    """One LightGBM model a horizon, as text; empty where there was too little history for that horizon."""

    names: tuple[str, ...]
    models: tuple[str, ...]

    def predict(self, panel: Panel) -> Floats:
        """Revenue of each horizon, products x horizons; the level alone for a horizon without a model."""
        given = inputs(panel)
        if given.names != self.names:
            raise ValueError("the inputs of the booster are not those it was trained with")
        totals = np.empty((len(panel), len(HORIZONS)))
        for place, (horizon, text) in enumerate(zip(HORIZONS, self.models, strict=True)):
            totals[:, place] = horizon * given.level
            if text and len(panel):
                ratio = lightgbm.Booster(model_str=text).predict(given.values, num_threads=1)
                totals[:, place] = horizon * given.scale * np.maximum(ratio, 0)
        return totals


def taught(panel: Panel, origins: int, active_weeks: int) -> Taught:
    """Rows of the newest origins, a week apart, of products that sold in the `active_weeks` before each."""
    parts = []
    last = panel.weeks - HORIZONS[1]  # the newest four weeks are known
    for end in range(max(_LEAST_HISTORY, last - origins + 1), last + 1):
        ago = panel.weeks - end
        known = panel.before(ago)
        active = known.idle < active_weeks
        given, ahead = inputs(known), totals_ahead(panel, ago)[:, _PLACES]
        ratio = ahead / (given.scale[:, None] * np.array(HORIZONS))
        growth = ahead[active].sum(axis=0) / np.maximum(given.level[active].sum() * np.array(HORIZONS), 1e-9)
        target = np.minimum(ratio / np.maximum(growth, 1e-9), _LARGEST)
        parts.append((given.names, given.values[active], target[active], given.scale[active]))
    if not parts:
        given = inputs(panel)
        return Taught(given.names, given.values[:0], np.empty((0, len(HORIZONS))), np.empty(0))
    values, targets, weights = (np.concatenate([part[place] for part in parts]) for place in (1, 2, 3))
    weights = weights**_WEIGHT_POWER
    return Taught(parts[0][0], values, targets, weights / max(weights.sum() / max(len(weights), 1), 1e-9))


def train(rows: Taught, parameters: Mapping[str, object], rounds: int, seed: int) -> Booster:
    """Fit one model a horizon. Weighted by level: an error counts nearly in money."""
    models = [_fit(rows, place, parameters, rounds, seed) for place in range(len(HORIZONS))]
    return Booster(rows.names, tuple(models))


def _fit(rows: Taught, place: int, parameters: Mapping[str, object], rounds: int, seed: int) -> str:
    target = rows.targets[:, place]
    known = np.isfinite(target)
    if known.sum() < 200:
        return ""
    data = lightgbm.Dataset(rows.values[known], target[known], weight=rows.weights[known])
    given = {"verbose": -1, "num_threads": 1, "deterministic": True, "force_col_wise": True, "seed": seed, **parameters}
    return str(lightgbm.train(given, data, rounds).model_to_string())


def importance(booster: Booster, horizon: int = HORIZONS[1]) -> Sequence[tuple[str, float]]:
    """Share of the gain that each input brought, the most important first; nothing without a model."""
    text = booster.models[HORIZONS.index(horizon)]
    if not text:
        return []
    gain = lightgbm.Booster(model_str=text).feature_importance("gain")
    shares = gain / max(gain.sum(), 1e-9)
    return sorted(zip(booster.names, shares.tolist(), strict=True), key=lambda pair: -pair[1])
