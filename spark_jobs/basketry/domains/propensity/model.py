"""Chooses, tunes and calibrates a model of who buys what in the next 30 days. pandas in, results out.

Time order holds throughout, with a gap of a label window between the splits, so that no label is known before the
features of the next split were:

::

    train T-60, T-90, …   ─ label ends ≤ T-30 ─►   validate T-30   ─ ends T ─►   test T   ─ ends T+30 = the as-of date

Candidates are fitted to the training dates and compared on the validation date, which also calibrates the one chosen:
later than what it was fitted to. Then the chosen one is fitted once more, to the validation date as well, because the
newest month teaches most; its calibration stays. The test date chooses nothing.

Calibration is a line through the log odds, not isotonic, whose steps make ties and so cost order.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
import pandas as pd
from sklearn.base import clone
from threadpoolctl import threadpool_limits

from basketry.domains.propensity.candidates import FAMILIES, LINEAR, Parameters
from basketry.domains.propensity.estimators import Blend, Calibrated, PerCategory
from basketry.domains.propensity.inputs import LABEL
from basketry.domains.propensity.settings import PropensitySettings
from basketry.errors import BadInputError
from basketry.learning.evaluation import Floats, mean_metrics, metrics_by_group

CHOSEN_BY = "average_precision"
STRUCTURES = ("pooled", "per_category")
BLEND = "blend"
_MIN_POSITIVES = 10


@dataclass(frozen=True, kw_only=True)
class PropensityCandidate:
    """A model that was tried: what it was, how long its fit took, and its measures on the validation date.

    Attributes:
        family: The name of its family, or BLEND.
        structure: One of STRUCTURES: one model for all categories, or one per category.
        parameters: The parameters of its family.
        seconds: How long its fit took.
        measures: Its metrics on the validation date, mean over the categories.
    """

    family: str
    structure: str
    parameters: Parameters
    seconds: float
    measures: dict[str, float]

    @property
    def score(self) -> float:
        """What candidates are chosen by; the higher the better."""
        score = self.measures[CHOSEN_BY]
        return -np.inf if np.isnan(score) else score


FittedCandidate = tuple[PropensityCandidate, Any]
"""A candidate with its fitted estimator."""


@dataclass(frozen=True)
class TrainedPropensityModel:
    """The chosen model, calibrated: `estimator` has predict_proba over rows with the inputs and the category."""

    estimator: Any
    chosen: PropensityCandidate
    candidates: tuple[PropensityCandidate, ...]
    calibration: str

    def predict(self, rows: pd.DataFrame) -> Floats:
        """Return the probability of a purchase for each row."""
        return purchase_probabilities(self.estimator, rows)

    def best(self, structure: str) -> PropensityCandidate:
        """Return the best candidate of one structure."""
        of_structure = [candidate for candidate in self.candidates if candidate.structure == structure]
        return max(of_structure, key=lambda candidate: candidate.score)


def purchase_probabilities(estimator: Any, rows: pd.DataFrame) -> Floats:
    """Return the estimator's probability of a purchase for each row."""
    return np.asarray(estimator.predict_proba(rows), dtype=np.float64)[:, 1]


def train_propensity_model(
    training: pd.DataFrame, validation: pd.DataFrame, inputs: Sequence[str], settings: PropensitySettings
) -> TrainedPropensityModel:
    """Choose, tune and calibrate a model.

    Equal rows and settings give the same model, to the last bit, however busy the computer is and however many cores it
    has: trials alone bound the tuning, and each fit runs on one core, since sums over several are rounded otherwise.

    Args:
        training: Rows with the inputs, the category and whether it was bought.
        validation: Rows of a later day, with the same columns.
        inputs: Names of the inputs.
        settings: How many trials there are, and the seed.

    Raises:
        BadInputError: The training or validation rows cannot teach anything: too few customers who bought.
    """
    check_learnable(training, "training")
    check_learnable(validation, "validation")
    usable = [name for name in inputs if training[name].notna().any()]
    search = _Search(training, validation, tuple(usable), settings)
    with threadpool_limits(1):
        families = search.best_of_families()
        candidates = [*families, search.blend(families), search.per_category(max(families, key=_score))]
        chosen, estimator = max(candidates, key=_score)
        calibrated = Calibrated.from_rows(estimator, _features(validation, inputs), validation[LABEL])
        calibrated.estimator = search.refit(estimator)
    return TrainedPropensityModel(calibrated, chosen, tuple(candidate for candidate, _ in candidates), "sigmoid")


def _score(fitted: FittedCandidate) -> float:
    candidate, _ = fitted
    return candidate.score


