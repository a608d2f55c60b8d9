"""A policy from logged decisions: what it would expect of each offer, and what it would have earned. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from threadpoolctl import threadpool_limits

from basketry.domains.offers import ope
from basketry.domains.offers.ope import Evaluation, Logged, Target
from basketry.domains.offers.policy import NUMBERS, MostPopular, Policy, Posterior, Scene, Thompson, design
from basketry.domains.offers.records import DAY
from basketry.domains.offers.settings import OfferSettings
from basketry.domains.offers.shop import Floats, Ints

TESTED_SHARE = 0.3
"""The newest share of the decisions is for the test."""


@dataclass(frozen=True)
class Examples:
    """Logged decisions of treatment that had a choice, in order of time. chosen: column, or the number of candidates for none."""

    scene: Scene
    chosen: Ints
    probability: Floats
    reward: Floats

    def __len__(self) -> int:
        """Number of decisions."""
        return len(self.chosen)

    def part(self, first: int, last: int) -> Examples:
        """Some of them, in the same order."""
        some = slice(first, last)
        scene = Scene(
            self.scene.features[some],
            self.scene.category[some],
            self.scene.product[some],
            self.scene.eligible[some],
            self.scene.popularity[some],
            self.scene.shoppers[some],
            self.scene.at[some],
        )
        return Examples(scene, self.chosen[some], self.probability[some], self.reward[some])

    @property
    def logged(self) -> Logged:
        """As off-policy evaluation takes them; a shopper's decisions belong together."""
        return Logged(self.reward, self.probability, self.scene.shoppers)


@dataclass(frozen=True)
class Learned:
    """What a registered version holds: the posterior over these categories as of the newest decision it was learned from."""

    categories: tuple[str, ...]
    posterior: Posterior
    newest: float

    def over(self, categories: Sequence[str], settings: OfferSettings) -> Posterior:
        """The same over today's categories; one that is new begins at the prior."""
        prior, numbers = Posterior.prior(len(categories), settings), len(NUMBERS)
        place = {name: at for at, name in enumerate(self.categories)}
        pairs = [(at, place[name]) for at, name in enumerate(categories) if name in place]
        to = np.array([*range(numbers), *(numbers + now for now, _ in pairs)], dtype=np.int64)
        source = np.array([*range(numbers), *(numbers + then for _, then in pairs)], dtype=np.int64)
        precision, moment = prior.precision.copy(), prior.moment.copy()
        precision[np.ix_(to, to)] = self.posterior.precision[np.ix_(source, source)]
        moment[to] = self.posterior.moment[source]
        return Posterior(precision, moment)

    def state(self) -> dict[str, object]:
        """Plain values, for `restored`."""
        return {
            "categories": list(self.categories),
            "precision": self.posterior.precision.tolist(),
            "moment": self.posterior.moment.tolist(),
            "newest": self.newest,
            "numbers": list(NUMBERS),
        }


def restored(state: Mapping[str, object]) -> Learned:
    """What `state` gave; ValueError when it is of other features."""
    if state["numbers"] != list(NUMBERS):
        raise ValueError("this version was learned from other features.")
    posterior = Posterior(np.array(state["precision"], dtype=np.float64), np.array(state["moment"], dtype=np.float64))
    return Learned(tuple(state["categories"]), posterior, float(str(state["newest"])))  # type: ignore[arg-type]


def examples(rows: pa.Table, categories: Sequence[str], popularity: Mapping[str, float]) -> Examples:
    """From rows of gold.offer_training. popularity: of products, greater is more popular.

    Left out: control, which had no choice; decisions without any eligible candidate; those withheld from the shopper.
    """
    rows = rows.sort_by([("decided_at", "ascending"), ("decision_id", "ascending")])
    place = {name: at for at, name in enumerate(categories)}
    kept = [row for row in rows.to_pylist() if row["audience"] == "treatment" and _had_a_choice(row)]
    width = max((len(row["candidates"]) for row in kept), default=1)
    shape = (len(kept), width)
    features, category = np.zeros((*shape, len(NUMBERS))), np.zeros(shape, dtype=np.int64)
    eligible, popular = np.zeros(shape, dtype=bool), np.zeros(shape)
    chosen = np.full(len(kept), width, dtype=np.int64)
    for at, row in enumerate(kept):
        for column, candidate in enumerate(row["candidates"]):
            features[at, column] = candidate["features"]
            category[at, column] = place.get(candidate["category"], 0)
            eligible[at, column] = True
            popular[at, column] = popularity.get(candidate["product_id"], 0.0)
            if candidate["product_id"] == row["product_id"]:
                chosen[at] = column
    at_seconds = np.array([row["decided_at"].timestamp() for row in kept])
    product = np.zeros(shape, dtype=np.int64)
    scene = Scene(features, category, product, eligible, popular, [row["customer_id"] for row in kept], at_seconds)
    numbers = (np.array([row[name] for row in kept], dtype=np.float64) for name in ("probability", "clicked"))
    return Examples(scene, chosen, *numbers)


