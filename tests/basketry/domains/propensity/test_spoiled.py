"""The shipped gate at the demo's own size: what each limit guards against is refused, and what is only chance is not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from basketry.config.settings import CHECKOUT
from basketry.domains.propensity import evaluate
from basketry.domains.propensity.baselines import baseline_predictions
from basketry.gates import Gate, Verdict, evaluate_gate, load_gate
from basketry.learning.evaluation import Floats
from tests.basketry.domains.propensity.simulated import settings

CUSTOMERS = 2400
SHARES = (0.26, 0.23, 0.22, 0.21, 0.2, 0.16, 0.16, 0.16, 0.16, 0.13)
"""The demo's own: customers on a test date, and the share of them that buys each of ten categories in a month."""

ACTIVE = 0.6
"""Who has not left. Ranking (ROC AUC) and chance calibration error are then about as in the demo: 0.85 and 0.015."""

Predictions = Callable[[pd.DataFrame], Floats]


def shop(seed: int, customers: int = CUSTOMERS) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of a month to learn rates from and of a test month, of the same customers; `truth` is what labels come from."""
    random = np.random.default_rng(seed)
    active = random.random((customers, 1)) < ACTIVE
    liking = random.normal(scale=1.0, size=(customers, len(SHARES)))
    often = random.normal(scale=0.5, size=(customers, 1))
    shares = np.array(SHARES) / ACTIVE
    truth = np.where(active, 1 / (1 + np.exp(-(np.log(shares / (1 - shares)) + liking + often))), 0.02)
    return tuple(_month(truth, random) for _ in range(2))  # type: ignore[return-value]


def _month(truth: Floats, random: np.random.Generator) -> pd.DataFrame:
    customers = len(truth)
    return pd.DataFrame(
        {
            "customer_id": np.repeat([f"C{number:05}" for number in range(customers)], len(SHARES)),
            "category": np.tile([f"Category {number}" for number in range(len(SHARES))], customers),
            "truth": truth.ravel(),
            "bought": (random.random(truth.size) < truth.ravel()).astype(int),
            "baseline_days_30d": random.poisson(truth).ravel(),
            "baseline_days_ever": random.poisson(truth * 12).ravel(),
            "baseline_customer_age": 360.0,
        }
    )


def odds(times: float) -> Predictions:
    """The true probabilities with their odds so many times as high."""
    return lambda rows: np.asarray(
        times * rows["truth"] / (1 - rows["truth"] + times * rows["truth"]), dtype=np.float64
    )


def shuffled(rows: pd.DataFrame) -> Floats:
    """The true probabilities, each given to another customer."""
    mixed = rows.groupby("category")["truth"].transform(
        lambda part: np.random.default_rng(1).permutation(part.to_numpy())
    )
    return np.asarray(mixed, dtype=np.float64)


@pytest.fixture(scope="module")
def gate() -> Gate:
    """As it is shipped."""
    return load_gate("propensity", CHECKOUT / "include")


def judged(
    gate: Gate, months: tuple[pd.DataFrame, pd.DataFrame], predictions: Predictions, champion: Predictions | None = None
) -> Verdict:
    """What the gate says about these predictions as a training logs them, beside a champion's where there is one."""
    past, test = months
    rival = None if champion is None else champion(test)
    compared = evaluate.compare_with_rivals(
        test,
        predictions(test),
        naive=baseline_predictions(past, test),
        champion=rival,
        settings=settings(bootstrap=200),
    )
    return evaluate_gate(gate, evaluate.logged_metrics(compared), has_champion=champion is not None)


def outcomes(said: Verdict) -> dict[str, str]:
    """What became of each absolute limit."""
    return {check.metric: check.outcome for check in said.checks if check.condition == "absolute"}


SPOILED = {
    "odds doubled": (odds(2), {"expected_calibration_error", "calibration_ratio"}),
    "odds halved": (odds(0.5), {"expected_calibration_error", "calibration_ratio"}),
    "scores shuffled": (shuffled, {"roc_auc", "lift_top_decile"}),
}


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("kind", SPOILED)
def test_a_spoiled_model_is_refused_by_the_limit_that_guards_against_it(gate: Gate, kind: str, seed: int) -> None:
    """Surely beyond, also for a first model and with no more customers than the demo has."""
    predictions, guards = SPOILED[kind]
    said = judged(gate, shop(seed), predictions)
    assert said.verdict == "refuse"
    assert guards <= {metric for metric, outcome in outcomes(said).items() if outcome == "failed"}


def test_every_absolute_limit_is_tried(gate: Gate) -> None:
    """A limit that is added to the gate needs a model that is spoiled in the way it guards against."""
    assert {limit.metric for limit in gate.absolute} == set().union(*(guards for _, guards in SPOILED.values()))


def test_true_probabilities_keep_every_limit(gate: Gate) -> None:
    """And are promoted as a first model."""
    said = judged(gate, shop(1), odds(1))
    assert (said.verdict, set(outcomes(said).values())) == ("promote", {"passed"})


def test_a_little_beyond_is_provisional_and_beside_a_champion_a_question(gate: Gate) -> None:
    """Odds a quarter too high bring the error over its limit; more than half of it is chance, so nothing is sure."""
    months = shop(1)
    first = judged(gate, months, odds(1.25))
    (check,) = [check for check in first.checks if check.metric == "expected_calibration_error"]
    assert check.value is not None and check.reference is not None and 0.02 < check.value < 0.03
    assert (first.verdict, check.outcome) == ("provisional", "unsure")
    noisy = judged(gate, months, odds(1.25), lambda rows: np.clip(odds(1)(rows) + shuffled(rows) / 2, 0.001, 0.999))
    assert noisy.verdict == "ask"


@pytest.mark.parametrize("seed", range(6))
def test_perfect_probabilities_are_never_refused_for_chance(gate: Gate, seed: int) -> None:
    """A quarter of the demo's customers: the error of true probabilities is beyond the limit by chance alone."""
    said = judged(gate, shop(seed, customers=CUSTOMERS // 4), odds(1))
    (check,) = [check for check in said.checks if check.metric == "expected_calibration_error"]
    assert check.value is not None and check.value > 0.02
    assert (said.verdict, check.outcome) == ("provisional", "unsure")
