"""What to expect of a customer: purchase dates by BG/NBD, spend per date by Gamma-Gamma. Pure numpy and scipy.

Written out because no kept library fits: lifetimes has had no release since 2020 and does not import beside a recent
setuptools; its successor pymc-marketing brings PyMC and 25 more packages for four numbers, and pins others back.

BG/NBD (Fader, Hardie & Lee 2005, "Counting your customers the easy way", Marketing Science 24(2)): while active a
customer buys at a rate lambda ~ Gamma(r, alpha); after each purchase he leaves with probability p ~ Beta(a, b).
Gamma-Gamma (Fader & Hardie 2013, "The Gamma-Gamma model of monetary value"): a purchase is worth Gamma(p, nu) and nu ~
Gamma(q, gamma) differs between customers, independently of how often they buy.

Words as there: x repeat purchase dates after the first, t_x time from first to last, T time from first to now.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import gammaln, hyp2f1

Floats = NDArray[np.float64]

LEAST_REPEATERS = 30
"""Customers who came back, below which four parameters are not to be had from them."""

_BOUND = 9.0
"""Parameters are searched between exp(-9) and exp(9), in units in which the mean age is 10."""

_MEAN_AGE = 10.0


@dataclass(frozen=True)
class Purchases:
    """Parameters of BG/NBD; alpha has the unit of time of the data it was fitted to."""

    r: float
    alpha: float
    a: float
    b: float

    def expected(self, x: ArrayLike, t_x: ArrayLike, age: ArrayLike, ahead: float) -> Floats:
        """Expected purchase dates in the next `ahead` units of time, of each customer (equation 10 of the source)."""
        count, last, now = (np.asarray(values, dtype=np.float64) for values in (x, t_x, age))
        alive = self.probability_active(count, last, now)
        reached = (self.alpha + now) / (self.alpha + now + ahead)
        series = hyp2f1(self.r + count, self.b + count, self.a + self.b + count - 1, 1 - reached)
        growth = (self.a + self.b + count - 1) / (self.a - 1) * (1 - reached ** (self.r + count) * series)
        found: Floats = np.maximum(growth * alive, 0.0)
        return found

    def probability_active(self, x: ArrayLike, t_x: ArrayLike, age: ArrayLike) -> Floats:
        """Probability that a customer has not left for good; 1 for who never came back, as the model has it."""
        count, last, now = (np.asarray(values, dtype=np.float64) for values in (x, t_x, age))
        odds = np.log(self.a / (self.b + np.maximum(count, 1) - 1))
        odds += (self.r + count) * np.log((self.alpha + now) / (self.alpha + last))
        found: Floats = np.where(count > 0, 1 / (1 + np.exp(np.minimum(odds, 700.0))), 1.0)
        return found


@dataclass(frozen=True)
class Spend:
    """Parameters of Gamma-Gamma; gamma has the unit of money of the data it was fitted to."""

    p: float
    q: float
    gamma: float

    def expected(self, x: ArrayLike, mean_spend: ArrayLike) -> Floats:
        """Expected spend per purchase date of each customer; x: dates behind the mean, 0 gives the mean of all."""
        count, mean = np.asarray(x, dtype=np.float64), np.asarray(mean_spend, dtype=np.float64)
        found: Floats = self.p * (self.gamma + count * mean) / (self.p * count + self.q - 1)
        return found


def fit_purchases(x: ArrayLike, t_x: ArrayLike, age: ArrayLike) -> Purchases | None:
    """BG/NBD by maximum likelihood; None when too few customers came back or the search does not settle.

    x, t_x, age: a value a customer, t_x <= age, any unit of time.
    """
    rows = np.stack([np.asarray(values, dtype=np.float64) for values in (x, t_x, age)], axis=1)
    if (rows[:, 0] > 0).sum() < LEAST_REPEATERS or rows[:, 2].mean() <= 0:
        return None
    scale = _MEAN_AGE / rows[:, 2].mean()
    points, weights = np.unique(rows * [1, scale, scale], axis=0, return_counts=True)

    def loss(logs: Floats) -> float:
        """Minus the mean log-likelihood at these logarithms of the parameters."""
        return -float(np.average(_purchases_likelihood(Purchases(*np.exp(logs)), *points.T), weights=weights))

    found = _least(loss, np.log([0.5, _MEAN_AGE / 2, 0.8, 2.5]))
    return None if found is None else Purchases(found[0], float(found[1] / scale), found[2], found[3])


def log_likelihood(model: Purchases, x: ArrayLike, t_x: ArrayLike, age: ArrayLike) -> float:
    """Sum over the customers of the logarithm of equation 6 of the source."""
    return float(_purchases_likelihood(model, *(np.asarray(one, dtype=np.float64) for one in (x, t_x, age))).sum())


def _purchases_likelihood(model: Purchases, x: Floats, t_x: Floats, age: Floats) -> Floats:
    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    both = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    both += gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
    stayed = -(r + x) * np.log(alpha + age)
    left = np.log(a / (b + np.maximum(x, 1) - 1)) - (r + x) * np.log(alpha + t_x)
    found: Floats = both + np.where(x > 0, np.logaddexp(stayed, left), stayed)
    return found


def fit_spend(x: ArrayLike, mean_spend: ArrayLike) -> Spend | None:
    """Gamma-Gamma by maximum likelihood on customers with x > 0 and a positive mean; None when they are too few.

    x: dates behind the mean. A q of 1 or less, where the mean of all would be infinite, is None too.
    """
    count, mean = np.asarray(x, dtype=np.float64), np.asarray(mean_spend, dtype=np.float64)
    kept = (count > 0) & (mean > 0)
    if kept.sum() < LEAST_REPEATERS:
        return None
    scale = 1 / mean[kept].mean()
    count, mean = count[kept], mean[kept] * scale

    def loss(logs: Floats) -> float:
        """Minus the mean log-likelihood at these logarithms of the parameters."""
        p, q, gamma = np.exp(logs)
        rows = gammaln(p * count + q) - gammaln(p * count) - gammaln(q) + q * np.log(gamma)
        rows += (p * count - 1) * np.log(mean) + p * count * np.log(count)
        rows -= (p * count + q) * np.log(count * mean + gamma)
        return -float(rows.mean())

    found = _least(loss, np.log([2.0, 3.0, 1.0]))
    return None if found is None or found[1] <= 1 else Spend(found[0], found[1], float(found[2] / scale))


def _least(loss: Callable[[Floats], float], start: Floats) -> tuple[float, ...] | None:
    """Positive parameters of the least loss, searched by their logarithms; None at the edge of what is searched."""
    bounds = [(-_BOUND, _BOUND)] * len(start)
    found = minimize(loss, start, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500})
    settled = bool(np.isfinite(found.fun)) and bool((np.abs(found.x) < _BOUND - 1e-6).all())
    return tuple(map(float, np.exp(found.x))) if settled else None
