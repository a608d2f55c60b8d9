"""Pictures of the segments: pairwise scatter, t-SNE, tree map, and the curves behind the number of clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from basketry.domains.rfm.values import FREQUENCY, MONETARY, RECENCY
from basketry.retail.clustering.measures import Floats, Integers

_COLOURS = colormaps["tab20"]
_LABELS = {RECENCY: "days since last purchase", FREQUENCY: "purchase dates", MONETARY: "mean spend per date"}
_MIN_LABELLED_SHARE = 0.015
"""A rectangle of the tree map that is smaller than this share of it has no room for its name."""

Box = tuple[float, float, float, float]


def segment_figures(
    sample: pd.DataFrame,
    clusters: Integers,
    *,
    curves: Mapping[str, Sequence[float]],
    chosen: int,
    sizes: Mapping[str, int],
    seed: int,
) -> dict[str, Figure]:
    """Return every picture by its file name.

    Args:
        sample: Columns of values, one row per customer.
        clusters: The cluster of each of these customers.
        curves: The measures of each number of clusters, in order of k.
        chosen: The chosen number of clusters.
        sizes: Customers by named segment.
        seed: The seed of t-SNE.
    """
    return {
        "scatter.png": _scatter(sample, clusters),
        "tsne.png": _tsne(sample, clusters, seed),
        "tree_map.png": _tree_map(sizes),
        "number_of_clusters.png": _number_of_clusters(curves, chosen),
    }


def standardise(sample: pd.DataFrame) -> Floats:
    """Return the values on comparable scales: standardised, spend and dates as logarithms, as they are skewed."""
    columns = [sample[RECENCY], np.log1p(sample[FREQUENCY]), np.log1p(sample[MONETARY])]
    values = np.stack([np.asarray(column, dtype=np.float64) for column in columns], axis=1)
    standardised: Floats = (values - values.mean(axis=0)) / np.maximum(values.std(axis=0), 1e-9)
    return standardised


def tsne_embedding(sample: pd.DataFrame, seed: int) -> Floats | None:
    """Return two dimensions of t-SNE; None for fewer than ten customers, of whom it says nothing."""
    from sklearn.manifold import TSNE

    if len(sample) < 10:
        return None
    perplexity = min(30.0, (len(sample) - 1) / 3)
    embedding: Floats = TSNE(2, perplexity=perplexity, random_state=seed, init="pca").fit_transform(standardise(sample))
    return embedding


def _scatter(sample: pd.DataFrame, clusters: Integers) -> Figure:
    figure = Figure(figsize=(12.8, 4.6), layout="constrained")
    for column, (across, up) in enumerate(combinations((RECENCY, FREQUENCY, MONETARY), 2), 1):
        axes = figure.add_subplot(1, 3, column)
        _dots(axes, sample[across].to_numpy(), sample[up].to_numpy(), clusters)
        axes.set_xlabel(_LABELS[across])
        axes.set_ylabel(_LABELS[up])
        axes.set_yscale("log")
    figure.axes[-1].legend(frameon=False, title="cluster", fontsize="small")
    return figure


def _dots(axes: Axes, across: Floats, up: Floats, clusters: Integers) -> None:
    for number in np.unique(clusters):
        members = clusters == number
        colour = _COLOURS(int(number) % 20)
        axes.scatter(across[members], up[members], s=8, alpha=0.6, color=colour, label=str(number))
    axes.spines[["top", "right"]].set_visible(False)


def _tsne(sample: pd.DataFrame, clusters: Integers, seed: int) -> Figure:
    figure = Figure(figsize=(6.4, 5.2), layout="constrained")
    axes = figure.add_subplot()
    points = tsne_embedding(sample, seed)
    if points is not None:
        _dots(axes, points[:, 0], points[:, 1], clusters)
        axes.legend(frameon=False, title="cluster", fontsize="small")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_xlabel("t-SNE of recency, frequency and spend")
    return figure


def _number_of_clusters(curves: Mapping[str, Sequence[float]], chosen: int) -> Figure:
    figure = Figure(figsize=(6.4, 5.2), layout="constrained")
    axes = figure.add_subplot()
    for name, label in (("stability", "adjusted Rand index of bootstrap pairs"), ("silhouette", "silhouette")):
        axes.plot(curves["k"], curves[name], "-o", markersize=4, label=label)
    axes.axvline(chosen, color="black", linewidth=0.5)
    axes.set_xlabel("clusters")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _tree_map(sizes: Mapping[str, int]) -> Figure:
    figure = Figure(figsize=(6.4, 5.2), layout="constrained")
    axes = figure.add_subplot()
    ordered = sorted(((name, size) for name, size in sizes.items() if size), key=lambda entry: (-entry[1], entry[0]))
    total = sum(size for _, size in ordered)
    boxes = tree_map_rectangles([size / total for _, size in ordered], (0.0, 0.0, 1.0, 1.0))
    for index, ((name, size), (left, bottom, width, height)) in enumerate(zip(ordered, boxes, strict=True)):
        axes.bar(left, height, width, bottom, align="edge", color=_COLOURS(index % 20), edgecolor="white")
        if size / total >= _MIN_LABELLED_SHARE:
            middle = (left + width / 2, bottom + height / 2)
            axes.text(*middle, f"{name}\n{size / total:.0%}", ha="center", va="center", fontsize="small", wrap=True)
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    return figure


def tree_map_rectangles(shares: Sequence[float], box: Box) -> list[Box]:
    """Cut a box into rectangles of these shares of it, left and bottom first, by halving its longer side again and again."""
    if len(shares) <= 1:
        return [box] * len(shares)
    running = np.cumsum(shares)
    half = int(np.argmin(np.abs(running[:-1] - running[-1] / 2))) + 1
    part = float(running[half - 1] / running[-1])
    left, bottom, width, height = box
    if width >= height:
        first, second = (left, bottom, width * part, height), (left + width * part, bottom, width * (1 - part), height)
    else:
        first, second = (left, bottom, width, height * part), (left, bottom + height * part, width, height * (1 - part))
    return [*tree_map_rectangles(shares[:half], first), *tree_map_rectangles(shares[half:], second)]
