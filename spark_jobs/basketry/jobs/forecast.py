"""The jobs of the forecast, and of the decisions that are made on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from basketry.jobs.declare import Argument, DatedArguments, Job, StoredResult
from basketry.jobs.libraries import LIGHTGBM, MLFLOW
from basketry.tables import FORECAST_OUTCOMES, PRODUCT_DECISIONS, PRODUCT_FORECASTS


@dataclass(frozen=True, kw_only=True)
class ForecastArguments(DatedArguments):
    """The arguments of the job that forecasts."""

    model: Annotated[
        str, Argument(help="champion, a version, or as-then: the champion at the end of the as-of date", title="Model")
    ] = "champion"


TRAIN_FORECAST = Job(
    name="train_forecast",
    description="Trains, tests and registers a challenger of the model that forecasts the revenue of every product.",
    arguments=DatedArguments,
    entry="basketry.domains.forecast.train:run",
    libraries=(LIGHTGBM, MLFLOW),
)

FORECAST = Job(
    name="forecast",
    description="Forecasts the revenue of every product, department and the catalog as of a day, and keeps what is known of"
    " products.",
    arguments=ForecastArguments,
    entry="basketry.domains.forecast.score:run",
    libraries=(LIGHTGBM, MLFLOW),
    result=StoredResult(table=PRODUCT_FORECASTS, inputs="basketry.domains.forecast.score:INPUTS"),
)

DECIDE_PRODUCTS = Job(
    name="decide_products",
    description="Decides what to do about every product that is forecast as of a day, by the rules of include/decisions.yaml.",
    arguments=DatedArguments,
    entry="basketry.domains.decisions.job:run",
    result=StoredResult(table=PRODUCT_DECISIONS, inputs="basketry.domains.forecast.score:INPUTS", built_on="forecast"),
)

FORECAST_ACCURACY = Job(
    name="forecast_accuracy",
    description="Judges the forecasts of 7, 28 and 91 days before the as-of date by what was sold since.",
    arguments=DatedArguments,
    entry="basketry.domains.forecast.accuracy:run",
    result=StoredResult(
        table=FORECAST_OUTCOMES,
        inputs="basketry.domains.forecast.score:SALES_INPUTS",
        built_on="forecast",
        days_ahead="horizon_days",
    ),
)
