"""The jobs of propensity: who will buy from which category."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from basketry import tables
from basketry.jobs.declare import Argument, DatedArguments, Job, StoredResult
from basketry.jobs.libraries import LIGHTGBM, MLFLOW, OPTUNA

HORIZON = 30
"""Days of a label window: what the probability is about."""


@dataclass(frozen=True, kw_only=True)
class ScorePropensityArguments(DatedArguments):
    """The arguments of the job that scores customers and categories."""

    days: Annotated[int, Argument(help="days to score, the last of them --as-of")] = 1
    model: Annotated[
        str,
        Argument(
            help="champion, a version, or as-then: the champion at the end of each as-of date",
            title="Model",
            description="Which model scores: champion, as-then (the champion of that day), or a version's number.",
            limits={"pattern": r"^(champion|as-then|[1-9][0-9]*)$"},
        ),
    ] = "champion"


TRAIN_PROPENSITY = Job(
    name="train_propensity",
    description="Trains, tests and registers a challenger of the model that says who will buy which category in the next"
    " 30 days.",
    arguments=DatedArguments,
    entry="basketry.domains.propensity.train:run",
    libraries=(LIGHTGBM, MLFLOW, OPTUNA),
)

SCORE_PROPENSITY = Job(
    name="score_propensity",
    description="Scores every customer and category as of a day: how likely a purchase is in the next 30 days.",
    arguments=ScorePropensityArguments,
    entry="basketry.domains.propensity.score:run",
    libraries=(LIGHTGBM, MLFLOW),
    result=StoredResult(table=tables.PROPENSITY_SCORES, where="is_stale"),
)

PROPENSITY_OUTCOMES = Job(
    name="propensity_outcomes",
    description="Judges the propensity scores of 30 days before the as-of date by what customers bought since.",
    arguments=DatedArguments,
    entry="basketry.domains.propensity.outcomes:run",
    result=StoredResult(
        table=tables.PROPENSITY_OUTCOMES,
        inputs="basketry.features.restate:INPUTS",
        built_on="score_propensity",
        days_ahead=str(HORIZON),
    ),
)
