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
from basketry.domains.forecast.demand_classes import CLASSES, demand_classes
from basketry.domains.forecast.intervals import LEVELS, Spread, ratio_quantiles, spread_of
from basketry.domains.forecast.reconcile import Variances
from basketry.domains.forecast.series import HORIZONS, PERIODS, WEEKS_AHEAD, Floats, Norms, Panel, Texts, norms_of
from basketry.domains.forecast.settings import ForecastSettings

MODEL, CATEGORY_SHARE, DORMANT, TOO_LITTLE = "model", "category_share", "dormant", "too_little_history"
"""What a forecast is based on: the method of its class; its category, where it has no past; nothing sold for long; nothing."""

_GROUP_CLASS = "group"


@dataclass(frozen=True)
class BaseForecasts:
    """Forecasts of products before they are reconciled.

    Attributes:
        weekly: Products x WEEKS_AHEAD, nan where there is no forecast.
        classes: The demand class of each product.
        methods: The method of each product.
        basis: What each forecast is based on.
    """

    weekly: Floats
    classes: Texts
    methods: Texts
    basis: Texts


@dataclass(frozen=True, kw_only=True)
class Forecaster:
    """All that is needed to forecast any part of a catalog; the registry stores these fields by name.

    Attributes:
        trained_as_of: The last day that was learned from.
        active_weeks: A product that sold nothing in so many weeks is dormant.
        new_weeks: A product that was first sold less than so many weeks ago is new.
        norms: What is usual in the catalog.
        booster: The gradient boosting.
        choice: Method by demand class.
        spreads: Intervals of products, one for each of PERIODS.
        group_spread: Intervals of departments and the total.
        variances: How sure each level is.
        group_methods: Methods of departments and the total.
    """

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

    def base(self, panel: Panel) -> BaseForecasts:
        """Forecast some products; no other product is needed for that."""
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
        return BaseForecasts(weekly, classes, methods, basis)

    def group_forecasts(self, history: Floats) -> tuple[Floats, Floats]:
        """Forecast departments and the total by themselves.

        Args:
            history: Departments x weeks.
        """
        return backtest.group_forecasts(history, self.group_methods)

    def bounds(self, periods: Floats, classes: Texts) -> dict[float, tuple[Floats, Floats]]:
        """Return the low and high bounds of products by level, products x PERIODS each."""
        return stack_bounds([spread.bounds(periods[:, period], classes) for period, spread in enumerate(self.spreads)])

    def group_bounds(self, periods: Floats) -> dict[float, tuple[Floats, Floats]]:
        """Return the low and high bounds of departments or the total by level, groups x PERIODS each."""
        names = np.full(len(periods), _GROUP_CLASS, dtype=object)
        return stack_bounds([self.group_spread.bounds(column, names) for column in periods.T])

    def state(self) -> dict[str, Any]:
        """Return plain values, from which `restore_forecaster` makes the forecaster again."""
        return {**asdict(self), "trained_as_of": self.trained_as_of.isoformat()}


def _by_method(candidates: Mapping[str, Floats], methods: Texts) -> Floats:
    """Pick each product's row from the candidate that is its method."""
    weekly = np.zeros((len(methods), WEEKS_AHEAD))
    for name in set(methods.tolist()):
        weekly[methods == name] = candidates[name][methods == name]
    return weekly


def stack_bounds(periods: Sequence[Mapping[float, tuple[Floats, Floats]]]) -> dict[float, tuple[Floats, Floats]]:
    """Put the bounds of periods side by side: by level, low and high ends, rows x periods."""
    stacked = {}
    for level in LEVELS:
        low = np.column_stack([bounds[level][0] for bounds in periods])
        high = np.column_stack([bounds[level][1] for bounds in periods])
        stacked[level] = (low, high)
    return stacked


def restore_forecaster(state: Mapping[str, Any]) -> Forecaster:
    """Make the forecaster of a state of `Forecaster.state`.

    Raises:
        KeyError: The state is of another kind.
        TypeError: The state is of another kind.
    """
    return Forecaster(
        trained_as_of=date.fromisoformat(state["trained_as_of"]),
        active_weeks=int(state["active_weeks"]),
        new_weeks=int(state["new_weeks"]),
        norms=Norms(**state["norms"]),
        booster=Booster(tuple(state["booster"]["names"]), tuple(state["booster"]["models"])),
        choice=dict(state["choice"]),
        spreads=tuple(_spread(spread) for spread in state["spreads"]),
        group_spread=_spread(state["group_spread"]),
        variances=Variances(**state["variances"]),
        group_methods=backtest.GroupMethods(**state["group_methods"]),
    )


