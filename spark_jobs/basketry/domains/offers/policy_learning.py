"""A policy from logged decisions: what it would expect of each offer, and what it would have earned. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa
from threadpoolctl import threadpool_limits

from basketry.domains.offers.memory import common_positions, realigned
from basketry.domains.offers.ope import (
    LoggedFeedback,
    OffPolicyEvaluation,
    TargetPolicy,
    evaluate_off_policy,
    policy_metrics,
)
from basketry.domains.offers.policy import (
    FEATURE_NAMES,
    MostPopular,
    OfferPolicy,
    PolicyInput,
    Posterior,
    ThompsonSampling,
    design_matrix,
)
from basketry.domains.offers.records import DAY
from basketry.domains.offers.settings import OfferSettings
from basketry.domains.offers.shop import Floats, Ints

TESTED_SHARE = 0.3
"""The newest share of the decisions is for the test."""


@dataclass(frozen=True)
class Examples:
    """Logged decisions of treatment that had a choice, in order of time.

    Attributes:
        inputs: What the policy saw.
        chosen: The chosen column, or the number of candidates for showing nothing.
        probability: Probability with which it was chosen.
        reward: What it brought.
    """

    inputs: PolicyInput
    chosen: Ints
    probability: Floats
    reward: Floats

    def __len__(self) -> int:
        """Return the number of decisions."""
        return len(self.chosen)

    def between(self, first: int, last: int) -> Examples:
        """Return the decisions from first to before last, in the same order."""
        rows = slice(first, last)
        inputs = PolicyInput(**{field.name: getattr(self.inputs, field.name)[rows] for field in fields(PolicyInput)})
        return Examples(inputs, self.chosen[rows], self.probability[rows], self.reward[rows])

    @property
    def logged(self) -> LoggedFeedback:
        """The decisions as off-policy evaluation takes them; those of one shopper belong together."""
        return LoggedFeedback(self.reward, self.probability, self.inputs.shoppers)


@dataclass(frozen=True)
class LearnedPolicy:
    """What a registered version holds.

    Attributes:
        categories: Names of the categories.
        posterior: The posterior over these categories.
        newest: Time in seconds of the newest decision that it was learned from.
    """

    categories: tuple[str, ...]
    posterior: Posterior
    newest: float

    def posterior_over(self, categories: Sequence[str], settings: OfferSettings) -> Posterior:
        """Return the posterior over today's categories; a new one begins at the prior."""
        today, before = common_positions(categories, self.categories)
        return realigned(self.posterior, Posterior.prior(len(categories), settings), today, before)

    def state(self) -> dict[str, object]:
        """Return plain values, for `policy_from_state`."""
        return {
            "categories": list(self.categories),
            "precision": self.posterior.precision.tolist(),
            "moment": self.posterior.moment.tolist(),
            "newest": self.newest,
            "numbers": list(FEATURE_NAMES),
        }


def policy_from_state(state: Mapping[str, object]) -> LearnedPolicy:
    """Restore the policy that `state` was called on.

    Raises:
        ValueError: It was learned from other features.
    """
    if state["numbers"] != list(FEATURE_NAMES):
        raise ValueError("this version was learned from other features.")
    posterior = Posterior(np.array(state["precision"], dtype=np.float64), np.array(state["moment"], dtype=np.float64))
    return LearnedPolicy(tuple(state["categories"]), posterior, float(str(state["newest"])))  # type: ignore[arg-type]


def training_examples(rows: pa.Table, categories: Sequence[str], popularity: Mapping[str, float]) -> Examples:
    """Make examples of logged decisions.

    Left out: control, which had no choice; decisions without any eligible candidate; those withheld from the shopper.

    Args:
        rows: Rows of gold.offer_training.
        categories: Names of the categories.
        popularity: Popularity of products; a greater number is more popular.
    """
    rows = rows.sort_by([("decided_at", "ascending"), ("decision_id", "ascending")])
    decisions = [row for row in rows.to_pylist() if row["audience"] == "treatment" and _had_a_choice(row)]
    inputs = _policy_input(decisions, categories, popularity)
    chosen = np.full(len(decisions), inputs.eligible.shape[1], dtype=np.int64)
    for number, row in enumerate(decisions):
        for column, candidate in enumerate(row["candidates"]):
            if candidate["product_id"] == row["product_id"]:
                chosen[number] = column
    probability = np.array([row["probability"] for row in decisions], dtype=np.float64)
    return Examples(inputs, chosen, probability, np.array([row["clicked"] for row in decisions], dtype=np.float64))


