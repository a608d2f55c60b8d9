"""Trains a challenger, tests it beside the champion and the naive baselines on rolling origins, and registers it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from basketry import registry
from basketry.domains.forecast import backtest, booster, forecaster, results, rows, tracking
from basketry.domains.forecast.card import Subject, forecast_card
from basketry.domains.forecast.score import LEAST_TRAINING_WEEKS
from basketry.domains.forecast.series import HORIZONS, Floats, Panel
from basketry.domains.forecast.settings import ForecastSettings, load_settings
from basketry.errors import BadInputError
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.learning.tracking import Record
from basketry.tables import ORDER_LINES, PRODUCTS

_LEAST_WEEKS_BEFORE = 8
"""Weeks of history that an origin of the back-test needs."""


@dataclass(frozen=True)
class Rival:
    """The champion, if there is one and it can be loaded; problem: why not, in one sentence."""

    version: str = ""
    forecaster: forecaster.Forecaster | None = None
    problem: str = ""

    @property
    def told(self) -> str:
        """One sentence for the card and the log."""
        if self.problem:
            return f"The champion (version {self.version}) was not compared: {self.problem}"
        return f"Compared with the champion (version {self.version})." if self.version else "There is no champion."


@dataclass(frozen=True)
class Outcome:
    """A training that is done, before anything of it is stored."""

    trained: forecaster.Forecaster
    results: results.Results
    metrics: Mapping[str, float]
    origins: tuple[backtest.Origin, ...]
    rival: Rival


def run(lake: Lakehouse, arguments: argparse.Namespace) -> JobReport:
    """Train as of --as-of and register the challenger; with --dry-run train and report, but leave nothing behind."""
    settings = load_settings(lake.settings.include)
    rival = _rival(lake)  # first: the registry may be down
    found = rows.history(lake, arguments.as_of, settings)
    _check(found, settings)
    versions = {table.full_name: lake.version(table) for table in (ORDER_LINES, PRODUCTS)}
    known = {name: version for name, version in versions.items() if version is not None}
    panel = rows.panel(found, settings)
    outcome = trained(panel, arguments, settings, rival)
    record = _record(lake, arguments, panel, outcome, known, settings)
    number = None if arguments.dry_run else tracking.register(lake, outcome.trained, record)
    return JobReport(
        len(panel),
        0,
        _summary(outcome, number),
        as_of=arguments.as_of,
        input_versions=known,
        details={"champion": rival.version, "champion_problem": rival.problem, "choice": dict(outcome.trained.choice)},
        model_version=number,
        dry_run=arguments.dry_run,
    )


def _rival(lake: Lakehouse) -> Rival:
    name = tracking.registered(lake)
    number = registry.alias_version(name, registry.CHAMPION)
    if number is None:
        return Rival()
    try:
        return Rival(number, tracking.load(name, number).forecaster)
    except registry.ModelGoneError as error:
        return Rival(number, problem=error.message)


def _check(found: rows.History, settings: ForecastSettings) -> None:
    if found.weeks < LEAST_TRAINING_WEEKS:
        raise BadInputError(
            f"training needs {LEAST_TRAINING_WEEKS} complete weeks of sales and there are {found.weeks}: load more history or"
            " wait; until then forecasts go by category."
        )


def origins(weeks: int, settings: ForecastSettings) -> list[int]:
    """Weeks before the end of every origin, oldest first: those that choose, then those that test.

    Origins that would have less than eight weeks of history are left out; two at least remain.
    """
    count = settings.chosen_on + settings.tested_on
    wanted = [HORIZONS[1] + number * settings.step_weeks for number in range(count)]
    return sorted((ago for ago in wanted if weeks - ago >= _LEAST_WEEKS_BEFORE), reverse=True)


def trained(panel: Panel, arguments: argparse.Namespace, settings: ForecastSettings, rival: Rival = Rival()) -> Outcome:
    """Back-test, test against the rivals, and fit on everything; on one core, so that the seed decides all."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # sums that several cores share out are rounded otherwise on another machine
        return _trained(panel, arguments, settings, rival)


def _trained(panel: Panel, arguments: argparse.Namespace, settings: ForecastSettings, rival: Rival) -> Outcome:
    past = tuple(backtest.at_origin(panel, ago, settings) for ago in origins(panel.weeks, settings))
    tested = results.evaluate(past, settings, _forecasts(rival, arguments))
    final = forecaster.train(panel, arguments.as_of, past, settings)
    return Outcome(final, tested, results.named_metrics(tested, settings), past, rival)


def _forecasts(rival: Rival, arguments: argparse.Namespace) -> results.Rival | None:
    """The champion's forecasts at an origin: as it stands where it cannot have seen what came, else its methods anew."""
    champion = rival.forecaster
    if champion is None:
        return None

    def forecast(origin: backtest.Origin) -> Floats:
        """What the champion says at an origin; refitted where it was trained later than that."""
        begins = arguments.as_of - timedelta(weeks=origin.weeks_ago)
        if champion.trained_as_of <= begins:
            return champion.base(origin.panel).weekly
        return origin.chosen(champion.choice)

    return forecast


def _record(
    lake: Lakehouse,
    arguments: argparse.Namespace,
    panel: Panel,
    outcome: Outcome,
    versions: Mapping[str, int],
    settings: ForecastSettings,
) -> Record:
    deciles = results.by_revenue_decile(outcome.results)
    subject = Subject(
        lake.catalog,
        arguments.as_of,
        len(panel),
        panel.weeks,
        outcome.trained,
        outcome.results,
        outcome.metrics,
        outcome.rival.told,
    )
    evaluation: dict[str, Any] = {"metrics": dict(outcome.metrics), "by_revenue_decile": deciles}
    evaluation["importance"] = dict(booster.importance(outcome.trained.booster))
    params: dict[str, object] = {f"method.{name}": method for name, method in outcome.trained.choice.items()}
    params |= {f"settings.{name}": value for name, value in vars(settings).items()}
    params |= {f"version.{name}": version for name, version in versions.items()}
    return Record(
        params,
        outcome.metrics,
        _tags(lake, arguments, outcome.rival),
        {"evaluation.json": evaluation},
        {"model_card.md": forecast_card(subject)},
    )


def _tags(lake: Lakehouse, arguments: argparse.Namespace, rival: Rival) -> dict[str, str]:
    tags = {
        "basketry.catalog": lake.catalog,
        "basketry.model": tracking.MODEL,
        "basketry.as_of": str(arguments.as_of),
        "basketry.run_id": str(arguments.run_id),
        "basketry.champion_version": "" if rival.problem else rival.version,
    }
    return tags | ({"basketry.champion_problem": rival.problem} if rival.problem else {})


def _summary(outcome: Outcome, number: str | None) -> tuple[str, ...]:
    found = outcome.metrics
    methods = ", ".join(f"{name} {method}" for name, method in outcome.trained.choice.items())
    return (
        methods,
        f"28 days: WAPE {found['wape']:.3f} ({found['interval/wape/low']:.3f} to {found['interval/wape/high']:.3f}),"
        f" exponential smoothing {found['naive/exponential_smoothing/wape']:.3f},"
        f" seasonal naive {found['naive/seasonal_naive/wape']:.3f}; RMSE {found['rmse']:,.0f}, bias {found['bias']:+.3f},"
        f" 90 % interval covers {found['coverage_90']:.1%}",
        outcome.rival.told,
        f"version {number} is the challenger" if number else "nothing is registered",
    )