def _spread(state: Mapping[str, Any]) -> Spread:
    quantiles = {name: tuple(values) for name, values in state["quantiles"].items()}
    return Spread(state["offset"], tuple(state["edges"]), quantiles)


def fit_forecaster(
    panel: Panel, as_of: date, past: Sequence[backtest.Origin], settings: ForecastSettings
) -> Forecaster:
    """Fit a forecaster on all of a panel.

    Args:
        panel: The series.
        as_of: The last day of the panel.
        past: Origins of the past, which decide about methods, intervals and the weight of each level.
        settings: How forecasts are made.
    """
    rows = booster.training_matrix(panel, settings.training.origins, settings.history.active_weeks)
    choice = backtest.choose_methods(past, settings.candidates)
    variances = backtest.learn_variances(past, choice)
    _, history = backtest.group_history(panel)
    methods = backtest.best_group_methods(history)
    return Forecaster(
        trained_as_of=as_of,
        active_weeks=settings.history.active_weeks,
        new_weeks=settings.history.new_weeks,
        norms=norms_of(panel),
        booster=booster.fit_booster(rows, settings.booster.parameters, settings.training.rounds, settings.seed),
        choice=choice,
        spreads=learn_spreads(past, choice, variances),
        group_spread=learn_group_spread(history, methods),
        variances=variances,
        group_methods=methods,
    )


def fallback_forecaster(panel: Panel, as_of: date, settings: ForecastSettings) -> Forecaster:
    """Forecast every product by its category, with guessed intervals: for a catalog too young to train on."""
    names = booster.training_matrix(panel, 1, settings.history.active_weeks).names
    wide = spread_of(np.array([]), np.array([]), np.array([], dtype=object))
    smoothing = groups.DEFAULT_METHOD
    return Forecaster(
        trained_as_of=as_of,
        active_weeks=settings.history.active_weeks,
        new_weeks=settings.history.new_weeks,
        norms=norms_of(panel),
        booster=Booster(names, ("",) * len(HORIZONS)),
        choice=dict.fromkeys(CLASSES, SHARE),
        spreads=(wide,) * len(PERIODS),
        group_spread=wide,
        variances=Variances(1.0, 1.0, 1.0),
        group_methods=backtest.GroupMethods(smoothing, smoothing),
    )


def learn_spreads(
    past: Sequence[backtest.Origin], choice: Mapping[str, str], variances: Variances
) -> tuple[Spread, ...]:
    """Learn the interval of each of PERIODS from what some origins forecast, reconciled, and what was sold."""
    forecasts = [origin.reconcile(origin.choose(choice), variances)[1] for origin in past]
    spreads: list[Spread] = []
    for period in range(len(PERIODS)):
        finished = [np.isfinite(origin.observed[:, period]) for origin in past]
        observed = np.concatenate([origin.observed[rows, period] for origin, rows in zip(past, finished, strict=True)])
        forecast = np.concatenate([values[rows, period] for values, rows in zip(forecasts, finished, strict=True)])
        classes = np.concatenate([origin.classes[rows] for origin, rows in zip(past, finished, strict=True)])
        spreads.append(spread_of(observed, forecast, classes) if len(observed) else spreads[-1])
    return tuple(spreads)


def learn_group_spread(history: Floats, methods: backtest.GroupMethods) -> Spread:
    """Learn the interval of departments and the total from the relative errors of their own methods over all their past."""
    of_departments = groups.past_errors(history, methods.department).ravel()
    of_total = groups.past_errors(history.sum(axis=0, keepdims=True), methods.total).ravel()
    errors = np.concatenate([of_departments, of_total])
    usable = errors[np.isfinite(errors) & (errors > -1)]
    if not len(usable):
        return spread_of(np.array([]), np.array([]), np.array([], dtype=object))
    return Spread(1e-9, (), {"all": ratio_quantiles(1 / (1 + usable))})
