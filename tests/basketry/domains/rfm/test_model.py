"""Clusters of customers: found, kept over refits, compared with the champion's; and the pictures of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from basketry.domains.rfm import model, plots
from basketry.domains.rfm.values import VALUES
from basketry.errors import BadInputError
from basketry.retail.clustering import adjusted_rand_index
from tests.basketry.domains.rfm.samples import KINDS, SETTINGS, customers
from tests.kit.changed import changed


@dataclass(frozen=True)
class Last:
    """A model as a champion."""

    trained: model.TrainedRfmModel
    number: str = "1"

    def clusters_of(self, values: pd.DataFrame) -> np.ndarray:
        return np.asarray(self.trained.pipeline.predict(values[list(VALUES)].astype(float)))


@pytest.fixture(scope="module")
def first() -> model.TrainedRfmModel:
    """A first fit."""
    return model.train_rfm_model(customers(), SETTINGS)


def test_three_kinds_of_customers_are_three_clusters(first: model.TrainedRfmModel) -> None:
    """k is found, each kind is one cluster, and clusters count from 1."""
    assert first.clusters.k == 3 and first.choice.is_stable
    assert adjusted_rand_index(first.assigned, np.resize(KINDS, 400)) > 0.95
    assert set(first.assigned) == {1, 2, 3} == set(first.clusters.labels)
    assert first.comparison is None and "agreement" not in first.metrics
    assert first.metrics["smallest_share"] == pytest.approx(1 / 5, abs=0.02)
    assert model.cluster_curves(first.choice)["k"] == [2, 3, 4]


def test_a_refit_keeps_numbers_and_customers(first: model.TrainedRfmModel) -> None:
    """Another sample of the same kinds a week later: the same numbers mean the same kinds, next to nobody changes."""
    later = customers(seed=5)
    again = model.train_rfm_model(later, SETTINGS, Last(first))
    assert again.comparison is not None and again.comparison.champion == "1"
    assert again.comparison.stability.changed_share < 0.05
    assert again.metrics["agreement"] > 0.9
    assert (again.assigned == Last(first).clusters_of(later)).mean() > 0.95
    low, high = again.comparison.low, again.comparison.high
    assert low <= again.silhouette.mean - again.comparison.silhouette <= high


def test_the_same_data_fit_again_changes_nobody(first: model.TrainedRfmModel) -> None:
    """Not even in another order of the customers."""
    again = model.train_rfm_model(customers().sample(frac=1, random_state=3), SETTINGS, Last(first))
    assert again.comparison is not None
    assert again.comparison.stability.changed_share == 0 and again.metrics["agreement"] == 1


def test_the_number_of_clusters_stays_while_it_is_good_enough(first: model.TrainedRfmModel) -> None:
    """A champion of two clusters keeps two within the margin, and gives way beyond it; a new one gets a new number."""
    two = model.train_rfm_model(customers(), changed(SETTINGS, most=2))
    retained = model.train_rfm_model(customers(), changed(SETTINGS, keep_within=1.0, keep_stability=0.0), Last(two))
    assert retained.clusters.k == 2 and retained.keeps_k
    left = model.train_rfm_model(customers(), changed(SETTINGS, keep_within=0.0), Last(two))
    assert left.clusters.k == 3 and not left.keeps_k
    assert set(left.clusters.labels) == {1, 2, 3}


def test_the_pipeline_is_the_reference_one(first: model.TrainedRfmModel) -> None:
    """A scikit-learn pipeline of quantile bins and k-means, which takes values and gives numbers."""
    steps = first.pipeline.named_steps
    assert type(steps["bins"]).__name__ == "ColumnTransformer"
    kinds = {type(part[-1]).__name__ for _, part, _ in steps["bins"].transformers_}
    assert kinds == {"KBinsDiscretizer"}
    assert steps["clusters"].n_clusters == 3
    best = pd.DataFrame({"recency_days": [0.0], "frequency": [1e6], "monetary": [1e9]})
    worst = pd.DataFrame({"recency_days": [9999.0], "frequency": [1.0], "monetary": [0.01]})
    assert first.pipeline.predict(best)[0] == first.assigned[0] != first.pipeline.predict(worst)[0]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (customers(1), "1 customers and the fewest clusters to try are 2"),
        (customers(1).loc[[0] * 50].reset_index(drop=True), "1 distinct customers: too few"),
        (customers(0), "no customer has a purchase date"),
    ],
    ids=["fewer than k", "all identical", "nobody"],
)
def test_what_cannot_be_clustered_is_one_sentence(values: pd.DataFrame, message: str) -> None:
    """A base smaller than k, identical customers, and nobody at all are named."""
    with pytest.raises(BadInputError, match=message):
        model.train_rfm_model(values, SETTINGS)


def test_pictures_show_what_they_are_given(first: model.TrainedRfmModel) -> None:
    """Scatter, t-SNE, tree map and the curves, each drawn; the tree map's areas are the shares."""
    values = customers().head(60)
    sizes = {"Champions": 60, "Lost": 30, "New": 10, "Nobody": 0}
    made = plots.segment_figures(
        values, first.assigned[:60], curves=model.cluster_curves(first.choice), chosen=3, sizes=sizes, seed=1
    )
    assert set(made) == {"scatter.png", "tsne.png", "tree_map.png", "number_of_clusters.png"}
    texts = [text.get_text() for text in made["tree_map.png"].axes[0].texts]
    assert texts == ["Champions\n60%", "Lost\n30%", "New\n10%"]
    points = made["tsne.png"].axes[0].collections
    assert sum(len(part.get_offsets()) for part in points) == 60
    boxes = plots.tree_map_rectangles([0.6, 0.3, 0.1], (0, 0, 2, 1))
    assert [width * height for *_, width, height in boxes] == pytest.approx([1.2, 0.6, 0.2])
