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
"""Recommendations per shopper, and the length at which they are evaluated."""
_FACTORS, _REGULARIZATION, _ALPHA, _ITERATIONS = 16, 0.1, 5.0, 12
_BOUGHT_WEIGHT = 0.3
_RAREST = 5
"""Shoppers who must have bought a product for it to be learned."""
_CHUNK = 2_000


@dataclass(frozen=True)
class PurchaseMatrix:
    """How many orders of each shopper hold each product.

    Attributes:
        shoppers: Customer ids in the order of the rows.
        products: Product ids in the order of the columns.
        counts: Numbers of orders: shoppers x products.
    """

    shoppers: tuple[str, ...]
    products: tuple[str, ...]
    counts: csr_matrix

    @classmethod
    def from_rows(cls, shoppers: Sequence[str], products: Sequence[str], orders: Sequence[int]) -> PurchaseMatrix:
        """Build the matrix from rows of shopper, product and number of orders."""
        shopper_ids, row = np.unique(np.asarray(shoppers, dtype=object).astype(str), return_inverse=True)
        product_ids, column = np.unique(np.asarray(products, dtype=object).astype(str), return_inverse=True)
        shape = (len(shopper_ids), len(product_ids))
        counts = csr_matrix((np.asarray(orders, dtype=np.float64), (row, column)), shape=shape)
        return cls(tuple(map(str, shopper_ids)), tuple(map(str, product_ids)), counts)

    def counts_of(self, products: Sequence[str]) -> csr_matrix:
        """Return the counts of these products in this order; 0 for a product that nobody bought."""
        position = {name: number for number, name in enumerate(self.products)}
        pairs = [(position[name], number) for number, name in enumerate(products) if name in position]
        source = np.array([before for before, _ in pairs], dtype=int)
        target = np.array([after for _, after in pairs], dtype=int)
        selection = csr_matrix((np.ones(len(pairs)), (source, target)), shape=(len(self.products), len(products)))
        return csr_matrix(self.counts @ selection)


@dataclass(frozen=True)
class Recommender:
    """A matrix factorisation of purchases.

    Attributes:
        products: Product ids in the order of the rows of `factors`.
        factors: Factors of each product: products x factors.
    """

    products: tuple[str, ...]
    factors: Floats

    def scores(self, counts: csr_matrix) -> Floats:
        """Score products for shoppers: shoppers x products.

        Args:
            counts: Purchases of the products of this model.
        """
        return np.asarray(self._shopper_factors(counts) @ self.factors.T + _BOUGHT_WEIGHT * counts.toarray())

    def _shopper_factors(self, counts: csr_matrix) -> Floats:
        """Compute the factors of each shopper by least squares from what they bought, products held fixed."""
        size = self.factors.shape[1]
        base = self.factors.T @ self.factors + _REGULARIZATION * np.eye(size)
        factors = np.zeros((counts.shape[0], size))
        for row in range(counts.shape[0]):
            bought = slice(counts.indptr[row], counts.indptr[row + 1])
            items, weight = self.factors[counts.indices[bought]], _ALPHA * counts.data[bought]
            if len(items):
                factors[row] = np.linalg.solve(base + items.T @ ((weight - 1)[:, None] * items), items.T @ weight)
        return factors

    def top(self, counts: csr_matrix, length: int = TOP) -> Ints:
        """Return positions of each shopper's best products, best first; the product named first where two are equal."""
        chunks = [
            np.argsort(-np.round(self.scores(counts[start : start + _CHUNK]), 9), axis=1, kind="stable")[:, :length]
            for start in range(0, counts.shape[0], _CHUNK)
        ]
        return np.concatenate(chunks) if chunks else np.zeros((0, length), dtype=np.int64)

    def state(self) -> dict[str, Any]:
        """Return plain values and an array, for `recommender_from_state`."""
        return {"products": list(self.products), "factors": self.factors}


def recommender_from_state(state: Mapping[str, Any]) -> Recommender:
    """Restore the recommender that `state` was called on."""
    return Recommender(tuple(state["products"]), np.array(state["factors"], dtype=np.float64))


