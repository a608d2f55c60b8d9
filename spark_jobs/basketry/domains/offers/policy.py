"""Who gets what with which probability: Thompson sampling on a linear model of the response.

The expected response to a candidate is linear in its features: `FEATURE_NAMES`, and an intercept for its category. Samples
of the posterior are drawn once and serve every event until the posterior changes, so the share of samples in which an action
wins *is* the probability with which it is chosen, exactly. Source: Agrawal & Goyal (2013), Thompson sampling for
contextual bandits with linear payoffs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from basketry.domains.offers.settings import OfferSettings
from basketry.domains.offers.shop import Flags, Floats, Ints

FEATURE_NAMES = ("interest", "propensity", "recommended", "beside", "appeal", "discount")
"""Features: share of the category in what the shopper did lately; probability of buying it; rank among the recommendations;
whether it is the category being looked at; response rate of the product over that of all; the discount."""
BESIDE, DISCOUNT = FEATURE_NAMES.index("beside"), FEATURE_NAMES.index("discount")

_GRAIN = float(1 << 20)
_CELLS = 100_000
"""Scores held at once: what stays in the processor's cache."""


@dataclass(frozen=True, kw_only=True)
class PolicyInput:
    """The candidates of events at the moment of choosing, one row per event.

    Attributes:
        features: Features of each candidate: events x candidates x FEATURE_NAMES.
        category: Category of each candidate: events x candidates.
        product: Product of each candidate.
        eligible: Whether each candidate may be chosen.
        popularity: Popularity of each candidate; a greater number is more popular.
        shoppers: Customer id of each event's shopper.
        at: Time of each event in seconds.
    """

    features: Floats
    category: Ints
    product: Ints
    eligible: Flags
    popularity: Floats
    shoppers: Sequence[str]
    at: Floats


class OfferPolicy(Protocol):
    """Chooses among candidates."""

    def probabilities(self, inputs: PolicyInput) -> Floats:
        """Return the probability of each action: events x (candidates + 1).

        Each row sums to 1; a candidate that is not eligible has 0; the last column stands for showing nothing.
        """


@dataclass(frozen=True)
class Posterior:
    """What responses have taught, over FEATURE_NAMES and then one category after another.

    Both attributes are sums over shown offers, so the order of learning does not matter.

    Attributes:
        precision: Precision matrix of the weights.
        moment: Precision times the mean.
    """

    precision: Floats
    moment: Floats

    @classmethod
    def prior(cls, categories: int, settings: OfferSettings) -> Posterior:
        """Return the belief before any evidence: every category responds at the prior rate, and nothing else matters."""
        weights = np.r_[np.ones(len(FEATURE_NAMES)), np.full(categories, settings.policy.prior_weight)]
        mean = np.r_[np.zeros(len(FEATURE_NAMES)), np.full(categories, settings.policy.prior_rate)]
        return cls(np.diag(weights), weights * mean).rounded

    @property
    def mean(self) -> Floats:
        """The expected weights."""
        return np.asarray(np.linalg.solve(self.precision, self.moment))

    def updated(self, design: Floats, responses: Floats) -> Posterior:
        """Add shown offers to the evidence.

        Args:
            design: One row of the linear model per shown offer, see `design_matrix`.
            responses: What each of them brought, such as 0 or 1.
        """
        return Posterior(self.precision + design.T @ design, self.moment + design.T @ responses)

    def decayed(self, share: float, prior: Posterior) -> Posterior:
        """Move towards the prior as time passes.

        Args:
            share: Share of the evidence that still counts.
            prior: Where the rest goes.
        """
        return Posterior(
            prior.precision + share * (self.precision - prior.precision),
            prior.moment + share * (self.moment - prior.moment),
        ).rounded

    @property
    def rounded(self) -> Posterior:
        """Rounded to a grain on which sums stay exact, so that it is the same in whatever batches offers are learned."""
        return Posterior(np.round(self.precision * _GRAIN) / _GRAIN, np.round(self.moment * _GRAIN) / _GRAIN)


def design_matrix(features: Floats, category: Ints, categories: int) -> Floats:
    """Build the rows of the linear model: the features and one column per category.

    Args:
        features: Rows x FEATURE_NAMES.
        category: Category of each row.
        categories: Number of categories.
    """
    rows = np.zeros((len(features), len(FEATURE_NAMES) + categories))
    rows[:, : len(FEATURE_NAMES)] = features
    rows[np.arange(len(features)), len(FEATURE_NAMES) + category] = 1.0
    return rows


