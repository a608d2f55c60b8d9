"""How good a forecaster is on test origins that chose nothing: every metric by the name under which it is logged."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from basketry.domains.forecast import backtest, metrics
from basketry.domains.forecast.candidates import BASELINES
from basketry.domains.forecast.forecaster import learn_spreads, stack_bounds
from basketry.domains.forecast.intervals import LEVELS
from basketry.domains.forecast.series import HORIZONS, MONTH, PERIODS, Bools, Floats, Texts, periods_of
from basketry.domains.forecast.settings import ForecastSettings
from basketry.learning.evaluation import Interval

CHAMPION = "champion"
RivalForecast = Callable[[backtest.Origin], Floats]
"""Forecasts of weeks by another model, products x WEEKS_AHEAD, for an origin."""


@dataclass(frozen=True, kw_only=True)
class BacktestResults:
    """Forecasts of products at test origins beside what was sold; every array has one row per product and origin.

    Attributes:
        products: The product of each row.
        classes: Its demand class.
        origins: Weeks from its origin to the end of the panel.
        observed: What was sold, rows x PERIODS; nan where a period is not over yet.
        naive_error: Error of the naive forecast over the product's past.
        forecasts: Rows x PERIODS by name, ours under an empty name.
        bounds: Our low and high bounds, rows x PERIODS, by level.
    """

    products: Texts
    classes: Texts
    origins: Floats
    observed: Floats
    naive_error: Floats
    forecasts: Mapping[str, Floats]
    bounds: Mapping[float, tuple[Floats, Floats]]

    def rows(self, period: int, demand_class: str | None = None) -> Bools:
        """Select the rows whose period is over, of one class or of all."""
        finished = np.isfinite(self.observed[:, period])
        return finished if demand_class is None else finished & (self.classes == demand_class)

    def measures(self, name: str, period: int = MONTH, demand_class: str | None = None) -> dict[str, float]:
        """Compute every metric of a forecast, mean over the origins.

        Args:
            name: The forecast, empty for ours.
            period: Its position in PERIODS.
            demand_class: Only products of this class; all when None.
        """
        rows = self.rows(period, demand_class)
        forecast = self.forecasts[name][rows, period]
        return metrics.mean_amount_metrics(
            self.observed[rows, period], forecast, self.naive_error[rows], self.origins[rows]
        )

    def coverage(self, level: float, period: int = MONTH, demand_class: str | None = None) -> float:
        """Compute the share of what was sold that lay within our interval of a level."""
        rows = self.rows(period, demand_class)
        low, high = (ends[rows, period] for ends in self.bounds[level])
        return metrics.coverage(self.observed[rows, period], low, high)


def evaluate_origins(
    origins: Sequence[backtest.Origin], settings: ForecastSettings, champion: RivalForecast | None
) -> BacktestResults:
    """Test the newest `tested_on` origins whose 28 days are over, each chosen and calibrated by earlier ones alone."""
    finished = (origin for origin in origins if origin.weeks_ago >= HORIZONS[1])
    oldest_first = sorted(finished, key=lambda origin: -origin.weeks_ago)
    tested = oldest_first[1:][-settings.backtest.tested_on :]
    return _concatenated([_test(origin, _before(origin, origins), settings, champion) for origin in tested])


def _concatenated(parts: Sequence[BacktestResults]) -> BacktestResults:
    """Put the rows of all parts end to end."""
    bounds = {}
    for level in LEVELS:
        low = np.concatenate([part.bounds[level][0] for part in parts])
        high = np.concatenate([part.bounds[level][1] for part in parts])
        bounds[level] = (low, high)
    return BacktestResults(
        products=np.concatenate([part.products for part in parts]),
        classes=np.concatenate([part.classes for part in parts]),
        origins=np.concatenate([part.origins for part in parts]),
        observed=np.concatenate([part.observed for part in parts]),
        naive_error=np.concatenate([part.naive_error for part in parts]),
        forecasts={name: np.concatenate([part.forecasts[name] for part in parts]) for name in parts[0].forecasts},
        bounds=bounds,
    )


def _before(origin: backtest.Origin, origins: Sequence[backtest.Origin]) -> list[backtest.Origin]:
    """Return origins whose 28 days were over when this one began, without what was not over yet of longer periods."""
    earlier = []
    for other in origins:
        lead = other.weeks_ago - origin.weeks_ago
        if lead >= HORIZONS[1]:
            over = np.array([last <= lead for _, last in PERIODS])
            earlier.append(backtest.hide_unfinished(other, over))
    return earlier


def _test(
    origin: backtest.Origin, past: Sequence[backtest.Origin], settings: ForecastSettings, champion: RivalForecast | None
) -> BacktestResults:
    """Forecast an origin as earlier ones taught, beside the naive baselines and the champion."""
    choice = backtest.choose_methods(past, settings.candidates)
    variances = backtest.learn_variances(past, choice)
    ours = origin.reconcile(origin.choose(choice), variances)[1]
    spreads = learn_spreads(past, choice, variances)
    by_period = [spread.bounds(ours[:, period], origin.classes) for period, spread in enumerate(spreads)]
    forecasts = {"": ours} | {f"naive/{name}": periods_of(origin.weekly[name]) for name in BASELINES}
    if champion is not None:
        forecasts[CHAMPION] = origin.reconcile(champion(origin), variances)[1]
    return BacktestResults(
        products=origin.panel.products,
        classes=origin.classes,
        origins=np.full(len(origin.panel), float(origin.weeks_ago)),
        observed=origin.observed,
        naive_error=origin.naive_error,
        forecasts=forecasts,
        bounds=stack_bounds(by_period),
    )


def named_metrics(results: BacktestResults, settings: ForecastSettings) -> dict[str, float]:
    """Compute every number by its logged name; what has no meaning is left out.

    A number is of the 28 days where its name says no other period.
    """
    return {name: value for name, value in _all(results, settings) if math.isfinite(value)}


def _all(results: BacktestResults, settings: ForecastSettings) -> Iterator[tuple[str, float]]:
    classes = sorted(set(results.classes.tolist()))
    for name in results.forecasts:
        prefix = f"{name}/" if name else ""
        yield from _named(prefix, results.measures(name))
        for horizon in HORIZONS:
            period = PERIODS.index((1, horizon))
            yield from _named(f"{prefix}days_{7 * horizon}/", results.measures(name, period))
        for demand_class in classes:
            yield from _named(f"{prefix}class/{demand_class}/", results.measures(name, MONTH, demand_class))
    yield from _coverages(results, classes)
    yield from _own_intervals(results, settings)
    yield from _comparisons(results, settings, classes)


def _named(prefix: str, values: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    return ((f"{prefix}{metric}", value) for metric, value in values.items())


def _coverages(results: BacktestResults, classes: Sequence[str]) -> Iterator[tuple[str, float]]:
    for level in LEVELS:
        name = _coverage_name(level)
        yield name, results.coverage(level)
        for horizon in HORIZONS:
            yield f"days_{7 * horizon}/{name}", results.coverage(level, PERIODS.index((1, horizon)))
        for demand_class in classes:
            yield f"class/{demand_class}/{name}", results.coverage(level, MONTH, demand_class)


def _coverage_name(level: float) -> str:
    return f"coverage_{level:.0%}".rstrip("%")


def _own_intervals(results: BacktestResults, settings: ForecastSettings) -> Iterator[tuple[str, float]]:
    """Yield intervals of our own metrics of 28 days, over products and origins."""
    rows = results.rows(MONTH)
    if not rows.any():
        return
    observed, forecast = results.observed[rows, MONTH], results.forecasts[""][rows, MONTH]
    drawn = metrics.Resamples.crossed(results.products[rows], results.origins[rows], settings.bootstrap, settings.seed)
    for metric, values in metrics.resampled_metrics(observed, forecast, results.naive_error[rows], drawn).items():
        yield from _ends(f"interval/{metric}", metrics.percentile_interval(values))
    for level, (low, high) in results.bounds.items():
        values = metrics.resampled_coverage(observed, low[rows, MONTH], high[rows, MONTH], drawn)
        yield from _ends(f"interval/{_coverage_name(level)}", metrics.percentile_interval(values))


def _comparisons(
    results: BacktestResults, settings: ForecastSettings, classes: Sequence[str]
) -> Iterator[tuple[str, float]]:
    """Yield paired intervals of our metrics less those of each rival, over products: every origin is the same for both."""
    for demand_class in (None, *classes):
        prefix = "" if demand_class is None else f"class/{demand_class}/"
        draws = _draws(results, settings, demand_class)
        for rival, values in draws.items():
            if rival and (demand_class is None or rival == CHAMPION):
                for metric, ours in draws[""].items():
                    difference = metrics.percentile_interval(ours - values[metric])
                    yield from _ends(f"versus/{rival}/{prefix}{metric}", difference)


def _draws(
    results: BacktestResults, settings: ForecastSettings, demand_class: str | None
) -> dict[str, dict[str, Floats]]:
    rows = results.rows(MONTH, demand_class)
    if not rows.any():
        return {"": {}}
    drawn = metrics.Resamples.of_products(
        results.products[rows], results.origins[rows], settings.bootstrap, settings.seed
    )
    observed, naive = results.observed[rows, MONTH], results.naive_error[rows]
    return {
        name: metrics.resampled_metrics(observed, values[rows, MONTH], naive, drawn)
        for name, values in results.forecasts.items()
    }


def _ends(name: str, interval: Interval) -> Iterator[tuple[str, float]]:
    yield f"{name}/mean", interval.mean
    yield f"{name}/low", interval.low
    yield f"{name}/high", interval.high


def by_revenue_decile(results: BacktestResults, name: str = "") -> list[dict[str, float]]:
    """Compute metrics of the 28 days by tenth of the products by size, the smallest first."""
    rows = results.rows(MONTH)
    forecast, observed = results.forecasts[name][rows, MONTH], results.observed[rows, MONTH]
    sizes = results.forecasts["naive/exponential_smoothing"][rows, MONTH]
    naive_error, origins = results.naive_error[rows], results.origins[rows]
    return [
        metrics.mean_amount_metrics(observed[part], forecast[part], naive_error[part], origins[part])
        for part in np.array_split(np.argsort(sizes, kind="stable"), 10)
    ]
