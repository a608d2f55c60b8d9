"""A trained forecaster: all that is needed to forecast any part of the catalog alone, and plain enough to store as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from basketry.domains.forecast import backtest, booster, groups
from basketry.domains.forecast.booster import Booster
from basketry.domains.forecast.candidates import SHARE, weekly_candidates
from basketry.domains.forecast.classes import CLASSES, demand_classes
from basketry.domains.forecast.intervals import Spread, ratio_quantiles, spread_of
from basketry.domains.forecast.reconcile import Variances
from basketry.domains.forecast.series import PERIODS, Floats, Norms, Panel, Texts, norms_of
from basketry.domains.forecast.settings import ForecastSettings

MODEL, CATEGORY_SHARE, DORMANT, TOO_LITTLE = "model", "category_share", "dormant", "too_little_history"
"""What a forecast rests on: the method of its class; its category, where it has no past; nothing sold for long; nothing."""

_GROUP_CLASS = "group"


@dataclass(frozen=True)
class Base:
    """Forecasts of products before they are reconciled. weekly: products x WEEKS_AHEAD, nan where there is none."""

    weekly: Floats
    classes: Texts
    methods: Texts
    basis: Texts


@dataclass(frozen=True)
class Forecaster:
    """choice: method by demand class; spreads: by place in PERIODS, of products; groups: of departments and the total."""

    trained_as_of: date
    active_weeks: int
    new_weeks: int
    norms: Norms
    booster: Booster
    choice: Mapping[str, str]
    spreads: tuple[Spread, ...]
    group_spread: Spread
    variances: Variances
    group_methods: backtest.GroupMethods

    def base(self, panel: Panel) -> Base:
        """Forecasts of these products, of which no other product is needed."""
        panel = replace(panel, norms=self.norms)
        classes = demand_classes(panel, self.new_weeks)
        methods = np.array([self.choice[name] for name in classes], dtype=object)
        dormant, unsold = panel.idle >= self.active_weeks, ~panel.sold.any(axis=1)
        basis = np.select([unsold, dormant, methods == SHARE], [TOO_LITTLE, DORMANT, CATEGORY_SHARE], MODEL).astype(
            object
        )
        weekly = _by_method(weekly_candidates(panel, self.booster, sorted(set(self.choice.values()))), methods)
        weekly[dormant] = 0.0
        weekly[unsold] = np.nan
        return Base(weekly, classes, methods, basis)

    def group_forecasts(self, history: Floats) -> tuple[Floats, Floats]:
        """Own forecasts of departments and of the total. history: departments x weeks."""
        return backtest.group_forecasts(history, self.group_methods)

    def bounds(self, periods: Floats, classes: Texts) -> dict[float, tuple[Floats, Floats]]:
        """Low and high bound by level, of products: products x PERIODS."""
        each = [spread.bounds(periods[:, place], classes) for place, spread in enumerate(self.spreads)]
        return _stacked(each)

    def group_bounds(self, periods: Floats) -> dict[float, tuple[Floats, Floats]]:
        """The same of departments or the total."""
        names = np.full(len(periods), _GROUP_CLASS, dtype=object)
        return _stacked([self.group_spread.bounds(periods[:, place], names) for place in range(periods.shape[1])])

    def state(self) -> dict[str, Any]:
        """Plain values, from which `restored` makes the forecaster again."""
        return {**asdict(self), "trained_as_of": self.trained_as_of.isoformat()}


def _by_method(candidates: Mapping[str, Floats], methods: Texts) -> Floats:
    found = np.zeros_like(next(iter(candidates.values())))
    for name in set(methods.tolist()):
        found[methods == name] = candidates[name][methods == name]
    return found


def _stacked(each: Sequence[Mapping[float, tuple[Floats, Floats]]]) -> dict[float, tuple[Floats, Floats]]:
    levels = each[0]
    return {
        level: (np.column_stack([one[level][0] for one in each]), np.column_stack([one[level][1] for one in each]))
        for level in levels
    }


def restored(state: Mapping[str, Any]) -> Forecaster:
    """The forecaster of `Forecaster.state`; KeyError or TypeError when it is of another kind."""
    given = dict(state)
    return Forecaster(
        trained_as_of=date.fromisoformat(given["trained_as_of"]),
        active_weeks=int(given["active_weeks"]),
        new_weeks=int(given["new_weeks"]),
        norms=Norms(**given["norms"]),
        booster=Booster(tuple(given["booster"]["names"]), tuple(given["booster"]["models"])),
        choice=dict(given["choice"]),
        spreads=tuple(_spread(one) for one in given["spreads"]),
        group_spread=_spread(given["group_spread"]),
        variances=Variances(**given["variances"]),
        group_methods=backtest.GroupMethods(**given["group_methods"]),
    )


def _spread(given: Mapping[str, Any]) -> Spread:
    quantiles = {name: tuple(values) for name, values in given["quantiles"].items()}
    return Spread(given["offset"], tuple(given["edges"]), quantiles)


def train(panel: Panel, as_of: date, past: Sequence[backtest.Origin], settings: ForecastSettings) -> Forecaster:
    """Fit on all of the panel; methods, intervals and the say of each level come from the origins of the past."""
    rows = booster.taught(panel, settings.training_origins, settings.active_weeks)
    choice = backtest.choose(past, settings.candidates)
    variances = backtest.learned_variances(past, choice)
    _, history = backtest.group_history(panel)
    methods = backtest.group_methods(history)
    return Forecaster(
        as_of,
        settings.active_weeks,
        settings.new_weeks,
        norms_of(panel),
        booster.train(rows, settings.parameters, settings.rounds, settings.seed),
        choice,
        learned_spreads(past, choice, variances),
        group_spread(history, methods),
        variances,
        methods,
    )


def fallback(panel: Panel, as_of: date, settings: ForecastSettings) -> Forecaster:
    """Every product by its category, with intervals of a guess: for a catalog too young to train on."""
    names = booster.taught(panel, 1, settings.active_weeks).names
    wide = spread_of(np.array([]), np.array([]), np.array([], dtype=object))
    first = next(iter(groups.METHODS))
    return Forecaster(
        as_of,
        settings.active_weeks,
        settings.new_weeks,
        norms_of(panel),
        Booster(names, ("", "", "")),
        dict.fromkeys(CLASSES, SHARE),
        (wide,) * len(PERIODS),
        wide,
        Variances(1.0, 1.0, 1.0),
        backtest.GroupMethods(first, first),
    )


def learned_spreads(
    past: Sequence[backtest.Origin], choice: Mapping[str, str], variances: Variances
) -> tuple[Spread, ...]:
    """Of each of PERIODS, from what these origins forecast, reconciled, and what came."""
    forecasts = [one.agreed(one.chosen(choice), variances)[1] for one in past]
    spreads: list[Spread] = []
    for place in range(len(PERIODS)):
        parts = []
        for one, found in zip(past, forecasts, strict=True):
            known = np.isfinite(one.observed[:, place])
            parts.append((one.observed[known, place], found[known, place], one.classes[known]))
        observed, forecast, classes = (np.concatenate([part[n] for part in parts]) for n in range(3))
        spreads.append(spread_of(observed, forecast, classes) if len(observed) else spreads[-1])
    return tuple(spreads)


def group_spread(history: Floats, methods: backtest.GroupMethods) -> Spread:
    """Of departments and the total together, from the relative errors of their own methods over all their past."""
    errors = [
        groups.past_errors(history, methods.department).ravel(),
        groups.past_errors(history.sum(axis=0, keepdims=True), methods.total).ravel(),
    ]
    found = np.concatenate(errors)
    known = found[np.isfinite(found) & (found > -1)]
    if not len(known):
        return spread_of(np.array([]), np.array([]), np.array([], dtype=object))
    return Spread(1e-9, (), {"all": ratio_quantiles(1 / (1 + known))})
