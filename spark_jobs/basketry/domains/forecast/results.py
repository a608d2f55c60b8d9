"""What a forecaster is worth on test origins that chose nothing: every metric by the name under which it is logged."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from basketry.domains.forecast import backtest, metrics
from basketry.domains.forecast.candidates import BASELINES
from basketry.domains.forecast.forecaster import learned_spreads
from basketry.domains.forecast.intervals import LEVELS
from basketry.domains.forecast.series import HORIZONS, MONTH, PERIODS, Bools, Floats, Texts, periods_of
from basketry.domains.forecast.settings import ForecastSettings
from basketry.learning.evaluation import Interval

CHAMPION = "champion"
Rival = Callable[[backtest.Origin], Floats]
"""Forecasts of weeks by another model, products x WEEKS_AHEAD, for an origin."""


@dataclass(frozen=True)
class Results:
    """Rows: products at test origins. forecasts: products x PERIODS by name, ours under ''; bounds: by level."""

    products: Texts
    classes: Texts
    origins: Floats
    observed: Floats
    naive_error: Floats
    forecasts: Mapping[str, Floats]
    bounds: Mapping[float, tuple[Floats, Floats]]

    def rows(self, place: int, demand_class: str | None = None) -> Bools:
        """Rows whose period is over, of one class or of all."""
        known = np.isfinite(self.observed[:, place])
        return known if demand_class is None else known & (self.classes == demand_class)

    def measures(self, name: str, place: int = MONTH, demand_class: str | None = None) -> dict[str, float]:
        """Every metric of a forecast, mean over the origins."""
        rows = self.rows(place, demand_class)
        return metrics.mean_measures(
            self.observed[rows, place], self.forecasts[name][rows, place], self.naive_error[rows], self.origins[rows]
        )

    def coverage(self, level: float, place: int = MONTH, demand_class: str | None = None) -> float:
        """Share of what came that lay within our interval of that level."""
        rows = self.rows(place, demand_class)
        low, high = (ends[rows, place] for ends in self.bounds[level])
        return metrics.coverage(self.observed[rows, place], low, high)


def evaluate(origins: Sequence[backtest.Origin], settings: ForecastSettings, champion: Rival | None) -> Results:
    """Test the newest `tested_on` origins whose 28 days are over, each chosen and calibrated by earlier ones alone."""
    over = sorted((one for one in origins if one.weeks_ago >= HORIZONS[1]), key=lambda one: -one.weeks_ago)
    tested = [one for one in over[1:][-settings.tested_on :]]
    parts = [_tested(one, _before(one, origins), settings, champion) for one in tested]
    return _together(parts)


def _together(parts: Sequence[Results]) -> Results:
    def joined(part_of: Callable[[Results], Any]) -> Any:
        """One field of all parts, end to end."""
        return np.concatenate([part_of(part) for part in parts])

    def both(level: float) -> tuple[Floats, Floats]:
        """Lower and upper bounds of a level, of all parts."""
        return joined(lambda part: part.bounds[level][0]), joined(lambda part: part.bounds[level][1])

    return Results(
        products=joined(lambda part: part.products),
        classes=joined(lambda part: part.classes),
        origins=joined(lambda part: part.origins),
        observed=joined(lambda part: part.observed),
        naive_error=joined(lambda part: part.naive_error),
        forecasts={name: np.concatenate([part.forecasts[name] for part in parts]) for name in parts[0].forecasts},
        bounds={level: both(level) for level in LEVELS},
    )


def _before(one: backtest.Origin, origins: Sequence[backtest.Origin]) -> list[backtest.Origin]:
    """Origins whose 28 days were over when this one began; what was not over yet of their longer periods is hidden."""
    found = []
    for other in origins:
        lead = other.weeks_ago - one.weeks_ago
        if lead >= HORIZONS[1]:
            over = np.array([last <= lead for _, last in PERIODS])
            found.append(backtest.hidden(other, over))
    return found


def _tested(
    one: backtest.Origin, past: Sequence[backtest.Origin], settings: ForecastSettings, champion: Rival | None
) -> Results:
    choice = backtest.choose(past, settings.candidates)
    variances = backtest.learned_variances(past, choice)
    ours = one.agreed(one.chosen(choice), variances)[1]
    spreads = learned_spreads(past, choice, variances)
    each = [spread.bounds(ours[:, place], one.classes) for place, spread in enumerate(spreads)]
    bounds = {
        level: (
            np.column_stack([found[level][0] for found in each]),
            np.column_stack([found[level][1] for found in each]),
        )
        for level in LEVELS
    }
    forecasts = {"": ours} | {f"naive/{name}": periods_of(one.weekly[name]) for name in BASELINES}
    if champion is not None:
        forecasts[CHAMPION] = one.agreed(champion(one), variances)[1]
    return Results(
        one.panel.products,
        one.classes,
        np.full(len(one.panel), float(one.weeks_ago)),
        one.observed,
        one.naive_error,
        forecasts,
        bounds,
    )


def named_metrics(results: Results, settings: ForecastSettings) -> dict[str, float]:
    """Every number by its logged name, of the 28 days where the name says no other; what has no meaning is left out."""
    return {name: value for name, value in _all(results, settings) if math.isfinite(value)}


def _all(results: Results, settings: ForecastSettings) -> Iterator[tuple[str, float]]:
    classes = sorted(set(results.classes.tolist()))
    for name in results.forecasts:
        prefix = f"{name}/" if name else ""
        yield from _named(prefix, results.measures(name))
        for horizon in HORIZONS:
            place = PERIODS.index((1, horizon))
            yield from _named(f"{prefix}days_{7 * horizon}/", results.measures(name, place))
        for demand_class in classes:
            yield from _named(f"{prefix}class/{demand_class}/", results.measures(name, MONTH, demand_class))
    yield from _coverages(results, classes)
    yield from _own(results, settings)
    yield from _compared(results, settings, classes)


def _named(prefix: str, found: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    return ((f"{prefix}{metric}", value) for metric, value in found.items())


def _coverages(results: Results, classes: Sequence[str]) -> Iterator[tuple[str, float]]:
    for level in LEVELS:
        name = _coverage_name(level)
        yield name, results.coverage(level)
        for horizon in HORIZONS:
            yield f"days_{7 * horizon}/{name}", results.coverage(level, PERIODS.index((1, horizon)))
        for demand_class in classes:
            yield f"class/{demand_class}/{name}", results.coverage(level, MONTH, demand_class)


def _coverage_name(level: float) -> str:
    return f"coverage_{level:.0%}".rstrip("%")


def _own(results: Results, settings: ForecastSettings) -> Iterator[tuple[str, float]]:
    """Intervals of our own metrics of 28 days, over products and origins."""
    rows = results.rows(MONTH)
    if not rows.any():
        return
    observed, forecast = results.observed[rows, MONTH], results.forecasts[""][rows, MONTH]
    drawn = metrics.Resamples.crossed(results.products[rows], results.origins[rows], settings.bootstrap, settings.seed)
    for metric, values in metrics.resampled(observed, forecast, results.naive_error[rows], drawn).items():
        yield from _ends(f"interval/{metric}", metrics.interval(values))
    for level, (low, high) in results.bounds.items():
        values = metrics.resampled_coverage(observed, low[rows, MONTH], high[rows, MONTH], drawn)
        yield from _ends(f"interval/{_coverage_name(level)}", metrics.interval(values))


def _compared(results: Results, settings: ForecastSettings, classes: Sequence[str]) -> Iterator[tuple[str, float]]:
    """Paired intervals of our metrics less those of each rival, over products: every origin is the same for both."""
    for demand_class in (None, *classes):
        prefix = "" if demand_class is None else f"class/{demand_class}/"
        draws = _draws(results, settings, demand_class)
        for rival, values in draws.items():
            if rival and (demand_class is None or rival == CHAMPION):
                for metric, ours in draws[""].items():
                    found = metrics.interval(ours - values[metric])
                    yield from _ends(f"versus/{rival}/{prefix}{metric}", found)


def _draws(results: Results, settings: ForecastSettings, demand_class: str | None) -> dict[str, dict[str, Floats]]:
    rows = results.rows(MONTH, demand_class)
    if not rows.any():
        return {"": {}}
    drawn = metrics.Resamples.of_products(
        results.products[rows], results.origins[rows], settings.bootstrap, settings.seed
    )
    observed, naive = results.observed[rows, MONTH], results.naive_error[rows]
    return {
        name: metrics.resampled(observed, values[rows, MONTH], naive, drawn)
        for name, values in results.forecasts.items()
    }


def _ends(name: str, found: Interval) -> Iterator[tuple[str, float]]:
    yield f"{name}/mean", found.mean
    yield f"{name}/low", found.low
    yield f"{name}/high", found.high


def by_revenue_decile(results: Results, name: str = "") -> list[dict[str, float]]:
    """Metrics of the 28 days by tenth of the forecast's size, the smallest first."""
    rows = results.rows(MONTH)
    forecast, observed = results.forecasts[name][rows, MONTH], results.observed[rows, MONTH]
    sizes = results.forecasts["naive/exponential_smoothing"][rows, MONTH]
    found = []
    for part in np.array_split(np.argsort(sizes, kind="stable"), 10):
        found.append(
            metrics.mean_measures(
                observed[part], forecast[part], results.naive_error[rows][part], results.origins[rows][part]
            )
        )
    return found
