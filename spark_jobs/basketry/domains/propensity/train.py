"""Trains a challenger, sets it beside the champion and the naive baselines on the same test rows, and registers it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from basketry import registry
from basketry.domains.propensity import model, plots, results, rows, tracking
from basketry.domains.propensity.baselines import baselines
from basketry.domains.propensity.card import Subject, model_card
from basketry.domains.propensity.inputs import AGES_BY_ITSELF, DEFINITION, KEYS
from basketry.domains.propensity.settings import PropensitySettings, load_settings
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.learning.confidence import CALIBRATION
from basketry.learning.drift import Distribution
from basketry.learning.evaluation import Floats
from basketry.tables import FEATURE_DATES, FEATURES, ORDER_LINES, PRODUCTS, SCORED_CATEGORIES

_IMPORTANCE_ROWS = 20_000
_VERSIONED = (*FEATURES, SCORED_CATEGORIES, FEATURE_DATES, ORDER_LINES, PRODUCTS)


@dataclass(frozen=True)
class Rival:
    """The champion on the test rows: its version ('' when there is none), probabilities, or why there are none.

    ahead: it was trained as of a later day than this training, so it may have seen the test period.
    """

    version: str = ""
    predicted: Floats | None = None
    problem: str = ""
    ahead: bool = False

    @property
    def told(self) -> str:
        """One sentence for the card and the log."""
        if self.problem:
            return f"The champion (version {self.version}) was not compared: {self.problem}"
        if not self.version:
            return "There is no champion to compare with."
        favoured = ", of which it may have seen the outcome: it was trained as of a later day" if self.ahead else ""
        return f"Compared with the champion (version {self.version}) on the same rows{favoured}."


@dataclass(frozen=True)
class Outcome:
    """A training that is done, before anything of it is stored."""

    trained: model.Trained
    test: pd.DataFrame
    results: results.Results
    importance: pd.DataFrame
    profile: Mapping[str, Distribution]
    rival: Rival
    notes: tuple[str, ...]
    rows_in: int


def run(lake: Lakehouse, arguments: argparse.Namespace) -> JobReport:
    """Train as of --as-of and register the challenger; with --dry-run train and report, but leave nothing behind."""
    settings = load_settings(lake.settings.include)
    champion = registry.alias_version(tracking.registered(lake), registry.CHAMPION)  # first: it may be down
    plan = rows.plan(lake, arguments.as_of, settings)
    versions = _input_versions(lake)
    outcome = _outcome(lake, plan, settings, champion)
    record = _record(lake, arguments, plan, settings, outcome, versions)
    number = None if arguments.dry_run else tracking.register(lake, record)
    return JobReport(
        outcome.rows_in,
        0,
        _summary(outcome, record.metrics, number),
        as_of=arguments.as_of,
        input_versions=versions,
        details={"champion": outcome.rival.version, "champion_problem": outcome.rival.problem},
        model_version=number,
        dry_run=arguments.dry_run,
    )


def _input_versions(lake: Lakehouse) -> dict[str, int]:
    found = {table.full_name: lake.version(table) for table in _VERSIONED}
    return {name: version for name, version in found.items() if version is not None}


def _outcome(lake: Lakehouse, plan: rows.Plan, settings: PropensitySettings, champion: str | None) -> Outcome:
    everything = rows.labelled_rows(lake, plan, plan.dates.all)
    training, validation, test = rows.split_rows(everything, plan.dates)
    model.check_teachable(test, "test")
    trained = model.train(training, validation, DEFINITION.names, settings)
    naive = baselines(pd.concat([training, validation], ignore_index=True), test)
    rival = _rival(lake, plan, test, champion)
    compared = results.compare(test, trained.predict(test), naive, rival.predicted, settings)
    sample = test.sample(min(_IMPORTANCE_ROWS, len(test)), random_state=settings.seed)
    importance = results.importance(trained.predict, sample, DEFINITION.names, settings.seed)
    watched = [name for name in DEFINITION.names if name not in AGES_BY_ITSELF]
    profile = {name: Distribution.of(training[name]) for name in watched}
    notes = (*plan.notes, *_silent(training, test))
    return Outcome(trained, test, compared, importance, profile, rival, notes, len(everything))


def _silent(training: pd.DataFrame, test: pd.DataFrame) -> tuple[str, ...]:
    learned, tested = model.silent_categories(training), model.silent_categories(test)
    notes = []
    if learned:
        notes.append(
            f"nobody bought {', '.join(learned)} in the training dates: scored by what holds for all categories"
        )
    if tested:
        notes.append(f"nobody bought {', '.join(tested)} in the test period: left out of means that need buyers")
    return tuple(notes)


def _rival(lake: Lakehouse, plan: rows.Plan, test: pd.DataFrame, number: str | None) -> Rival:
    """The champion's probabilities for the test rows, from its own inputs; without them when that cannot be."""
    if number is None:
        return Rival()
    try:
        champion = tracking.load(tracking.registered(lake), number)
        found = champion.predict(_own_rows(lake, plan, test, champion))
        return Rival(number, found, ahead=champion.trained_as_of > plan.dates.as_of)
    except tracking.ModelGoneError as error:
        return Rival(number, problem=error.message)
    except ValueError as error:
        return Rival(number, problem=f"its inputs no longer fit the features: {error}.")


