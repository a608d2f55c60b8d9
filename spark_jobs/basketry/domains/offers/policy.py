"""Who gets what with which probability: Thompson sampling on a linear model of the response.

The expected response to a candidate is linear in its features: `NUMBERS`, and an intercept for its category. Samples of
the posterior are drawn once and serve every event until the posterior changes, so the share of samples in which an action
wins *is* the probability with which it is chosen, exactly. Source: Agrawal & Goyal (2013), Thompson sampling for
contextual bandits with linear payoffs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np

from basketry.domains.offers.settings import OfferSettings
from basketry.domains.offers.shop import Flags, Floats, Ints

NUMBERS = ("interest", "propensity", "recommended", "beside", "appeal", "discount")
"""Features: share of the category in what the shopper did lately; probability of buying it; rank among the recommendations;
whether it is the category being looked at; response rate of the product over that of all; the discount."""
BESIDE, DISCOUNT = NUMBERS.index("beside"), NUMBERS.index("discount")

_GRAIN = float(1 << 20)
_CELLS = 100_000
"""Scores held at once: what stays in the processor's cache."""


@dataclass(frozen=True)
class Scene:
    """Candidates of events at the moment of choosing, a row an event: features (events x candidates x NUMBERS), category,

    product and eligibility. popularity: of each candidate, greater is more popular; shoppers: name of each event's.
    """

    features: Floats
    category: Ints
    product: Ints
    eligible: Flags
    popularity: Floats
    shoppers: Sequence[str]
    at: Floats


class Policy(Protocol):
    """Chooses."""

    def probabilities(self, scene: Scene) -> Floats:
        """events x (candidates + 1); each row sums to 1, what is not eligible has 0, the last column is showing nothing."""


@dataclass(frozen=True)
class Posterior:
    """What responses have taught: precision and its product with the mean, over NUMBERS and then one category after another.

    Both are sums over showings, so the order of learning does not matter.
    """

    precision: Floats
    moment: Floats

    @classmethod
    def prior(cls, categories: int, settings: OfferSettings) -> Posterior:
        """Every category responds at the prior rate, and nothing else matters."""
        weights = np.r_[np.ones(len(NUMBERS)), np.full(categories, settings.prior_weight)]
        mean = np.r_[np.zeros(len(NUMBERS)), np.full(categories, settings.prior_rate)]
        return cls(np.diag(weights), weights * mean).exact

    @property
    def mean(self) -> Floats:
        """The weights that are expected."""
        return np.asarray(np.linalg.solve(self.precision, self.moment))

    def after(self, shown: Floats, responses: Floats) -> Posterior:
        """With further showings. shown: a row of design features each; responses: what each brought, such as 0 or 1."""
        return Posterior(self.precision + shown.T @ shown, self.moment + shown.T @ responses)

    def faded(self, share: float, prior: Posterior) -> Posterior:
        """As much nearer to the prior as time has passed: share of the evidence that still counts."""
        return Posterior(
            prior.precision + share * (self.precision - prior.precision),
            prior.moment + share * (self.moment - prior.moment),
        ).exact

    @property
    def exact(self) -> Posterior:
        """Rounded to a grain on which sums stay exact, so that it is the same in whatever batches showings are learned."""
        return Posterior(np.round(self.precision * _GRAIN) / _GRAIN, np.round(self.moment * _GRAIN) / _GRAIN)


def design(features: Floats, category: Ints, categories: int) -> Floats:
    """Rows of the linear model: features (rows x NUMBERS) and one column a category."""
    rows = np.zeros((len(features), len(NUMBERS) + categories))
    rows[:, : len(NUMBERS)] = features
    rows[np.arange(len(features)), len(NUMBERS) + category] = 1.0
    return rows