def _policy_input(
    decisions: Sequence[Mapping[str, Any]], categories: Sequence[str], popularity: Mapping[str, float]
) -> PolicyInput:
    """Gather what the policy saw of each decision's candidates."""
    shape = (len(decisions), max((len(row["candidates"]) for row in decisions), default=1))
    position = {name: number for number, name in enumerate(categories)}
    features, category = np.zeros((*shape, len(FEATURE_NAMES))), np.zeros(shape, dtype=np.int64)
    eligible, popular = np.zeros(shape, dtype=bool), np.zeros(shape)
    for number, row in enumerate(decisions):
        for column, candidate in enumerate(row["candidates"]):
            features[number, column] = candidate["features"]
            category[number, column] = position.get(candidate["category"], 0)
            eligible[number, column] = True
            popular[number, column] = popularity.get(candidate["product_id"], 0.0)
    return PolicyInput(
        features=features,
        category=category,
        product=np.zeros(shape, dtype=np.int64),
        eligible=eligible,
        popularity=popular,
        shoppers=[row["customer_id"] for row in decisions],
        at=np.array([row["decided_at"].timestamp() for row in decisions]),
    )


def _had_a_choice(row: Mapping[str, list[Mapping[str, float]]]) -> bool:
    return any(candidate["probability"] > 0 for candidate in row["candidates"])


def fit_policy(examples: Examples, categories: Sequence[str], settings: OfferSettings) -> LearnedPolicy:
    """Compute the posterior from what was shown and clicked, older decisions counting less."""
    prior, inputs = Posterior.prior(len(categories), settings), examples.inputs
    shown = np.flatnonzero(examples.chosen < inputs.eligible.shape[1])
    newest = float(inputs.at.max(initial=0.0))
    share = 0.5 ** ((newest - inputs.at[shown]) / DAY / settings.policy.half_life_days)
    column = examples.chosen[shown]
    design = design_matrix(inputs.features[shown, column], inputs.category[shown, column], len(categories))
    root = np.sqrt(share)
    posterior = prior.updated(design * root[:, None], examples.reward[shown] * root).rounded
    return LearnedPolicy(tuple(categories), posterior, newest)


def evaluate_policy(
    tested: Examples, policy: OfferPolicy, model: Posterior, *, repetitions: int = 500, seed: int = 0
) -> OffPolicyEvaluation:
    """Estimate what a policy would have earned on logged decisions.

    Args:
        tested: The decisions.
        policy: The policy.
        model: What it expects of each offer, for the doubly robust estimator.
        repetitions: Number of bootstrap resamples.
        seed: Seed of the resamples.
    """
    probabilities = policy.probabilities(tested.inputs)
    expected = _expected_rewards(tested, model)
    each = np.arange(len(tested))
    target = TargetPolicy(
        probability=probabilities[each, tested.chosen],
        modelled=expected[each, tested.chosen],
        expected=(probabilities * expected).sum(axis=1),
    )
    return evaluate_off_policy(tested.logged, target, repetitions=repetitions, seed=seed)


def _expected_rewards(tested: Examples, model: Posterior) -> Floats:
    """Compute events x (candidates + 1): the modelled response rate of each, 0 of showing nothing."""
    mean, inputs = model.mean, tested.inputs
    rates = inputs.features @ mean[: len(FEATURE_NAMES)] + mean[len(FEATURE_NAMES) + inputs.category]
    return np.column_stack([np.clip(np.where(inputs.eligible, rates, 0.0), 0.0, 1.0), np.zeros(len(tested))])


@dataclass(frozen=True)
class TrainedPolicy:
    """The outcome of a training.

    Attributes:
        learned: The policy learned from everything.
        metrics: Metrics by the gate's names, measured on the newest decisions by a policy that had not seen them.
        tested: Number of decisions that were tested on.
    """

    learned: LearnedPolicy
    metrics: Mapping[str, float]
    tested: int


def train_policy(
    examples: Examples, categories: Sequence[str], settings: OfferSettings, champion: LearnedPolicy | None
) -> TrainedPolicy:
    """Learn from the older decisions, evaluate on the newest beside the champion and popularity, then learn from all.

    On one core, so that the seed decides all.
    """
    with threadpool_limits(1):  # sums that several cores share out are rounded otherwise on another machine
        return _train(examples, categories, settings, champion)


def _train(
    examples: Examples, categories: Sequence[str], settings: OfferSettings, champion: LearnedPolicy | None
) -> TrainedPolicy:
    border = int(len(examples) * (1 - TESTED_SHARE))
    older, newest = examples.between(0, border), examples.between(border, len(examples))
    model = fit_policy(older, categories, settings).posterior
    challenger = evaluate_policy(newest, _thompson_sampling(model, settings), model, seed=settings.seed)
    rivals = {"naive/popular": evaluate_policy(newest, MostPopular(), model, seed=settings.seed)}
    if champion is not None:
        policy = _thompson_sampling(champion.posterior_over(categories, settings), settings)
        rivals["champion"] = evaluate_policy(newest, policy, model, seed=settings.seed)
    metrics = policy_metrics(challenger, rivals)
    metrics |= {"logged_reward": float(newest.reward.mean()), "tested": float(len(newest))}
    return TrainedPolicy(fit_policy(examples, categories, settings), metrics, len(newest))


def _thompson_sampling(posterior: Posterior, settings: OfferSettings) -> ThompsonSampling:
    return ThompsonSampling.from_posterior(posterior, settings, [settings.seed])
