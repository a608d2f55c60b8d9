"""What a shopper may like, from what was bought: implicit-feedback matrix factorisation, and what the shopper bought before.

Products' factors are learned by alternating least squares (Hu, Koren & Volinsky 2008) with the library `implicit`;
shoppers' factors are computed from their purchases whenever they are needed, so a model serves shoppers it never saw.
docs/offers.md has the measurement that chose it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from basketry.domains.offers.shop import NONE, Floats, Ints

TOP = 12
"""Recommendations a shopper, and the length at which they are judged."""
_FACTORS, _REGULARIZATION, _ALPHA, _ITERATIONS = 16, 0.1, 5.0, 12
_BOUGHT_WEIGHT = 0.3
_RAREST = 5
"""Orders that a product needs to be learned."""
_PIECE = 2_000


@dataclass(frozen=True)
class Purchases:
    """How many orders of each shopper (rows) hold each product (columns)."""

    shoppers: tuple[str, ...]
    products: tuple[str, ...]
    counts: csr_matrix

    @classmethod
    def of(cls, shoppers: Sequence[str], products: Sequence[str], orders: Sequence[int]) -> Purchases:
        """From rows of shopper, product, number of orders."""
        names, who = np.unique(np.asarray(shoppers, dtype=object).astype(str), return_inverse=True)
        items, what = np.unique(np.asarray(products, dtype=object).astype(str), return_inverse=True)
        counts = csr_matrix((np.asarray(orders, dtype=np.float64), (who, what)), shape=(len(names), len(items)))
        return cls(tuple(map(str, names)), tuple(map(str, items)), counts)

    def over(self, products: Sequence[str]) -> csr_matrix:
        """The counts of these products in this order; nothing for one that nobody bought."""
        place = {name: at for at, name in enumerate(self.products)}
        pairs = [(place[name], at) for at, name in enumerate(products) if name in place]
        rows, columns = np.array([a for a, _ in pairs], dtype=int), np.array([b for _, b in pairs], dtype=int)
        chosen = csr_matrix((np.ones(len(pairs)), (rows, columns)), shape=(len(self.products), len(products)))
        return csr_matrix(self.counts @ chosen)


@dataclass(frozen=True)
class Recommender:
    """products: in order of the rows of factors."""

    products: tuple[str, ...]
    factors: Floats

    def scores(self, counts: csr_matrix) -> Floats:
        """shoppers x products. counts: of purchases of these products."""
        return np.asarray(self._shoppers(counts) @ self.factors.T + _BOUGHT_WEIGHT * counts.toarray())

    def _shoppers(self, counts: csr_matrix) -> Floats:
        """Factors of each shopper: the least-squares answer to what was bought, products held fixed."""
        size = self.factors.shape[1]
        base = self.factors.T @ self.factors + _REGULARIZATION * np.eye(size)
        found = np.zeros((counts.shape[0], size))
        for row in range(counts.shape[0]):
            some = slice(counts.indptr[row], counts.indptr[row + 1])
            items, weight = self.factors[counts.indices[some]], _ALPHA * counts.data[some]
            if len(items):
                found[row] = np.linalg.solve(base + items.T @ ((weight - 1)[:, None] * items), items.T @ weight)
        return found

    def top(self, counts: csr_matrix, length: int = TOP) -> Ints:
        """Positions of each shopper's best products, best first; the product named first where two are equal."""
        parts = [
            np.argsort(-np.round(self.scores(counts[start : start + _PIECE]), 9), axis=1, kind="stable")[:, :length]
            for start in range(0, counts.shape[0], _PIECE)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, length), dtype=np.int64)

    def state(self) -> dict[str, Any]:
        """Plain values, for `restored`."""
        return {"products": list(self.products), "factors": self.factors.tolist()}


def restored(state: Mapping[str, Any]) -> Recommender:
    """What `state` gave."""
    return Recommender(tuple(state["products"]), np.array(state["factors"], dtype=np.float64))


