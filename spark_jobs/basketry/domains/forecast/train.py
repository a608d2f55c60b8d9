"""Trains a challenger, tests it beside the champion and the naive baselines on rolling origins, and registers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from basketry import registry
from basketry.domains.forecast import backtest, booster, evaluate, forecaster, sales_history, tracking
from basketry.domains.forecast.model_card import ForecastCardSubject, forecast_card
from basketry.domains.forecast.score import LEAST_TRAINING_WEEKS
from basketry.domains.forecast.series import HORIZONS, Floats, Panel
from basketry.domains.forecast.settings import ForecastSettings, load_settings
from basketry.errors import BadInputError
from basketry.jobs import DatedArguments
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.learning.tracking import TrainingRecord
from basketry.learning.versions import champion_version
from basketry.registry.models import FORECAST_MODEL
from basketry.tables import ORDER_LINES, PRODUCTS

_LEAST_WEEKS_BEFORE = 8
"""Weeks of history that an origin of the back-test needs."""


@dataclass(frozen=True)
class ComparedChampion:
    """The champion, if there is one and it can be loaded.

    Attributes:
        version: Its version; empty when there is no champion.
        forecaster: Its forecaster, None when it cannot be loaded.
        problem: Why it cannot be loaded, in one sentence.
    """

    version: str = ""
    forecaster: forecaster.Forecaster | None = None
    problem: str = ""

    @property
    def sentence(self) -> str:
        """One sentence for the card and the log."""
        if self.problem:
            return f"The champion (version {self.version}) was not compared: {self.problem}"
        return f"Compared with the champion (version {self.version})." if self.version else "There is no champion."


@dataclass(frozen=True, kw_only=True)
class ForecastTraining:
    """A training that is done, before anything of it is stored.

    Attributes:
        trained: The forecaster.
        results: Its back-test.
        metrics: Every number of the back-test, by its logged name.
        origins: The origins of the back-test, oldest first.
        rival: The champion that it was compared with.
    """

    trained: forecaster.Forecaster
    results: evaluate.BacktestResults
    metrics: Mapping[str, float]
    origins: tuple[backtest.Origin, ...]
    rival: ComparedChampion


def run(lake: Lakehouse, arguments: DatedArguments) -> JobReport:
    """Train as of --as-of and register the challenger; with --dry-run train and report, but leave nothing behind."""
    settings = load_settings(lake.settings.include)
    rival = _champion(lake)  # first: the registry may be down
    history = sales_history.read_history(lake, arguments.as_of, settings)
    _check(history, settings)
    versions = lake.versions(ORDER_LINES, PRODUCTS)
    panel = sales_history.training_panel(history, settings)
    training = train_challenger(panel, arguments, settings, rival)
    record = TrainingRecord(
        params=_params(training, versions, settings),
        metrics=training.metrics,
        tags=_tags(lake, arguments, rival),
        documents={"evaluation.json": _evaluation(training)},
        texts={"model_card.md": forecast_card(_card_subject(lake.catalog, arguments, panel, training))},
    )
    number = None if arguments.dry_run else tracking.register_forecaster(lake, training.trained, record)
    return JobReport(
        rows_in=len(panel),
        rows_out=0,
        summary=_summary(training, number),
        as_of=arguments.as_of,
        input_versions=versions,
        details={"champion": rival.version, "champion_problem": rival.problem, "choice": dict(training.trained.choice)},
        model_version=number,
        dry_run=arguments.dry_run,
    )


def _champion(lake: Lakehouse) -> ComparedChampion:
    number = champion_version(lake, FORECAST_MODEL)
    if number is None:
        return ComparedChampion()
    try:
        return ComparedChampion(number, tracking.LOADER.load(lake, number).forecaster)
    except registry.ModelGoneError as error:
        return ComparedChampion(number, problem=error.message)


def _check(history: sales_history.SalesHistory, settings: ForecastSettings) -> None:
    if history.weeks < LEAST_TRAINING_WEEKS:
        raise BadInputError(
            f"training needs {LEAST_TRAINING_WEEKS} complete weeks of sales and there are {history.weeks}: load more history or"
            " wait; until then forecasts go by category."
        )


def origin_weeks(weeks: int, settings: ForecastSettings) -> list[int]:
    """List the weeks before the end of every origin, oldest first: those that choose, then those that test.

    Origins that would have less than eight weeks of history are left out; two at least remain.
    """
    count = settings.backtest.chosen_on + settings.backtest.tested_on
    wanted = [HORIZONS[1] + number * settings.backtest.step_weeks for number in range(count)]
    return sorted((ago for ago in wanted if weeks - ago >= _LEAST_WEEKS_BEFORE), reverse=True)


def train_challenger(
    panel: Panel, arguments: DatedArguments, settings: ForecastSettings, rival: ComparedChampion = ComparedChampion()
) -> ForecastTraining:
    """Back-test, compare with the rivals, and fit on everything; on one core, so that the seed decides all."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # sums that several cores share out are rounded otherwise on another machine
        past = tuple(backtest.make_origin(panel, ago, settings) for ago in origin_weeks(panel.weeks, settings))
        results = evaluate.evaluate_origins(past, settings, _forecasts(rival, arguments))
        return ForecastTraining(
            trained=forecaster.fit_forecaster(panel, arguments.as_of, past, settings),
            results=results,
            metrics=evaluate.named_metrics(results, settings),
            origins=past,
            rival=rival,
        )