def check_learnable(rows: pd.DataFrame, what: str) -> None:
    """Refuse rows from which nothing can be learned or judged.

    Raises:
        BadInputError: The rows have one customer, or too few of both outcomes.
    """
    customers = rows["customer_id"].nunique()
    if customers < 2:
        raise BadInputError(
            f"the {what} rows have {customers} customer: a model needs at least two; load more history."
        )
    bought = int(rows[LABEL].sum())
    if min(bought, len(rows) - bought) < _MIN_POSITIVES:
        raise BadInputError(
            f"of {len(rows):,} {what} rows {bought:,} bought: at least {_MIN_POSITIVES} must have, and as many must not"
            " have; load more history or choose other categories."
        )


def categories_without_buyers(rows: pd.DataFrame) -> tuple[str, ...]:
    """Return the categories that nobody bought in these rows."""
    bought = rows.groupby("category")[LABEL].sum()
    return tuple(str(name) for name in bought.index[bought == 0])


def _features(rows: pd.DataFrame, inputs: Sequence[str]) -> pd.DataFrame:
    return rows[["category", *inputs]]


@dataclass(frozen=True)
class _Search:
    """Fits candidates to the training rows and measures them on the validation rows."""

    training: pd.DataFrame
    validation: pd.DataFrame
    inputs: tuple[str, ...]
    settings: PropensitySettings

    def best_of_families(self) -> list[FittedCandidate]:
        """Return the best pooled candidate of each family after tuning it."""
        return [self._tune(family) for family in FAMILIES]

    def per_category(self, best: FittedCandidate) -> FittedCandidate:
        """Return a pooled candidate's family and parameters, with one model per category."""
        candidate, pooled = best
        estimator = FAMILIES[candidate.family].build(self.inputs, candidate.parameters, self.settings.seed)
        return self._fit(PerCategory(estimator, pooled), candidate.family, "per_category", candidate.parameters)

    def blend(self, families: Sequence[FittedCandidate]) -> FittedCandidate:
        """Return the blend of the linear family and the best of the others, which are fitted already."""
        linear = next(fitted for fitted in families if fitted[0].family == LINEAR)
        other = max((fitted for fitted in families if fitted[0].family != LINEAR), key=_score)
        parts = (linear, other)
        parameters = {
            f"{candidate.family}.{name}": value
            for candidate, _ in parts
            for name, value in candidate.parameters.items()
        }
        estimator = Blend([estimator for _, estimator in parts])
        blended = PropensityCandidate(
            family=BLEND,
            structure="pooled",
            parameters=parameters,
            seconds=sum(candidate.seconds for candidate, _ in parts),
            measures=self._measure(estimator),
        )
        return blended, estimator

    def refit(self, estimator: Any) -> Any:
        """Return the same estimator fitted to training and validation rows together."""
        again = clone(estimator)
        if isinstance(again, PerCategory):
            again.set_params(fallback=None)
        rows = pd.concat([self.training, self.validation], ignore_index=True)
        return again.fit(_features(rows, self.inputs), rows[LABEL].to_numpy())

    def _fit(self, estimator: Any, family: str, structure: str, parameters: Parameters) -> FittedCandidate:
        start = time.perf_counter()
        estimator.fit(_features(self.training, self.inputs), self.training[LABEL].to_numpy())
        candidate = PropensityCandidate(
            family=family,
            structure=structure,
            parameters=parameters,
            seconds=time.perf_counter() - start,
            measures=self._measure(estimator),
        )
        return candidate, estimator

    def _measure(self, estimator: Any) -> dict[str, float]:
        predicted = purchase_probabilities(estimator, _features(self.validation, self.inputs))
        return mean_metrics(metrics_by_group(self.validation[LABEL], predicted, self.validation["category"]))

    def _tune(self, family: str) -> FittedCandidate:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=self.settings.seed))
        study.enqueue_trial(dict(FAMILIES[family].usual))
        best: list[FittedCandidate] = []

        def objective(trial: optuna.Trial) -> float:
            """Return the score of one trial, and remember the fit when it is the best so far."""
            parameters = FAMILIES[family].suggest(trial)
            estimator = FAMILIES[family].build(self.inputs, parameters, self.settings.seed)
            fitted = self._fit(estimator, family, "pooled", parameters)
            if not best or _score(fitted) > _score(best[0]):
                best[:] = [fitted]  # one estimator in memory, not one per trial
            return max(_score(fitted), 0.0)

        study.optimize(objective, n_trials=self.settings.tuning.trials)
        return best[0]