def fit_recommender(purchases: PurchaseMatrix, seed: int) -> Recommender:
    """Learn the factors of products that were bought often enough; one thread, so that the seed decides all."""
    from implicit.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits

    buyers = np.asarray((purchases.counts > 0).sum(axis=0)).ravel()
    products = [name for name, count in zip(purchases.products, buyers.tolist(), strict=True) if count >= _RAREST]
    model = AlternatingLeastSquares(
        factors=_FACTORS,
        regularization=_REGULARIZATION,
        alpha=_ALPHA,
        iterations=_ITERATIONS,
        random_state=seed,
        num_threads=1,
    )
    with threadpool_limits(1, "blas"):
        model.fit(purchases.counts_of(products), show_progress=False)
    return Recommender(tuple(products), np.asarray(model.item_factors, dtype=np.float64))


def most_popular(purchases: PurchaseMatrix, products: Sequence[str]) -> Ints:
    """Recommend to every shopper the same products: those in most orders."""
    orders = np.asarray(purchases.counts_of(products).sum(axis=0)).ravel()
    best = np.argsort(-orders, kind="stable")[:TOP]
    return np.tile(best, (len(purchases.shoppers), 1))


def bought_before(purchases: PurchaseMatrix, products: Sequence[str]) -> Ints:
    """Recommend what each shopper bought most often, then what is popular."""
    counts = purchases.counts_of(products)
    share = np.asarray(counts.sum(axis=0)).ravel()
    scores = counts.toarray() + share / (2 * share.max(initial=1.0))
    return np.asarray(np.argsort(-scores, axis=1, kind="stable")[:, :TOP])


def recall_and_ndcg(top: Ints, later: csr_matrix) -> dict[str, Floats]:
    """Compute recall and NDCG at TOP of each shopper, nan for a shopper who bought nothing later.

    Args:
        top: Positions of the recommended products, best first, -1 for none.
        later: What was bought later.
    """
    has_bought = np.asarray(later.sum(axis=1) > 0).ravel()
    bought = later.toarray() > 0
    is_hit = np.take_along_axis(bought, np.maximum(top, 0), axis=1) & (top > NONE)
    gains = 1 / np.log2(np.arange(TOP) + 2)
    possible = np.minimum(bought.sum(axis=1), TOP)
    best = np.r_[0, np.cumsum(gains)][possible]
    recall = np.divide(is_hit.sum(axis=1), possible, out=np.full(len(top), np.nan), where=has_bought)
    ndcg = np.divide(
        (is_hit * gains[: is_hit.shape[1]]).sum(axis=1), best, out=np.full(len(top), np.nan), where=has_bought
    )
    return {f"recall_at_{TOP}": recall, f"ndcg_at_{TOP}": ndcg}


def recommendation_metrics(
    ours: Mapping[str, Floats], rivals: Mapping[str, Mapping[str, Floats]], *, repetitions: int = 500, seed: int = 0
) -> dict[str, float]:
    """Average metrics under the names that gates know, with 95 % intervals over shoppers.

    Args:
        ours: Metrics of each shopper.
        rivals: Those of what is compared, by `champion` or `naive/<name>`; their intervals are of paired differences.
        repetitions: Number of bootstrap resamples.
        seed: Seed of the resamples.
    """
    metrics = {name: float(np.nanmean(values)) for name, values in ours.items()}
    generator = np.random.default_rng(seed)
    for rival, theirs in rivals.items():
        for name, values in theirs.items():
            metrics[f"{rival}/{name}"] = float(np.nanmean(values))
            metrics |= _interval_ends(f"versus/{rival}/{name}", ours[name] - values, generator, repetitions)
    for name, values in ours.items():
        metrics |= _interval_ends(f"interval/{name}", values, generator, repetitions)
    return metrics


def _interval_ends(name: str, values: Floats, generator: np.random.Generator, repetitions: int) -> dict[str, float]:
    """Compute the ends of the 95 % interval of a mean over shoppers, by their logged names; nan counts for nobody."""
    measured = values[~np.isnan(values)]
    weights = generator.poisson(1.0, size=(repetitions, len(measured)))
    low, high = np.percentile(weights @ measured / np.maximum(weights.sum(axis=1), 1), [2.5, 97.5])
    return {f"{name}/low": float(low), f"{name}/high": float(high)}
