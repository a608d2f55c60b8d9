"""Trains a challenger, compares it with the champion and the naive baselines on the same test rows, and registers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from basketry import registry
from basketry.domains.propensity import dataset, evaluate, model, plots, tracking
from basketry.domains.propensity.baselines import baseline_predictions
from basketry.domains.propensity.card import PropensityCardContent, model_card
from basketry.domains.propensity.inputs import CALENDAR_DRIVEN_INPUTS, DEFINITION, KEYS
from basketry.domains.propensity.settings import PropensitySettings, load_settings
from basketry.jobs import DatedArguments
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.learning.confidence import CALIBRATION
from basketry.learning.drift import Distribution
from basketry.learning.evaluation import Floats
from basketry.learning.versions import champion_version
from basketry.registry.models import PROPENSITY_MODEL
from basketry.tables import FEATURE_DATES, FEATURES, ORDER_LINES, PRODUCTS, SCORED_CATEGORIES

_IMPORTANCE_ROWS = 20_000
_VERSIONED = (*FEATURES, SCORED_CATEGORIES, FEATURE_DATES, ORDER_LINES, PRODUCTS)


@dataclass(frozen=True)
class ChampionPredictions:
    """The champion on the test rows.

    Attributes:
        version: Its version; empty when there is no champion.
        predicted: Its probabilities; None when there are none.
        problem: Why there are none, if so.
        ahead: Whether it was trained as of a later day than this training, so that it may have seen the test period.
    """

    version: str = ""
    predicted: Floats | None = None
    problem: str = ""
    ahead: bool = False

    @property
    def sentence(self) -> str:
        """What the card and the log say about the comparison."""
        if self.problem:
            return f"The champion (version {self.version}) was not compared: {self.problem}"
        if not self.version:
            return "There is no champion to compare with."
        favoured = ", of which it may have seen the outcome: it was trained as of a later day" if self.ahead else ""
        return f"Compared with the champion (version {self.version}) on the same rows{favoured}."


@dataclass(frozen=True, kw_only=True)
class PropensityTraining:
    """A training that is done, before anything of it is stored.

    Attributes:
        plan: What was read.
        settings: How models are trained.
        trained: The chosen model.
        test: The test rows.
        evaluation: The metrics on the test rows.
        importance: What is lost when an input is shuffled.
        profile: Where watched inputs lay in the training rows.
        champion: The champion on the test rows.
        notes: Sentences about what was left out.
        rows_in: Rows of all splits.
    """

    plan: dataset.TrainingPlan
    settings: PropensitySettings
    trained: model.TrainedPropensityModel
    test: pd.DataFrame
    evaluation: evaluate.PropensityEvaluation
    importance: pd.DataFrame
    profile: Mapping[str, Distribution]
    champion: ChampionPredictions
    notes: tuple[str, ...]
    rows_in: int


def run(lake: Lakehouse, arguments: DatedArguments) -> JobReport:
    """Train as of --as-of and register the challenger; with --dry-run train and report, but leave nothing behind."""
    settings = load_settings(lake.settings.include)
    champion = champion_version(lake, PROPENSITY_MODEL)  # first: it may be down
    plan = dataset.plan_training(lake, arguments.as_of, settings)
    versions = _input_versions(lake)
    training = _train(lake, plan, settings, champion)
    record = _record(lake, arguments, training, versions)
    number = None if arguments.dry_run else tracking.register_propensity_version(lake, record)
    return JobReport(
        rows_in=training.rows_in,
        rows_out=0,
        summary=_summary(training, record.metrics, number),
        as_of=arguments.as_of,
        input_versions=versions,
        details={"champion": training.champion.version, "champion_problem": training.champion.problem},
        model_version=number,
        dry_run=arguments.dry_run,
    )


def _input_versions(lake: Lakehouse) -> dict[str, int]:
    versions = {table.full_name: lake.version(table) for table in _VERSIONED}
    return {name: version for name, version in versions.items() if version is not None}


def _train(
    lake: Lakehouse, plan: dataset.TrainingPlan, settings: PropensitySettings, champion_version: str | None
) -> PropensityTraining:
    rows = dataset.labelled_rows(lake, plan, plan.dates.all)
    training, validation, test = dataset.split_rows(rows, plan.dates)
    model.check_learnable(test, "test")
    trained = model.train_propensity_model(training, validation, DEFINITION.names, settings)
    naive = baseline_predictions(pd.concat([training, validation], ignore_index=True), test)
    champion = _champion_predictions(lake, plan, test, champion_version)
    evaluation = evaluate.compare_with_rivals(
        test, trained.predict(test), naive=naive, champion=champion.predicted, settings=settings
    )
    sample = test.sample(min(_IMPORTANCE_ROWS, len(test)), random_state=settings.seed)
    watched = [name for name in DEFINITION.names if name not in CALENDAR_DRIVEN_INPUTS]
    return PropensityTraining(
        plan=plan,
        settings=settings,
        trained=trained,
        test=test,
        evaluation=evaluation,
        importance=evaluate.permutation_importance(trained.predict, sample, DEFINITION.names, settings.seed),
        profile={name: Distribution.of(training[name]) for name in watched},
        champion=champion,
        notes=(*plan.notes, *_silent(training, test)),
        rows_in=len(rows),
    )


def _silent(training: pd.DataFrame, test: pd.DataFrame) -> tuple[str, ...]:
    learned, tested = model.categories_without_buyers(training), model.categories_without_buyers(test)
    notes = []
    if learned:
        notes.append(
            f"nobody bought {', '.join(learned)} in the training dates: scored by what holds for all categories"
        )
    if tested:
        notes.append(f"nobody bought {', '.join(tested)} in the test period: left out of means that need buyers")
    return tuple(notes)


def _champion_predictions(
    lake: Lakehouse, plan: dataset.TrainingPlan, test: pd.DataFrame, number: str | None
) -> ChampionPredictions:
    """Return the champion's probabilities for the test rows from its own inputs; without them when that cannot be."""
    if number is None:
        return ChampionPredictions()
    try:
        champion = tracking.LOADER.load(lake, number)
        predicted = champion.predict(_champion_rows(lake, plan, test, champion))
        return ChampionPredictions(number, predicted, ahead=champion.trained_as_of > plan.dates.as_of)
    except registry.ModelGoneError as error:
        return ChampionPredictions(number, problem=error.message)
    except ValueError as error:
        return ChampionPredictions(number, problem=f"its inputs no longer fit the features: {error}.")


