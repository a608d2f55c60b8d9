"""Recommendations: they find what alike shoppers buy, on made-up and on real purchases."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from basketry.config.settings import CHECKOUT
from basketry.domains.offers import recommender, train_recommender
from basketry.domains.offers.recommender import PurchaseMatrix
from basketry.errors import BadInputError
from basketry.gates import evaluate_gate, load_gate
from tests.kit.data_sets import data_file
from tests.kit.offers import two_tastes


def test_what_alike_shoppers_buy_is_recommended() -> None:
    """Nine of ten recommendations are of the shopper's own kind; the same seed learns the same."""
    purchases = two_tastes()
    model = recommender.fit_recommender(purchases, seed=3)
    top = model.top(purchases.counts_of(model.products))
    kinds = np.array([int(name[1:]) // 20 for name in model.products])[top]
    own = np.array([int(name[1:]) % 2 for name in purchases.shoppers])
    assert (kinds == own[:, None]).mean() > 0.9
    again = recommender.fit_recommender(purchases, seed=3)
    assert np.array_equal(again.factors, model.factors)


def test_a_shopper_the_model_never_saw_is_served_from_their_purchases() -> None:
    """And one without any gets an answer too; a model comes back as it was kept."""
    model = recommender.recommender_from_state(recommender.fit_recommender(two_tastes(), seed=3).state())
    new = PurchaseMatrix.from_rows(["new", "new", "other"], ["p25", "p30", "unknown"], [1, 2, 1])
    top = model.top(new.counts_of(model.products))
    kinds = np.array([int(name[1:]) // 20 for name in model.products])[top]
    assert (kinds[0] == 1).mean() > 0.9
    assert top.shape == (2, recommender.TOP)


def test_hits_are_counted_by_hand() -> None:
    """Two of three later purchases recommended, one of them first; who bought nothing does not count."""
    later = PurchaseMatrix.from_rows(["a", "a", "a", "b"], ["p1", "p2", "p3", "p4"], [1, 1, 1, 1]).counts_of(
        ["p1", "p2", "p3", "p9"]
    )
    top = np.tile(np.array([0, 3, 1, *[-1] * 9]), (2, 1))
    metrics = recommender.recall_and_ndcg(top, later)
    best = 1 + 1 / np.log2(3) + 1 / 2
    assert metrics["recall_at_12"][0] == pytest.approx(2 / 3)
    assert metrics["ndcg_at_12"][0] == pytest.approx((1 + 1 / 2) / best)
    assert np.isnan(metrics["recall_at_12"][1])


def test_too_few_shoppers_to_evaluate_are_said_so() -> None:
    """One sentence instead of a number that means nothing."""
    with pytest.raises(BadInputError, match="20 are needed"):
        train_recommender.evaluate_recommender(two_tastes(10), two_tastes(10), None, 1)


@pytest.mark.slow
def test_on_real_baskets_it_surely_beats_what_is_popular_and_its_gate_agrees() -> None:
    """The Complete Journey, last 28 days of 2017: recall at 12 of 0.127 against 0.085 (popular) and 0.119 (bought before)."""
    rows = pd.read_csv(
        data_file("complete_journey", "transactions_2017_sample.csv.gz"),
        usecols=["household_id", "product_id", "basket_id", "transaction_timestamp"],
    )
    day = pd.to_datetime(rows["transaction_timestamp"]).dt.normalize()
    border = day.max() - pd.Timedelta(days=28)

    def of(part: pd.DataFrame) -> PurchaseMatrix:
        orders = part.groupby(["household_id", "product_id"])["basket_id"].nunique().reset_index()
        return PurchaseMatrix.from_rows(
            *(orders[name].tolist() for name in ("household_id", "product_id", "basket_id"))
        )

    older, newest = of(rows[day <= border]), of(rows[day > border])
    metrics = train_recommender.evaluate_recommender(older, newest, None, seed=7)
    assert metrics["recall_at_12"] > 1.3 * metrics["naive/popular/recall_at_12"]
    assert metrics["recall_at_12"] > metrics["naive/bought_before/recall_at_12"]
    assert evaluate_gate(load_gate("recommendations", CHECKOUT / "include"), metrics).verdict == "promote"
    worse = train_recommender.evaluate_recommender(older, newest, recommender.fit_recommender(older, seed=1), seed=7)
    assert abs(worse["champion/recall_at_12"] - worse["recall_at_12"]) < 0.01


def test_intervals_of_recommendations_hold_their_mean() -> None:
    """Over shoppers, without those who bought nothing later; twice as wide with a quarter of the shoppers."""
    hits = np.random.default_rng(3).random(2_000)
    hits[::5] = np.nan
    width = {}
    for count in (500, 2_000):
        found = recommender.recommendation_metrics({"recall_at_12": hits[:count]}, {}, repetitions=400, seed=2)
        low, high = (found[f"interval/recall_at_12/{end}"] for end in ("low", "high"))
        assert low < found["recall_at_12"] < high
        width[count] = high - low
    assert width[500] == pytest.approx(2 * width[2_000], rel=0.25)