def _own_rows(lake: Lakehouse, plan: rows.Plan, test: pd.DataFrame, champion: tracking.Version) -> pd.DataFrame:
    """The test rows with the inputs as the champion defines them; ValueError when the features lack one."""
    if champion.definition == DEFINITION:
        return test
    absent = rows.absent_columns(champion.definition)
    if absent:
        raise ValueError(f"the features have no {', '.join(absent)} any more")
    own = rows.labelled_rows(lake, plan, [plan.dates.test], champion.definition)
    return test[list(KEYS)].merge(own, on=list(KEYS), how="left", validate="one_to_one")


def _record(
    lake: Lakehouse,
    arguments: argparse.Namespace,
    plan: rows.Plan,
    settings: PropensitySettings,
    outcome: Outcome,
    versions: Mapping[str, int],
) -> tracking.Record:
    curves = results.curves(outcome.results)
    metrics = results.metrics(outcome.results)
    version = tracking.Version(
        "", arguments.as_of, outcome.trained.estimator, DEFINITION, plan.categories, outcome.profile
    )
    evaluation = {"metrics": metrics, "curves": curves, "candidates": [vars(one) for one in outcome.trained.candidates]}
    subject = Subject(
        lake.catalog,
        arguments.as_of,
        plan.dates,
        outcome.trained,
        outcome.results,
        outcome.importance,
        outcome.rival.told,
        outcome.notes,
    )
    return tracking.Record(
        version=version,
        example=outcome.test,
        params=_params(plan, settings, outcome.trained, versions),
        metrics=metrics,
        tags=_tags(lake, arguments, outcome.rival),
        documents={"evaluation.json": evaluation},
        texts={"model_card.md": model_card(subject), "importance.csv": outcome.importance.to_csv(index=False)},
        figures=plots.figures(curves, outcome.importance),
    )


def _params(
    plan: rows.Plan, settings: PropensitySettings, trained: model.Trained, versions: Mapping[str, int]
) -> dict[str, object]:
    chosen = trained.chosen
    return {
        "dates.train": " ".join(map(str, plan.dates.train)),
        "dates.validation": plan.dates.validation,
        "dates.test": plan.dates.test,
        "categories": " | ".join(plan.categories),
        "model.family": chosen.family,
        "model.structure": chosen.structure,
        "model.calibration": trained.calibration,
        **{f"model.{name}": value for name, value in chosen.parameters.items()},
        **{f"settings.{name}": value for name, value in vars(settings).items()},
        **{f"version.{name}": version for name, version in versions.items()},
    }


def _tags(lake: Lakehouse, arguments: argparse.Namespace, rival: Rival) -> dict[str, str]:
    tags = {
        "basketry.catalog": lake.catalog,
        "basketry.model": tracking.MODEL,
        "basketry.as_of": str(arguments.as_of),
        "basketry.run_id": str(arguments.run_id),
        "basketry.champion_version": "" if rival.predicted is None else rival.version,
    }
    return tags | ({"basketry.champion_problem": rival.problem} if rival.problem else {})


def _summary(outcome: Outcome, metrics: Mapping[str, float], number: str | None) -> tuple[str, ...]:
    chosen = outcome.trained.chosen
    lines = [
        f"{chosen.family}, {chosen.structure}, calibrated by {outcome.trained.calibration}",
        f"mean average precision {_told(metrics, '')}: naive {_told(metrics, 'naive/personal_rate/')}"
        f" (personal rate), champion {_told(metrics, 'champion/')}",
        f"expected calibration error {_number(metrics, CALIBRATION)}, of which a perfectly calibrated model would show"
        f" {_number(metrics, f'calibrated/{CALIBRATION}')}",
        outcome.rival.told,
        *outcome.notes,
    ]
    return (*lines, f"version {number} is the challenger" if number else "nothing is registered")


def _told(metrics: Mapping[str, float], prefix: str) -> str:
    return _number(metrics, f"{prefix}average_precision")


def _number(metrics: Mapping[str, float], name: str) -> str:
    return f"{metrics[name]:.4f}" if name in metrics else "unknown"