def _champion_rows(
    lake: Lakehouse, plan: dataset.TrainingPlan, test: pd.DataFrame, champion: tracking.PropensityVersion
) -> pd.DataFrame:
    """Return the test rows with the inputs as the champion defines them.

    Raises:
        ValueError: The features lack one of them.
    """
    if champion.definition == DEFINITION:
        return test
    absent = dataset.absent_columns(champion.definition)
    if absent:
        raise ValueError(f"the features have no {', '.join(absent)} any more")
    rows = dataset.labelled_rows(lake, plan, [plan.dates.test], champion.definition)
    return test[list(KEYS)].merge(rows, on=list(KEYS), how="left", validate="one_to_one")


def _record(
    lake: Lakehouse, arguments: DatedArguments, training: PropensityTraining, versions: Mapping[str, int]
) -> tracking.PropensityRecord:
    curves = evaluate.evaluation_curves(training.evaluation)
    metrics = evaluate.logged_metrics(training.evaluation)
    version = tracking.PropensityVersion(
        number="",
        trained_as_of=arguments.as_of,
        estimator=training.trained.estimator,
        definition=DEFINITION,
        categories=training.plan.categories,
        profile=training.profile,
    )
    candidates = [vars(candidate) for candidate in training.trained.candidates]
    content = PropensityCardContent(
        catalog=lake.catalog,
        as_of=arguments.as_of,
        dates=training.plan.dates,
        trained=training.trained,
        evaluation=training.evaluation,
        importance=training.importance,
        champion=training.champion.sentence,
        notes=training.notes,
    )
    return tracking.PropensityRecord(
        version=version,
        params=_params(training, versions),
        metrics=metrics,
        tags=_tags(lake, arguments, training.champion),
        documents={"evaluation.json": {"metrics": metrics, "curves": curves, "candidates": candidates}},
        texts={"model_card.md": model_card(content), "importance.csv": training.importance.to_csv(index=False)},
        figures=plots.propensity_figures(curves, training.importance),
    )


def _params(training: PropensityTraining, versions: Mapping[str, int]) -> dict[str, object]:
    plan, chosen = training.plan, training.trained.chosen
    return {
        "dates.train": " ".join(map(str, plan.dates.train)),
        "dates.validation": plan.dates.validation,
        "dates.test": plan.dates.test,
        "categories": " | ".join(plan.categories),
        "model.family": chosen.family,
        "model.structure": chosen.structure,
        "model.calibration": training.trained.calibration,
        **{f"model.{name}": value for name, value in chosen.parameters.items()},
        **{f"settings.{name}": value for name, value in training.settings.leaves().items()},
        **{f"version.{name}": version for name, version in versions.items()},
    }


def _tags(lake: Lakehouse, arguments: DatedArguments, champion: ChampionPredictions) -> dict[str, str]:
    tags = {
        "basketry.catalog": lake.catalog,
        "basketry.model": PROPENSITY_MODEL.name,
        "basketry.as_of": str(arguments.as_of),
        "basketry.run_id": str(arguments.run_id),
        "basketry.champion_version": "" if champion.predicted is None else champion.version,
    }
    return tags | ({"basketry.champion_problem": champion.problem} if champion.problem else {})


def _summary(training: PropensityTraining, metrics: Mapping[str, float], number: str | None) -> tuple[str, ...]:
    chosen = training.trained.chosen
    challenger, naive, champion = (
        _number(metrics, f"{prefix}average_precision") for prefix in ("", "naive/personal_rate/", "champion/")
    )
    lines = [
        f"{chosen.family}, {chosen.structure}, calibrated by {training.trained.calibration}",
        f"mean average precision {challenger}: naive {naive} (personal rate), champion {champion}",
        f"expected calibration error {_number(metrics, CALIBRATION)}, of which a perfectly calibrated model would show"
        f" {_number(metrics, f'calibrated/{CALIBRATION}')}",
        training.champion.sentence,
        *training.notes,
    ]
    return (*lines, f"version {number} is the challenger" if number else "nothing is registered")


def _number(metrics: Mapping[str, float], name: str) -> str:
    return f"{metrics[name]:.4f}" if name in metrics else "unknown"
