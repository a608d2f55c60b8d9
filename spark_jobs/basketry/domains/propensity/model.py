"""Chooses, tunes and calibrates a model of who buys what in the next 30 days. pandas in, results out.

Time order is kept throughout, with a gap of a label window between the splits, so that no label is known before the
features of the next split were:

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
from basketry.learning.evaluation import Floats, mean_measures, measures_by_group

CHOSEN_BY = "average_precision"
STRUCTURES = ("pooled", "per_category")
BLEND = "blend"
_LEAST_POSITIVES = 10


@dataclass(frozen=True)
class Candidate:
    """A model that was tried: what it was, how long its fit took, and its measures on the validation date."""

    family: str
    structure: str
    parameters: Parameters
    seconds: float
    measures: dict[str, float]

    @property
    def score(self) -> float:
        """What candidates are chosen by; the higher the better."""
        found = self.measures[CHOSEN_BY]
        return -np.inf if np.isnan(found) else found


@dataclass(frozen=True)
class Trained:
    """The chosen model, calibrated: `estimator` has predict_proba over rows with the inputs and the category."""

    estimator: Any
    chosen: Candidate
    candidates: tuple[Candidate, ...]
    calibration: str

    def predict(self, rows: pd.DataFrame) -> Floats:
        """The probability of a purchase, a value a row."""
        return probabilities(self.estimator, rows)

    def best(self, structure: str) -> Candidate:
        """The best candidate of one structure."""
        return max((one for one in self.candidates if one.structure == structure), key=lambda one: one.score)


def probabilities(estimator: Any, rows: pd.DataFrame) -> Floats:
    """The estimator's probability of a purchase, a value a row."""
    return np.asarray(estimator.predict_proba(rows), dtype=np.float64)[:, 1]


def train(
    training: pd.DataFrame, validation: pd.DataFrame, inputs: Sequence[str], settings: PropensitySettings
) -> Trained:
    """Choose, tune and calibrate. Rows hold the inputs, the category and whether it was bought.

    Equal rows and settings give the same model, to the last bit, however busy the machine is and however many cores it
    has: trials alone bound the tuning, and each fit runs on one core, since sums over several are rounded otherwise.
    BadInputError when the training or validation rows cannot teach anything: too few customers who bought.
    """
    check_teachable(training, "training")
    check_teachable(validation, "validation")
    known = [name for name in inputs if training[name].notna().any()]
    search = _Search(training, validation, tuple(known), settings)
    with threadpool_limits(1):
        kinds = search.pooled()
        fitted = [*kinds, search.blend(kinds), search.per_category(max(kinds, key=_score))]
        chosen, estimator = max(fitted, key=_score)
        calibrated = Calibrated.learned(estimator, _x(validation, inputs), validation[LABEL])
        calibrated.estimator = search.refitted(estimator)
    return Trained(calibrated, chosen, tuple(one for one, _ in fitted), "sigmoid")


def _score(fitted: tuple[Candidate, Any]) -> float:
    return fitted[0].score


def check_teachable(rows: pd.DataFrame, what: str) -> None:
    """BadInputError when the rows have one customer, or too few of both outcomes to learn or judge anything from."""
    customers = rows["customer_id"].nunique()
    if customers < 2:
        raise BadInputError(
            f"the {what} rows have {customers} customer: a model needs at least two; load more history."
        )
    bought = int(rows[LABEL].sum())
    if min(bought, len(rows) - bought) < _LEAST_POSITIVES:
        raise BadInputError(
            f"of {len(rows):,} {what} rows {bought:,} bought: at least {_LEAST_POSITIVES} must have, and as many must not"
            " have; load more history or choose other categories."
        )


def silent_categories(rows: pd.DataFrame) -> tuple[str, ...]:
    """Categories that nobody bought in these rows."""
    bought = rows.groupby("category")[LABEL].sum()
    return tuple(str(name) for name in bought.index[bought == 0])


def _x(rows: pd.DataFrame, inputs: Sequence[str]) -> pd.DataFrame:
    return rows[["category", *inputs]]


@dataclass(frozen=True)
class _Search:
    """Fits candidates to the training rows and measures them on the validation rows."""

    training: pd.DataFrame
    validation: pd.DataFrame
    inputs: tuple[str, ...]
    settings: PropensitySettings

    def fit(self, family: str, parameters: Parameters) -> tuple[Candidate, Any]:
        """One pooled candidate with its fitted estimator."""
        return self._fitted(
            family, "pooled", parameters, FAMILIES[family].build(self.inputs, parameters, self.settings.seed)
        )

    def per_category(self, best: tuple[Candidate, Any]) -> tuple[Candidate, Any]:
        """The kind and parameters of a pooled candidate, one model a category."""
        candidate, pooled = best
        estimator = FAMILIES[candidate.family].build(self.inputs, candidate.parameters, self.settings.seed)
        return self._fitted(candidate.family, "per_category", candidate.parameters, PerCategory(estimator, pooled))

    def blend(self, kinds: Sequence[tuple[Candidate, Any]]) -> tuple[Candidate, Any]:
        """The linear kind and the best of the others, fitted already, as one."""
        linear = next(one for one in kinds if one[0].family == LINEAR)
        other = max((one for one in kinds if one[0].family != LINEAR), key=_score)
        parts = (linear, other)
        parameters = {f"{one.family}.{name}": value for one, _ in parts for name, value in one.parameters.items()}
        estimator = Blend([estimator for _, estimator in parts])
        seconds = sum(one.seconds for one, _ in parts)
        return Candidate(BLEND, "pooled", parameters, seconds, self._measured(estimator)), estimator

    def refitted(self, estimator: Any) -> Any:
        """The same estimator fitted to training and validation rows together."""
        again = clone(estimator)
        if isinstance(again, PerCategory):
            again.set_params(fallback=None)
        rows = pd.concat([self.training, self.validation], ignore_index=True)
        return again.fit(_x(rows, self.inputs), rows[LABEL].to_numpy())

    def _fitted(self, family: str, structure: str, parameters: Parameters, estimator: Any) -> tuple[Candidate, Any]:
        start = time.perf_counter()
        estimator.fit(_x(self.training, self.inputs), self.training[LABEL].to_numpy())
        seconds = time.perf_counter() - start
        return Candidate(family, structure, parameters, seconds, self._measured(estimator)), estimator

    def _measured(self, estimator: Any) -> dict[str, float]:
        found = probabilities(estimator, _x(self.validation, self.inputs))
        return mean_measures(measures_by_group(self.validation[LABEL], found, self.validation["category"]))

    def pooled(self) -> list[tuple[Candidate, Any]]:
        """The best of each kind after tuning it."""
        return [self._tuned(family) for family in FAMILIES]

    def _tuned(self, family: str) -> tuple[Candidate, Any]:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=self.settings.seed))
        study.enqueue_trial(dict(FAMILIES[family].usual))
        kept: list[tuple[Candidate, Any]] = []

        def objective(trial: optuna.Trial) -> float:
            """Score of one trial, kept when it is the best so far."""
            fitted = self.fit(family, FAMILIES[family].suggest(trial))
            if not kept or fitted[0].score > kept[0][0].score:
                kept[:] = [fitted]  # one estimator in memory, not one a trial
            return max(fitted[0].score, 0.0)

        study.optimize(objective, n_trials=self.settings.trials)
        return kept[0]
