"""What a policy would have earned, from what another one did: off-policy evaluation with confidence intervals.

Inverse propensity scoring (Horvitz & Thompson 1952), its self-normalised form (Swaminathan & Joachims 2015) and the doubly
robust estimator (Dudík, Langford & Li 2011). Every estimate is a ratio of sums over shoppers, so a bootstrap resample of
whole shoppers is a vector of weights: Poisson ones, which for many shoppers are as good as drawing with replacement
(Chamandy et al. 2012) and take a tenth of the time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from basketry.domains.offers.shop import Floats
from basketry.learning.evaluation import Interval

ESTIMATORS = ("reward_ips", "reward_snips", "reward_dr")
_CHUNK = 2_000_000


@dataclass(frozen=True)
class LoggedFeedback:
    """What was done, one row per decision.

    Attributes:
        reward: What the decision brought.
        probability: Probability with which it was made.
        unit: Who it was made for, or any unit whose rows belong together.
    """

    reward: Floats
    probability: Floats
    unit: Sequence[object] | np.ndarray


@dataclass(frozen=True)
class TargetPolicy:
    """A policy on the same decisions. Without a model `modelled` and `expected` are 0, and doubly robust is plain IPS.

    Attributes:
        probability: Its probability of what was done.
        modelled: The model's reward of what was done.
        expected: The model's expected reward of the policy over all actions.
    """

    probability: Floats
    modelled: Floats
    expected: Floats


@dataclass(frozen=True)
class OffPolicyEvaluation:
    """Estimates of one policy.

    Attributes:
        estimates: Interval of each estimator's reward.
        effective_sample_size: (sum w)^2 / sum w^2, after Kish.
        greatest_weight: Greatest weight of a single decision.
        draws: Each estimate in every resample, for differences of policies on the same decisions.
    """

    estimates: Mapping[str, Interval]
    effective_sample_size: float
    greatest_weight: float
    draws: Mapping[str, Floats]

    def lift_over(self, other: OffPolicyEvaluation) -> dict[str, Interval]:
        """Compute how far every estimate is above the other policy's, on the same resamples."""
        means = {name: self.estimates[name].mean - other.estimates[name].mean for name in ESTIMATORS}
        return {name: _interval(means[name], self.draws[name] - other.draws[name], 0.95) for name in ESTIMATORS}


def evaluate_off_policy(
    logged: LoggedFeedback, target: TargetPolicy, *, repetitions: int = 500, seed: int = 0, confidence: float = 0.95
) -> OffPolicyEvaluation:
    """Estimate what the target policy would have earned per decision.

    Args:
        logged: What was done.
        target: The policy on the same decisions.
        repetitions: Number of bootstrap resamples.
        seed: Seed of the resamples.
        confidence: Confidence of the intervals.
    """
    weight = target.probability / logged.probability
    corrected = target.expected + weight * (logged.reward - target.modelled)
    terms = np.stack([weight * logged.reward, weight, corrected, np.ones(len(weight))])
    sums = _by_unit(terms, logged.unit)
    points, draws = _estimates(sums.sum(axis=1)), _estimates(_resampled_sums(sums, repetitions, seed))
    squares = float((weight**2).sum())
    return OffPolicyEvaluation(
        estimates={name: _interval(float(points[name]), draws[name], confidence) for name in ESTIMATORS},
        effective_sample_size=float(weight.sum() ** 2 / squares) if squares else 0.0,
        greatest_weight=float(weight.max(initial=0.0)),
        draws=draws,
    )


def logging_policy(logged: LoggedFeedback) -> TargetPolicy:
    """Return the policy that made the decisions, as a target: its estimates are the mean reward."""
    no_model = np.zeros(len(logged.reward))
    return TargetPolicy(logged.probability, no_model, no_model)


def incremental_reward(
    reward: ArrayLike, is_control: ArrayLike, unit: Sequence[object], *, repetitions: int = 500, seed: int = 0
) -> Interval:
    """Estimate the mean reward of treatment above control's, with a 95 % interval over units; nan where one is empty."""
    rewards, control = np.asarray(reward, dtype=np.float64), np.asarray(is_control, dtype=np.float64)
    sums = _by_unit(np.stack([rewards * (1 - control), 1 - control, rewards * control, control]), unit)
    point, draws = sums.sum(axis=1), _resampled_sums(sums, repetitions, seed)
    spread = _rate(draws[0], draws[1]) - _rate(draws[2], draws[3])
    return _interval(float(_rate(point[0], point[1]) - _rate(point[2], point[3])), spread[~np.isnan(spread)], 0.95)


def _estimates(sums: Floats) -> dict[str, Floats]:
    earned, weight, corrected, rows = sums
    return {"reward_ips": earned / rows, "reward_snips": _rate(earned, weight), "reward_dr": corrected / rows}


def _rate(above: Floats, below: Floats) -> Floats:
    above, below = np.asarray(above), np.asarray(below)
    ratios: Floats = np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)
    return ratios


def _by_unit(terms: Floats, unit: Sequence[object] | np.ndarray) -> Floats:
    """Sum terms up for each unit: terms x units."""
    codes = np.unique(np.asarray(unit).astype(str), return_inverse=True)[1]
    return np.stack([np.bincount(codes, weights=term) for term in terms])


def _resampled_sums(sums: Floats, repetitions: int, seed: int) -> Floats:
    """Sum up over resamples of the units: terms x repetitions."""
    generator, units = np.random.default_rng(seed), sums.shape[1]
    chunk_size, chunks = max(1, _CHUNK // units), []
    for start in range(0, repetitions, chunk_size):
        size = min(chunk_size, repetitions - start)
        chunks.append(sums @ generator.poisson(1.0, size=(units, size)))
    return np.concatenate(chunks, axis=1)


def _interval(mean: float, draws: Floats, confidence: float) -> Interval:
    if not len(draws):
        return Interval(mean, float("nan"), float("nan"))
    low, high = np.percentile(draws, [50 * (1 - confidence), 50 * (1 + confidence)])
    return Interval(mean, float(low), float(high))


def policy_metrics(challenger: OffPolicyEvaluation, rivals: Mapping[str, OffPolicyEvaluation]) -> dict[str, float]:
    """Name the metrics as gates do.

    Args:
        challenger: The policy that is evaluated.
        rivals: What it is compared with, by `champion` or `naive/<name>`.
    """
    metrics: dict[str, float] = {}
    for name, estimate in challenger.estimates.items():
        metrics |= {name: estimate.mean, f"{name}/low": estimate.low, f"{name}/high": estimate.high}
    metrics |= {
        "effective_sample_size": challenger.effective_sample_size,
        "greatest_weight": challenger.greatest_weight,
    }
    for rival, evaluation in rivals.items():
        metrics |= {f"{rival}/{name}": evaluation.estimates[name].mean for name in ESTIMATORS}
        for name, lift in challenger.lift_over(evaluation).items():
            metrics |= {f"versus/{rival}/{name}/low": lift.low, f"versus/{rival}/{name}/high": lift.high}
    return metrics