def _forecasts(rival: ComparedChampion, arguments: DatedArguments) -> evaluate.RivalForecast | None:
    """Return how the champion forecasts an origin; None where there is no champion.

    It forecasts as it stands where it cannot have seen what was sold afterwards, else by its methods, trained anew.
    """
    champion = rival.forecaster
    if champion is None:
        return None

    def forecast(origin: backtest.Origin) -> Floats:
        """Forecast an origin as the champion would."""
        begins = arguments.as_of - timedelta(weeks=origin.weeks_ago)
        if champion.trained_as_of <= begins:
            return champion.base(origin.panel).weekly
        return origin.choose(champion.choice)

    return forecast


def _params(training: ForecastTraining, versions: Mapping[str, int], settings: ForecastSettings) -> dict[str, object]:
    params: dict[str, object] = {f"method.{name}": method for name, method in training.trained.choice.items()}
    params |= {f"settings.{name}": value for name, value in settings.leaves().items()}
    return params | {f"version.{name}": version for name, version in versions.items()}


def _evaluation(training: ForecastTraining) -> dict[str, Any]:
    return {
        "metrics": dict(training.metrics),
        "by_revenue_decile": evaluate.by_revenue_decile(training.results),
        "importance": dict(booster.gain_shares(training.trained.booster)),
    }


def _card_subject(
    catalog: str, arguments: DatedArguments, panel: Panel, training: ForecastTraining
) -> ForecastCardSubject:
    return ForecastCardSubject(
        catalog=catalog,
        as_of=arguments.as_of,
        products=len(panel),
        weeks=panel.weeks,
        forecaster=training.trained,
        results=training.results,
        metrics=training.metrics,
        champion=training.rival.sentence,
    )


def _tags(lake: Lakehouse, arguments: DatedArguments, rival: ComparedChampion) -> dict[str, str]:
    tags = {
        "basketry.catalog": lake.catalog,
        "basketry.model": FORECAST_MODEL.name,
        "basketry.as_of": str(arguments.as_of),
        "basketry.run_id": str(arguments.run_id),
        "basketry.champion_version": "" if rival.problem else rival.version,
    }
    return tags | ({"basketry.champion_problem": rival.problem} if rival.problem else {})


def _summary(training: ForecastTraining, number: str | None) -> tuple[str, ...]:
    metrics = training.metrics
    methods = ", ".join(f"{name} {method}" for name, method in training.trained.choice.items())
    return (
        methods,
        f"28 days: WAPE {metrics['wape']:.3f} ({metrics['interval/wape/low']:.3f} to {metrics['interval/wape/high']:.3f}),"
        f" exponential smoothing {metrics['naive/exponential_smoothing/wape']:.3f},"
        f" seasonal naive {metrics['naive/seasonal_naive/wape']:.3f}; RMSE {metrics['rmse']:,.0f}, bias {metrics['bias']:+.3f},"
        f" 90 % interval covers {metrics['coverage_90']:.1%}",
        training.rival.sentence,
        f"version {number} is the challenger" if number else "nothing is registered",
    )
