"""Estimators in scikit-learn's manner; `plain` stores them as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin, clone
from sklearn.linear_model import LogisticRegression

_MONTH = 30
_SMALLEST = 1e-6
_NO_PENALTY = 1e6


class Logistic(LogisticRegression):
    """Logistic regression whose probability of a row does not depend, to the last bit, on the rows beside it.

    A matrix product is rounded differently for batches of different sizes; a day must score the same alone and among others.
    """

    def predict_proba(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        """Return the probabilities of 0 and 1, one line per row."""
        return linear_probabilities(X, self.coef_[0], self.intercept_[0])


def linear_probabilities(rows: np.ndarray, weights: np.ndarray, intercept: float) -> np.ndarray:
    """Return the probabilities of 0 and 1 of a logistic regression, each row's by itself."""
    odds = np.einsum("ij,j->i", np.ascontiguousarray(rows), weights) + intercept
    likely = 1 / (1 + np.exp(-odds))
    return np.column_stack([1 - likely, likely])


class PerCategory(ClassifierMixin, BaseEstimator):
    """A clone of `estimator` fitted to each category; one without both outcomes is left to what was fitted to all rows."""

    def __init__(self, estimator: Any, fallback: Any = None) -> None:
        """Set the parameters.

        Args:
            estimator: An unfitted classifier.
            fallback: One that is fitted to all rows already; None to fit a clone.
        """
        self.estimator = estimator
        self.fallback = fallback

    def fit(self, X: pd.DataFrame, y: Any) -> PerCategory:  # noqa: N803 (scikit-learn's names)
        """Fit to rows with a category column; y is 0 or 1, and both are present."""
        truth = np.asarray(y)
        self.classes_ = np.unique(truth)
        self.everywhere_ = self.fallback or clone(self.estimator).fit(X, truth)
        self.models_ = {}
        for category, rows in X.groupby("category").indices.items():
            if len(np.unique(truth[rows])) == len(self.classes_):
                self.models_[category] = clone(self.estimator).fit(X.iloc[rows], truth[rows])
        return self

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:  # noqa: N803
        """Return the probabilities of 0 and 1, one line per row."""
        probabilities = np.empty((len(X), len(self.classes_)))
        for category, rows in X.groupby("category").indices.items():
            probabilities[rows] = self.models_.get(category, self.everywhere_).predict_proba(X.iloc[rows])
        return probabilities

    def predict(self, X: pd.DataFrame) -> np.ndarray:  # noqa: N803
        """Return the likelier outcome of each row."""
        labels: np.ndarray = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return labels


class Blend(ClassifierMixin, BaseEstimator):
    """The mean of the log odds of fitted classifiers: kinds that err differently correct one another."""

    def __init__(self, estimators: Sequence[Any]) -> None:
        """Set the estimators, which are fitted and have equal classes_ of 0 and 1."""
        self.estimators = estimators

    @property
    def classes_(self) -> np.ndarray:
        """The classes of the estimators."""
        classes: np.ndarray = self.estimators[0].classes_
        return classes

    def fit(self, X: pd.DataFrame, y: Any) -> Blend:  # noqa: N803
        """Fit each of the estimators."""
        for estimator in self.estimators:
            estimator.fit(X, y)
        return self

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:  # noqa: N803
        """Return the probabilities of 0 and 1, one line per row."""
        odds = np.mean([_log_odds(estimator, X) for estimator in self.estimators], axis=0)
        likely = 1 / (1 + np.exp(-odds))
        return np.column_stack([1 - likely, likely])

    def predict(self, X: pd.DataFrame) -> np.ndarray:  # noqa: N803
        """Return the likelier outcome of each row."""
        labels: np.ndarray = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return labels