@dataclass(frozen=True)
class ThompsonSampling:
    """Thompson sampling with a floor.

    Attributes:
        samples: Draws of the weights, one per row.
        no_offer_below: Expected response below which nothing is shown.
        floor: Share of the probability that is spread evenly.
    """

    samples: Floats
    no_offer_below: float
    floor: float

    @classmethod
    def from_posterior(cls, posterior: Posterior, settings: OfferSettings, seed: Sequence[int]) -> ThompsonSampling:
        """Draw the samples; the same posterior and seed give the same ones."""
        mean = posterior.mean
        root = np.linalg.cholesky(posterior.precision)
        noise = np.random.default_rng(list(seed)).standard_normal((len(mean), settings.policy.draws))
        spread = np.sqrt(settings.policy.prior_rate) * np.linalg.solve(root.T, noise)
        return cls(mean + spread.T, settings.policy.no_offer_below, settings.policy.floor)

    def probabilities(self, inputs: PolicyInput) -> Floats:
        """Count how often each action wins, see `OfferPolicy`."""
        events, candidates = inputs.eligible.shape
        chunk_size = max(1, _CELLS // (candidates * len(self.samples)))
        wins = np.zeros((events, candidates + 1))
        for start in range(0, events, chunk_size):
            chunk = slice(start, start + chunk_size)
            self._count_wins(wins[chunk], inputs.features[chunk], inputs.category[chunk], inputs.eligible[chunk])
        return with_floor(wins / len(self.samples), inputs.eligible, self.floor)

    def _count_wins(self, wins: Floats, features: Floats, category: Ints, eligible: Flags) -> None:
        events, candidates = eligible.shape
        weights, intercepts = self.samples[:, : len(FEATURE_NAMES)], self.samples[:, len(FEATURE_NAMES) :]
        scores = weights @ features.reshape(-1, len(FEATURE_NAMES)).T + intercepts[:, category.reshape(-1)]
        scores += np.where(eligible.reshape(-1), 0.0, -np.inf)
        # Candidates last: side by side in memory, where the best is looked for.
        scores = scores.reshape(-1, events, candidates)
        best = scores.argmax(axis=2)
        highest = np.take_along_axis(scores, best[..., None], axis=2)[..., 0]
        best[highest < self.no_offer_below] = candidates
        cells = best + np.arange(events) * (candidates + 1)
        wins += np.bincount(cells.reshape(-1), minlength=wins.size).reshape(wins.shape)


@dataclass(frozen=True)
class MostPopular:
    """Always the most popular eligible candidate: what control gets. A tie goes to the candidate named first."""

    def probabilities(self, inputs: PolicyInput) -> Floats:
        """Put all probability on the most popular candidate, see `OfferPolicy`."""
        ranked = np.where(inputs.eligible, inputs.popularity, -np.inf)
        return argmax_policy(ranked)


@dataclass(frozen=True)
class Uniform:
    """Every eligible candidate with the same probability."""

    def probabilities(self, inputs: PolicyInput) -> Floats:
        """Share the probability evenly, see `OfferPolicy`."""
        has_any = inputs.eligible.any(axis=1)
        share = inputs.eligible / np.maximum(inputs.eligible.sum(axis=1, keepdims=True), 1)
        return np.column_stack([share, np.where(has_any, 0.0, 1.0)])


def argmax_policy(scores: Floats) -> Floats:
    """Put all probability on the highest score of each row, or on showing nothing where a row is all -inf."""
    events, candidates = scores.shape
    probabilities = np.zeros((events, candidates + 1))
    best = np.where(np.isneginf(scores).all(axis=1), candidates, scores.argmax(axis=1))
    probabilities[np.arange(events), best] = 1.0
    return probabilities


def with_floor(probabilities: Floats, eligible: Flags, floor: float) -> Floats:
    """Spread a share of `floor` evenly over the eligible candidates and showing nothing."""
    allowed = np.column_stack([eligible, np.ones(len(eligible), dtype=bool)])
    return np.asarray((1 - floor) * probabilities + floor * allowed / allowed.sum(axis=1, keepdims=True))


def hash_uniform(names: Sequence[str], salt: str) -> Floats:
    """Return a number in [0, 1) for each name, evenly spread, always the same one for the same name and salt."""
    key = salt.encode()[:64]
    digests = b"".join(hashlib.blake2b(name.encode(), digest_size=8, key=key).digest() for name in names)
    return (np.frombuffer(digests, dtype=">u8") >> np.uint64(11)).astype(np.float64) / float(1 << 53)


def choose_columns(probabilities: Floats, uniform: Floats) -> Ints:
    """Choose one column per row: the one that the row's uniform number falls on."""
    edges = np.cumsum(probabilities, axis=1)
    edges /= edges[:, -1:]
    return np.asarray((uniform[:, None] >= edges).sum(axis=1), dtype=np.int64)