def fit(purchases: Purchases, seed: int) -> Recommender:
    """Learn the factors of products that were bought often enough; one thread, so that the seed decides all."""
    from implicit.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits

    held = np.asarray((purchases.counts > 0).sum(axis=0)).ravel()
    kept = [name for name, orders in zip(purchases.products, held.tolist(), strict=True) if orders >= _RAREST]
    model = AlternatingLeastSquares(
        factors=_FACTORS,
        regularization=_REGULARIZATION,
        alpha=_ALPHA,
        iterations=_ITERATIONS,
        random_state=seed,
        num_threads=1,
    )
    with threadpool_limits(1, "blas"):
        model.fit(purchases.over(kept), show_progress=False)
    return Recommender(tuple(kept), np.asarray(model.item_factors, dtype=np.float64))


def popular(purchases: Purchases, products: Sequence[str]) -> Ints:
    """The same positions for every shopper: what is in most orders."""
    orders = np.asarray(purchases.over(products).sum(axis=0)).ravel()
    best = np.argsort(-orders, kind="stable")[:TOP]
    return np.tile(best, (len(purchases.shoppers), 1))


def bought_before(purchases: Purchases, products: Sequence[str]) -> Ints:
    """What each shopper bought most often, then what is popular."""
    counts = purchases.over(products)
    share = np.asarray(counts.sum(axis=0)).ravel()
    scores = counts.toarray() + share / (2 * share.max(initial=1.0))
    return np.asarray(np.argsort(-scores, axis=1, kind="stable")[:, :TOP])


def hits(top: Ints, later: csr_matrix) -> dict[str, Floats]:
    """Recall and NDCG at TOP of each shopper, nan for who bought nothing later. later: what was bought then."""
    wanted = np.asarray(later.sum(axis=1) > 0).ravel()
    bought = later.toarray() > 0
    found = np.take_along_axis(bought, np.maximum(top, 0), axis=1) & (top > NONE)
    gains = 1 / np.log2(np.arange(TOP) + 2)
    possible = np.minimum(bought.sum(axis=1), TOP)
    best = np.r_[0, np.cumsum(gains)][possible]
    recall = np.divide(found.sum(axis=1), possible, out=np.full(len(top), np.nan), where=wanted)
    ndcg = np.divide((found * gains[: found.shape[1]]).sum(axis=1), best, out=np.full(len(top), np.nan), where=wanted)
    return {f"recall_at_{TOP}": recall, f"ndcg_at_{TOP}": ndcg}


def metrics(
    ours: Mapping[str, Floats], rivals: Mapping[str, Mapping[str, Floats]], *, repetitions: int = 500, seed: int = 0
) -> dict[str, float]:
    """By the names that gates know, with 95 % intervals over shoppers: paired ones, and those of our own metrics.

    rivals: `champion`, or `naive/<name>`.
    """
    found = {name: float(np.nanmean(values)) for name, values in ours.items()}
    generator = np.random.default_rng(seed)
    for rival, theirs in rivals.items():
        for name, values in theirs.items():
            found[f"{rival}/{name}"] = float(np.nanmean(values))
            found |= _ends(f"versus/{rival}/{name}", ours[name] - values, generator, repetitions)
    for name, values in ours.items():
        found |= _ends(f"interval/{name}", values, generator, repetitions)
    return found


def _ends(name: str, values: Floats, generator: np.random.Generator, repetitions: int) -> dict[str, float]:
    """Ends of the 95 % interval of a mean over shoppers, by their logged names. values: one a shopper, nan without any."""
    judged = values[~np.isnan(values)]
    weights = generator.poisson(1.0, size=(repetitions, len(judged)))
    low, high = np.percentile(weights @ judged / np.maximum(weights.sum(axis=1), 1), [2.5, 97.5])
    return {f"{name}/low": float(low), f"{name}/high": float(high)}