@dataclass(frozen=True)
class Thompson:
    """Thompson sampling with a floor. samples: draws of the weights, a row each."""

    samples: Floats
    no_offer_below: float
    floor: float

    @classmethod
    def of(cls, posterior: Posterior, settings: OfferSettings, seed: Sequence[int]) -> Thompson:
        """Draw the samples; the same posterior and seed give the same ones."""
        mean = posterior.mean
        root = np.linalg.cholesky(posterior.precision)
        noise = np.random.default_rng(list(seed)).standard_normal((len(mean), settings.draws))
        spread = np.sqrt(settings.prior_rate) * np.linalg.solve(root.T, noise)
        return cls(mean + spread.T, settings.no_offer_below, settings.floor)

    @cached_property
    def greedy(self) -> Thompson:
        """The same without exploring: what is expected to be best, and always that."""
        return replace(self, samples=self.samples.mean(axis=0, keepdims=True), floor=0.0)

    def probabilities(self, scene: Scene) -> Floats:
        """See `Policy`."""
        events, candidates = scene.eligible.shape
        piece = max(1, _CELLS // (candidates * len(self.samples)))
        wins = np.zeros((events, candidates + 1))
        for start in range(0, events, piece):
            part = slice(start, start + piece)
            self._count(wins[part], scene.features[part], scene.category[part], scene.eligible[part])
        return floored(wins / len(self.samples), scene.eligible, self.floor)

    def _count(self, wins: Floats, features: Floats, category: Ints, eligible: Flags) -> None:
        events, candidates = eligible.shape
        weights, bases = self.samples[:, : len(NUMBERS)], self.samples[:, len(NUMBERS) :]
        scores = weights @ features.reshape(-1, len(NUMBERS)).T + bases[:, category.reshape(-1)]
        scores += np.where(eligible.reshape(-1), 0.0, -np.inf)
        scores = scores.reshape(
            -1, events, candidates
        )  # candidates last: side by side in memory, where the best is looked for
        best = scores.argmax(axis=2)
        highest = np.take_along_axis(scores, best[..., None], axis=2)[..., 0]
        best[highest < self.no_offer_below] = candidates
        cells = best + np.arange(events) * (candidates + 1)
        wins += np.bincount(cells.reshape(-1), minlength=wins.size).reshape(wins.shape)


@dataclass(frozen=True)
class MostPopular:
    """Always the most popular eligible candidate: what control gets. A tie goes to the candidate named first."""

    def probabilities(self, scene: Scene) -> Floats:
        """See `Policy`."""
        ranked = np.where(scene.eligible, scene.popularity, -np.inf)
        return certain(ranked)


@dataclass(frozen=True)
class Uniform:
    """Every eligible candidate alike."""

    def probabilities(self, scene: Scene) -> Floats:
        """See `Policy`."""
        some = scene.eligible.any(axis=1)
        share = scene.eligible / np.maximum(scene.eligible.sum(axis=1, keepdims=True), 1)
        return np.column_stack([share, np.where(some, 0.0, 1.0)])


def certain(scores: Floats) -> Floats:
    """All probability on the highest score of a row, on nothing where the row is -inf."""
    events, candidates = scores.shape
    found = np.zeros((events, candidates + 1))
    best = np.where(np.isneginf(scores).all(axis=1), candidates, scores.argmax(axis=1))
    found[np.arange(events), best] = 1.0
    return found


def floored(probabilities: Floats, eligible: Flags, floor: float) -> Floats:
    """With a share of `floor` spread evenly over the eligible candidates and showing nothing."""
    allowed = np.column_stack([eligible, np.ones(len(eligible), dtype=bool)])
    return np.asarray((1 - floor) * probabilities + floor * allowed / allowed.sum(axis=1, keepdims=True))


def chances(names: Sequence[str], salt: str) -> Floats:
    """A number in [0, 1) for each name, evenly spread, always the same one for the same name and salt."""
    key = salt.encode()[:64]
    digests = b"".join(hashlib.blake2b(name.encode(), digest_size=8, key=key).digest() for name in names)
    return (np.frombuffer(digests, dtype=">u8") >> np.uint64(11)).astype(np.float64) / float(1 << 53)


def pick(probabilities: Floats, chance: Floats) -> Ints:
    """The column that each row's chance falls on."""
    edges = np.cumsum(probabilities, axis=1)
    edges /= edges[:, -1:]
    return np.asarray((chance[:, None] >= edges).sum(axis=1), dtype=np.int64)