def _had_a_choice(row: Mapping[str, list[Mapping[str, float]]]) -> bool:
    return any(candidate["probability"] > 0 for candidate in row["candidates"])


def fit(given: Examples, categories: Sequence[str], settings: OfferSettings) -> Learned:
    """The posterior from what was shown and clicked, older decisions counting less."""
    prior = Posterior.prior(len(categories), settings)
    shown = np.flatnonzero(given.chosen < given.scene.eligible.shape[1])
    newest = float(given.scene.at.max(initial=0.0))
    share = 0.5 ** ((newest - given.scene.at[shown]) / DAY / settings.half_life_days)
    column = given.chosen[shown]
    rows = design(given.scene.features[shown, column], given.scene.category[shown, column], len(categories))
    root = np.sqrt(share)
    return Learned(tuple(categories), prior.after(rows * root[:, None], given.reward[shown] * root).exact, newest)


def judged(tested: Examples, policy: Policy, model: Posterior, *, repetitions: int = 500, seed: int = 0) -> Evaluation:
    """What a policy would have earned on these decisions. model: what it expects of each offer, for doubly robust."""
    probabilities = policy.probabilities(tested.scene)
    expected = _expected(tested, model)
    each = np.arange(len(tested))
    target = Target(
        probabilities[each, tested.chosen], expected[each, tested.chosen], (probabilities * expected).sum(axis=1)
    )
    return ope.evaluate(tested.logged, target, repetitions=repetitions, seed=seed)


def _expected(tested: Examples, model: Posterior) -> Floats:
    """events x (candidates + 1): the modelled response rate of each, 0 of showing nothing."""
    mean = model.mean
    rates = tested.scene.features @ mean[: len(NUMBERS)] + mean[len(NUMBERS) + tested.scene.category]
    return np.column_stack([np.clip(np.where(tested.scene.eligible, rates, 0.0), 0.0, 1.0), np.zeros(len(tested))])


@dataclass(frozen=True)
class Trained:
    """The policy learned from everything; metrics by the gate's names, measured on the newest decisions by one that had not

    seen them.
    """

    learned: Learned
    metrics: Mapping[str, float]
    tested: int


def train(given: Examples, categories: Sequence[str], settings: OfferSettings, champion: Learned | None) -> Trained:
    """Learn from the older decisions, judge on the newest beside the champion and popularity, then learn from all.

    On one core, so that the seed decides all.
    """
    with threadpool_limits(1):  # sums that several cores share out are rounded otherwise on another machine
        return _trained(given, categories, settings, champion)


def _trained(given: Examples, categories: Sequence[str], settings: OfferSettings, champion: Learned | None) -> Trained:
    border = int(len(given) * (1 - TESTED_SHARE))
    older, newest = given.part(0, border), given.part(border, len(given))
    model = fit(older, categories, settings).posterior
    found = judged(newest, _thompson(model, settings), model, seed=settings.seed)
    rivals = {"naive/popular": judged(newest, MostPopular(), model, seed=settings.seed)}
    if champion is not None:
        its = champion.over(categories, settings)
        rivals["champion"] = judged(newest, _thompson(its, settings), model, seed=settings.seed)
    measured = ope.metrics(found, rivals) | {"logged_reward": float(newest.reward.mean()), "tested": float(len(newest))}
    return Trained(fit(given, categories, settings), measured, len(newest))


def _thompson(posterior: Posterior, settings: OfferSettings) -> Thompson:
    return Thompson.of(posterior, settings, [settings.seed])
