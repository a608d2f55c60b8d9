"""Clusters that stay the same from week to week: k-means, the choice of k, and labels that survive a refit. Pure numpy.

Rows that are equal are worked on once, with a weight: a million customers described by three scores of five are 125
points, and a bootstrap resample is a vector of weights. Every result depends on the arguments and the seed alone.

::

    choice = choose_k(matrix, range(2, 21), seed=7)  # both curves are in choice.candidates
    clusters = fit_kmeans(matrix, choice.k, seed=7)  # or start_centroids=last.centroids for a refit
    clusters = relabel(clusters, match_labels(last, clusters))  # the labels people know
    stability(assign_labels(matrix, last), assign_labels(matrix, clusters))
"""

from __future__ import annotations

from basketry.retail.clustering.choice import MOST_ROWS, STABLE, ClusterCandidate, ClusterCount, choose_k
from basketry.retail.clustering.intervals import silhouette_draws, stability_interval
from basketry.retail.clustering.kmeans import Clusters, Points, assign_labels, fit_kmeans, match_labels, relabel
from basketry.retail.clustering.measures import Stability, adjusted_rand_index, silhouette, stability

__all__ = [
    "MOST_ROWS",
    "STABLE",
    "ClusterCandidate",
    "ClusterCount",
    "Clusters",
    "Points",
    "Stability",
    "adjusted_rand_index",
    "assign_labels",
    "choose_k",
    "fit_kmeans",
    "match_labels",
    "relabel",
    "silhouette",
    "silhouette_draws",
    "stability",
    "stability_interval",
]
