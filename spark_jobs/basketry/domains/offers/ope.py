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
class Logged:
    """What was done, a row a decision: reward, probability with which it was done, and who it was done to (or any unit whose

    rows belong together).
    """

    reward: Floats
    probability: Floats
    unit: Sequence[object] | np.ndarray


@dataclass(frozen=True)
class Target:
    """A policy on the same decisions: its probability of what was done; the model's reward of what was done, and the model's

    expected reward of the policy over all actions. Without a model both are 0, and doubly robust is plain IPS.
    """

    probability: Floats
    modelled: Floats
    expected: Floats


@dataclass(frozen=True)
class Evaluation:
    """Estimates of one policy. effective_sample_size: (sum w)^2 / sum w^2 (Kish); greatest_weight: of a single decision.

    draws: each estimate in every resample, for differences of policies on the same decisions.
    """

    estimates: Mapping[str, Interval]
    effective_sample_size: float
    greatest_weight: float
    draws: Mapping[str, Floats]

    def above(self, other: Evaluation) -> dict[str, Interval]:
        """How far every estimate is above the other policy's, on the same resamples."""
        return {
            name: _interval(
                self.estimates[name].mean - other.estimates[name].mean, self.draws[name] - other.draws[name], 0.95
            )
            for name in ESTIMATORS
        }


def evaluate(
    logged: Logged, target: Target, *, repetitions: int = 500, seed: int = 0, confidence: float = 0.95
) -> Evaluation:
    """What the target policy would have earned a decision."""
    weight = target.probability / logged.probability
    corrected = target.expected + weight * (logged.reward - target.modelled)
    terms = np.stack([weight * logged.reward, weight, corrected, np.ones(len(weight))])
    sums = _by_unit(terms, logged.unit)
    draws = _resampled(sums, repetitions, seed)
    points, spread = _estimates(sums.sum(axis=1)), _estimates(draws)
    total = float((weight**2).sum())
    return Evaluation(
        {name: _interval(float(points[name]), spread[name], confidence) for name in ESTIMATORS},
        float(weight.sum() ** 2 / total) if total else 0.0,
        float(weight.max(initial=0.0)),
        spread,
    )


def as_logged(logged: Logged) -> Target:
    """The policy that did it, as a target: its estimates are the mean reward."""
    nothing = np.zeros(len(logged.reward))
    return Target(logged.probability, nothing, nothing)


def incremental(
    reward: ArrayLike, is_control: ArrayLike, unit: Sequence[object], *, repetitions: int = 500, seed: int = 0
) -> Interval:
    """Mean reward of treatment above that of control, with a 95 % interval over resampled units; nan where one is empty."""
    rewards, control = np.asarray(reward, dtype=np.float64), np.asarray(is_control, dtype=np.float64)
    sums = _by_unit(np.stack([rewards * (1 - control), 1 - control, rewards * control, control]), unit)
    point, draws = sums.sum(axis=1), _resampled(sums, repetitions, seed)
    spread = _rate(draws[0], draws[1]) - _rate(draws[2], draws[3])
    return _interval(float(_rate(point[0], point[1]) - _rate(point[2], point[3])), spread[~np.isnan(spread)], 0.95)


def _estimates(sums: Floats) -> dict[str, Floats]:
    earned, weight, corrected, rows = sums
    return {"reward_ips": earned / rows, "reward_snips": _rate(earned, weight), "reward_dr": corrected / rows}


def _rate(above: Floats, below: Floats) -> Floats:
    above, below = np.asarray(above), np.asarray(below)
    return np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)


def _by_unit(terms: Floats, unit: Sequence[object] | np.ndarray) -> Floats:
    """terms summed for each unit: terms x units."""
    codes = np.unique(np.asarray(unit).astype(str), return_inverse=True)[1]
    return np.stack([np.bincount(codes, weights=term) for term in terms])


def _resampled(sums: Floats, repetitions: int, seed: int) -> Floats:
    """Sums over resamples of the units: terms x repetitions."""
    generator, units = np.random.default_rng(seed), sums.shape[1]
    piece, found = max(1, _CHUNK // units), []
    for start in range(0, repetitions, piece):
        size = min(piece, repetitions - start)
        found.append(sums @ generator.poisson(1.0, size=(units, size)))
    return np.concatenate(found, axis=1)


def _interval(mean: float, draws: Floats, confidence: float) -> Interval:
    if not len(draws):
        return Interval(mean, float("nan"), float("nan"))
    low, high = np.percentile(draws, [50 * (1 - confidence), 50 * (1 + confidence)])
    return Interval(mean, float(low), float(high))


def metrics(challenger: Evaluation, rivals: Mapping[str, Evaluation]) -> dict[str, float]:
    """By the names that gates know. rivals: `champion`, or `naive/<name>`."""
    found = {name: challenger.estimates[name].mean for name in ESTIMATORS}
    found |= {
        f"{name}/{end}": getattr(challenger.estimates[name], end) for name in ESTIMATORS for end in ("low", "high")
    }
    found |= {"effective_sample_size": challenger.effective_sample_size, "greatest_weight": challenger.greatest_weight}
    for rival, evaluation in rivals.items():
        found |= {f"{rival}/{name}": evaluation.estimates[name].mean for name in ESTIMATORS}
        for name, gap in challenger.above(evaluation).items():
            found |= {f"versus/{rival}/{name}/low": gap.low, f"versus/{rival}/{name}/high": gap.high}
    return found