class ShrunkRates(TransformerMixin, BaseEstimator):
    """Purchases to expect in 30 days by what a customer did in each window, shrunk to what customers do on average.

    A customer who was seen for a week is mostly taken for an average one, one who was seen for a year mostly for themselves.
    For each window: logs of trips to come, of the category's share of them, of their product, and of the category's own rate.
    """

    def __init__(
        self, windows: Mapping[str, tuple[str, str, float]], age: str, trips: float = 10, days: float = 30
    ) -> None:
        """Set the parameters.

        Args:
            windows: (column of days with the category, of days with any purchase, length of the window) by name.
            age: The column of days since the first purchase.
            trips: How many average trips every customer is given beforehand.
            days: How many average days every customer is given beforehand.
        """
        self.windows = windows
        self.age = age
        self.trips = trips
        self.days = days

    def fit(self, X: pd.DataFrame, y: Any = None) -> ShrunkRates:  # noqa: N803
        """Learn the averages: trips per day, and the category's share of trips."""
        self.rate_, self.shares_, self.share_ = {}, {}, {}
        for name, (pair, customer, length) in self.windows.items():
            self.rate_[name] = X[customer].sum() / self._seen(X, length).sum()
            sums = X.groupby("category")[[pair, customer]].sum()
            self.shares_[name] = (sums[pair] / sums[customer].clip(lower=1)).to_dict()
            self.share_[name] = X[pair].sum() / max(1, X[customer].sum())
        return self

    def transform(self, X: pd.DataFrame) -> np.ndarray:  # noqa: N803
        """Return four columns per window."""
        columns = []
        codes, categories = pd.factorize(X["category"])
        for name, (pair, customer, length) in self.windows.items():
            seen, bought, shopped = self._seen(X, length), X[pair].to_numpy(), X[customer].to_numpy()
            usual = np.array([self.shares_[name].get(category, self.share_[name]) for category in categories])[codes]
            trips = _MONTH * (shopped + self.days * self.rate_[name]) / (seen + self.days)
            share = (bought + self.trips * usual) / (shopped + self.trips)
            own = _MONTH * (bought + self.days * self.rate_[name] * usual) / (seen + self.days)
            columns += [trips, share, trips * share, own]
        return np.log(np.column_stack(columns) + _SMALLEST)

    def _seen(self, X: pd.DataFrame, length: float) -> np.ndarray:  # noqa: N803
        """Return the days of the window in which the customer could have bought."""
        days: np.ndarray = np.minimum(X[self.age].to_numpy(dtype=np.float64) + 1, length)
        return days

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the columns."""
        kinds = ("trips", "share", "expected", "own_rate")
        return np.array([f"{kind}_{name}" for name in self.windows for kind in kinds], dtype=object)


class Calibrated(ClassifierMixin, BaseEstimator):
    """A fitted classifier whose log odds are stretched and shifted: right on average, and in the same order as before."""

    def __init__(self, estimator: Any, slope: float = 1.0, shift: float = 0.0) -> None:
        """Set the parameters; the estimator is fitted and has classes_ of 0 and 1."""
        self.estimator = estimator
        self.slope = slope
        self.shift = shift

    @classmethod
    def from_rows(cls, estimator: Any, X: pd.DataFrame, y: Any) -> Calibrated:  # noqa: N803
        """Learn slope and shift from rows that the estimator was not fitted to (Platt, 1999)."""
        line = LogisticRegression(C=_NO_PENALTY).fit(_log_odds(estimator, X)[:, None], np.asarray(y))
        return cls(estimator, float(line.coef_[0, 0]), float(line.intercept_[0]))

    @property
    def classes_(self) -> np.ndarray:
        """The classes of the estimator."""
        classes: np.ndarray = self.estimator.classes_
        return classes

    def fit(self, X: pd.DataFrame, y: Any) -> Calibrated:  # noqa: N803
        """Fit the estimator; slope and shift stay."""
        self.estimator.fit(X, y)
        return self

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:  # noqa: N803
        """Return the probabilities of 0 and 1, one line per row."""
        likely = 1 / (1 + np.exp(-(self.slope * _log_odds(self.estimator, X) + self.shift)))
        return np.column_stack([1 - likely, likely])

    def predict(self, X: pd.DataFrame) -> np.ndarray:  # noqa: N803
        """Return the likelier outcome of each row."""
        labels: np.ndarray = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return labels


def _log_odds(estimator: Any, rows: pd.DataFrame) -> np.ndarray:
    likely = np.clip(estimator.predict_proba(rows)[:, 1], _SMALLEST, 1 - _SMALLEST)
    log_odds: np.ndarray = np.log(likely / (1 - likely))
    return log_odds
