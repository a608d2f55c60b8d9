"""Clusters of what customers buy: named by what is bought more, the same ones from week to week."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from basketry.domains.marketing.clusters import (
    ALL_ROUND,
    CATEGORY,
    MixClusters,
    PreviousClusters,
    fit_mix,
    hellinger_shares,
)
from basketry.domains.marketing.mixes import share_matrix
from basketry.domains.marketing.settings import load_settings
from basketry.retail.clustering import assign_labels
from tests.kit.changed import changed
from tests.kit.documents import INCLUDE, shipped
from tests.kit.mistakes import Mistake, mistakes

SETTINGS = changed(
    load_settings(INCLUDE), least=2, most=5, customers=500, resamples=4, least_stability=0.75, products=10, seed=7
)
COLUMNS = ("Beer", "Dairy", "Nappies", "Produce", "Wine")
KINDS = np.array([[1, 30, 1, 30, 1], [30, 1, 1, 1, 30], [1, 10, 50, 1, 1]], dtype=float)


def spending(seed: int, each: int = 60) -> np.ndarray:
    """Three kinds of households, `each` of them, with some noise."""
    chance = np.random.default_rng(seed)
    return np.concatenate([kind * chance.gamma(8, 1 / 8, (each, len(COLUMNS))) for kind in KINDS])


def fitted(rows: np.ndarray, previous: PreviousClusters | None = None) -> MixClusters:
    clusters = fit_mix(CATEGORY, hellinger_shares(rows), COLUMNS, previous=previous, settings=SETTINGS)
    assert clusters is not None
    return clusters


def test_clusters_are_found_and_named_by_what_over_indexes() -> None:
    """Three kinds of households are three clusters, each named after what it buys more than others."""
    clusters = fitted(spending(1))
    assert sorted(clusters.names.values()) == [
        "Beer & wine households",
        "Dairy & produce households",
        "Nappies households",
    ]
    assert clusters.metrics["stability"] > 0.9


def test_labels_survive_another_week() -> None:
    """The next week begins at this week's centroids: the same household keeps number and name."""
    first = fitted(spending(1))
    before = PreviousClusters("2026-11-15", COLUMNS, first.clusters)
    second = fitted(np.concatenate([spending(1), spending(2)])[::-1], before)
    assert second.names == first.names
    rows = hellinger_shares(spending(1))
    assert (assign_labels(rows, first.clusters) == assign_labels(rows, second.clusters)).mean() > 0.97
    assert second.from_run == "moved from 2026-11-15"


def test_a_new_category_does_not_break_the_thread() -> None:
    """Centroids of a week that had fewer columns still start the fit."""
    first = fit_mix(CATEGORY, hellinger_shares(spending(1)[:, :4]), COLUMNS[:4], previous=None, settings=SETTINGS)
    assert first is not None
    second = fitted(spending(1), PreviousClusters("2026-11-15", COLUMNS[:4], first.clusters))
    assert second.clusters.centroids.shape == (first.clusters.k, 5)


def test_the_same_run_twice_is_the_same() -> None:
    """Nothing but the rows and the seed decides."""
    one, two = fitted(spending(3)), fitted(spending(3))
    assert np.array_equal(one.clusters.centroids, two.clusters.centroids) and one.names == two.names


def test_no_two_clusters_share_a_name() -> None:
    """Clusters without anything of their own are told apart too."""
    even = np.random.default_rng(5).gamma(40, 1, (90, 5))
    names = list(fitted(even).names.values())
    assert len(set(names)) == len(names)
    assert any(name.startswith(ALL_ROUND) for name in names) or all("households" in name for name in names)


def test_too_few_customers_are_no_clusters() -> None:
    """A shop of five customers has none."""
    assert fit_mix(CATEGORY, hellinger_shares(spending(1)[:5]), COLUMNS, previous=None, settings=SETTINGS) is None


def test_shares_are_of_everything_spent() -> None:
    """What is in none of the columns counts in the sum, and nothing spent is a row of zeros."""
    places = pa.array([[0, -1], [1, 1], []], pa.list_(pa.int32()))
    batch = pa.record_batch({"positions": places, "spent": pa.array([[3, 1], [2, 2], []], pa.list_(pa.int64()))})
    assert np.allclose(share_matrix(batch, 2) ** 2, [[0.75, 0], [0, 1], [0, 0]])


def test_the_shipped_settings_load() -> None:
    """include/marketing.yaml is as the loader wants it."""
    assert load_settings(INCLUDE).preferred_channel == "phone"


@mistakes(
    shipped("marketing.yaml", load_settings),
    ("most: 8", "most: 2", "most is below least…"),
    ("least: 3", "leest: 3", "unknown key 'leest'…"),
    ("preferred_channel: phone", "preferred_channel: fax", "unknown preferred_channel…"),
)
def test_a_mistake_in_the_settings_is_told(mistake: Mistake, tmp_path: Path) -> None:
    """With file and line."""
    mistake.check(tmp_path)
