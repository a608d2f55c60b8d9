"""What to expect of a customer: purchase dates by BG/NBD, spend per date by Gamma-Gamma. Pure numpy and scipy.

Written out because no maintained library fits: lifetimes has had no release since 2020 and does not import beside a recent
setuptools; its successor pymc-marketing brings PyMC and 25 more packages for four numbers, and pins others back.

BG/NBD (Fader, Hardie & Lee 2005, "Counting your customers the easy way", Marketing Science 24(2)): while active a
customer buys at a rate lambda ~ Gamma(r, alpha); after each purchase they leave with probability p ~ Beta(a, b).
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

MIN_REPEAT_CUSTOMERS = 30
"""Customers who came back, below which four parameters are not to be had from them."""

_BOUND = 9.0
"""Parameters are searched between exp(-9) and exp(9), in units in which the mean age is 10."""

_MEAN_AGE = 10.0


@dataclass(frozen=True)
class PurchaseModel:
    """Parameters of BG/NBD; alpha has the unit of time of the data it was fitted to."""

    r: float
    alpha: float
    a: float
    b: float

    def expected(self, x: ArrayLike, t_x: ArrayLike, age: ArrayLike, ahead: float) -> Floats:
        """Return each customer's expected purchase dates in the next `ahead` units of time (equation 10 of the source)."""
        count, last, now = (np.asarray(values, dtype=np.float64) for values in (x, t_x, age))
        alive = self.probability_active(count, last, now)
        reached = (self.alpha + now) / (self.alpha + now + ahead)
        series = hyp2f1(self.r + count, self.b + count, self.a + self.b + count - 1, 1 - reached)
        growth = (self.a + self.b + count - 1) / (self.a - 1) * (1 - reached ** (self.r + count) * series)
        expected: Floats = np.maximum(growth * alive, 0.0)
        return expected

    def probability_active(self, x: ArrayLike, t_x: ArrayLike, age: ArrayLike) -> Floats:
        """Return the probability that a customer has not left for good; 1 for who never came back, as the model has it."""
        count, last, now = (np.asarray(values, dtype=np.float64) for values in (x, t_x, age))
        odds = np.log(self.a / (self.b + np.maximum(count, 1) - 1))
        odds += (self.r + count) * np.log((self.alpha + now) / (self.alpha + last))
        active: Floats = np.where(count > 0, 1 / (1 + np.exp(np.minimum(odds, 700.0))), 1.0)
        return active


@dataclass(frozen=True)
class SpendModel:
    """Parameters of Gamma-Gamma; gamma has the unit of money of the data it was fitted to."""

    p: float
    q: float
    gamma: float

    def expected(self, x: ArrayLike, mean_spend: ArrayLike) -> Floats:
        """Return each customer's expected spend per purchase date; x is the dates behind the mean, 0 gives the mean of all."""
        count, mean = np.asarray(x, dtype=np.float64), np.asarray(mean_spend, dtype=np.float64)
        spend: Floats = self.p * (self.gamma + count * mean) / (self.p * count + self.q - 1)
        return spend


def fit_purchase_model(x: ArrayLike, t_x: ArrayLike, age: ArrayLike) -> PurchaseModel | None:
    """Fit BG/NBD by maximum likelihood; None when too few customers came back or the search does not settle.

    Args:
        x: Repeat purchase dates of each customer.
        t_x: Time from the first to the last purchase, in any unit; at most age.
        age: Time from the first purchase to now, in the same unit.
    """
    rows = np.stack([np.asarray(values, dtype=np.float64) for values in (x, t_x, age)], axis=1)
    if (rows[:, 0] > 0).sum() < MIN_REPEAT_CUSTOMERS or rows[:, 2].mean() <= 0:
        return None
    scale = _MEAN_AGE / rows[:, 2].mean()
    points, weights = np.unique(rows * [1, scale, scale], axis=0, return_counts=True)

    def loss(logs: Floats) -> float:
        """Return minus the mean log-likelihood at these logarithms of the parameters."""
        return -float(np.average(_purchases_likelihood(PurchaseModel(*np.exp(logs)), *points.T), weights=weights))

    parameters = _minimise(loss, np.log([0.5, _MEAN_AGE / 2, 0.8, 2.5]))
    if parameters is None:
        return None
    r, alpha, a, b = parameters
    return PurchaseModel(r, float(alpha / scale), a, b)


def log_likelihood(model: PurchaseModel, x: ArrayLike, t_x: ArrayLike, age: ArrayLike) -> float:
    """Return the sum over the customers of the logarithm of equation 6 of the source."""
    return float(
        _purchases_likelihood(model, *(np.asarray(values, dtype=np.float64) for values in (x, t_x, age))).sum()
    )


def _purchases_likelihood(model: PurchaseModel, x: Floats, t_x: Floats, age: Floats) -> Floats:
    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    both = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    both += gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
    stayed = -(r + x) * np.log(alpha + age)
    left = np.log(a / (b + np.maximum(x, 1) - 1)) - (r + x) * np.log(alpha + t_x)
    likelihood: Floats = both + np.where(x > 0, np.logaddexp(stayed, left), stayed)
    return likelihood


def fit_spend_model(x: ArrayLike, mean_spend: ArrayLike) -> SpendModel | None:
    """Fit Gamma-Gamma by maximum likelihood to customers with x > 0 and a positive mean; None when they are too few.

    A q of 1 or less, where the mean of all would be infinite, gives None too.

    Args:
        x: Dates behind the mean of each customer.
        mean_spend: Mean spend per date of each customer.
    """
    count, mean = np.asarray(x, dtype=np.float64), np.asarray(mean_spend, dtype=np.float64)
    usable = (count > 0) & (mean > 0)
    if usable.sum() < MIN_REPEAT_CUSTOMERS:
        return None
    scale = 1 / mean[usable].mean()
    count, mean = count[usable], mean[usable] * scale

    def loss(logs: Floats) -> float:
        """Return minus the mean log-likelihood at these logarithms of the parameters."""
        p, q, gamma = np.exp(logs)
        rows = gammaln(p * count + q) - gammaln(p * count) - gammaln(q) + q * np.log(gamma)
        rows += (p * count - 1) * np.log(mean) + p * count * np.log(count)
        rows -= (p * count + q) * np.log(count * mean + gamma)
        return -float(rows.mean())

    parameters = _minimise(loss, np.log([2.0, 3.0, 1.0]))
    if parameters is None:
        return None
    p, q, gamma = parameters
    return None if q <= 1 else SpendModel(p, q, float(gamma / scale))


def _minimise(loss: Callable[[Floats], float], start: Floats) -> tuple[float, ...] | None:
    """Return the positive parameters of the least loss, searched by their logarithms; None at the edge of the search."""
    bounds = [(-_BOUND, _BOUND)] * len(start)
    minimum = minimize(loss, start, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500})
    settled = bool(np.isfinite(minimum.fun)) and bool((np.abs(minimum.x) < _BOUND - 1e-6).all())
    return tuple(map(float, np.exp(minimum.x))) if settled else None
