"""Boosted trees of scikit-learn as a text of LightGBM, which sums the same leaves in the same order.

So that a stored model is text and numbers, and one library walks all trees.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

_LARGEST = 1e308
"""What LightGBM reads for infinity, as an edge: all numbers are below."""

_NAN_LEFT, _NAN_RIGHT = 10, 8
"""LightGBM's type of a numeric decision: which way a missing value goes."""


def lightgbm_text(model: Any, inputs: int) -> str:
    """Return a fitted HistGradientBoostingClassifier of two classes as LightGBM stores a model; it predicts log odds.

    Args:
        model: The fitted classifier, without inputs that are categories to itself.
        inputs: How many inputs it has.
    """
    names = [f"input_{number}" for number in range(inputs)]
    header = [
        "tree",
        "version=v4",
        "num_class=1",
        "num_tree_per_iteration=1",
        "label_index=0",
        f"max_feature_idx={inputs - 1}",
        f"feature_names={' '.join(names)}",
        f"feature_infos={' '.join(['[-1e308:1e308]'] * inputs)}",
    ]
    first = _leaf(float(np.ravel(model._baseline_prediction)[0]))
    trees = [first, *(_tree(trees_of_round[0].nodes) for trees_of_round in model._predictors)]
    numbered = [[f"Tree={number}", *lines] for number, lines in enumerate(trees)]
    return "\n".join([*header, "", *(line for lines in numbered for line in (*lines, "", "")), "end of trees", ""])


def _leaf(value: float) -> list[str]:
    return ["num_leaves=1", "num_cat=0", f"leaf_value={value!r}", "is_linear=0", "shrinkage=1"]


def _tree(nodes: np.ndarray) -> list[str]:
    """Return the lines of a tree; inner nodes count from 0, leaves from -1 downwards."""
    if nodes[0]["is_leaf"]:
        return _leaf(float(nodes[0]["value"]))
    is_leaf = nodes["is_leaf"].astype(bool)
    label = np.where(is_leaf, -np.cumsum(is_leaf), np.cumsum(~is_leaf) - 1)
    inner, leaves = nodes[~is_leaf], nodes[is_leaf]
    thresholds = np.where(np.isinf(inner["num_threshold"]), _LARGEST, inner["num_threshold"])
    decisions = np.where(inner["missing_go_to_left"].astype(bool), _NAN_LEFT, _NAN_RIGHT)
    zeros, leaf_zeros = [0] * len(inner), [0] * len(leaves)
    columns: dict[str, Sequence[Any]] = {
        "split_feature": inner["feature_idx"].tolist(),
        "split_gain": zeros,
        "threshold": thresholds.tolist(),
        "decision_type": decisions.tolist(),
        "left_child": label[inner["left"]].tolist(),
        "right_child": label[inner["right"]].tolist(),
        "leaf_value": leaves["value"].tolist(),
        "leaf_weight": leaf_zeros,
        "leaf_count": leaf_zeros,
        "internal_value": zeros,
        "internal_weight": zeros,
        "internal_count": zeros,
    }
    return [f"num_leaves={len(leaves)}", "num_cat=0", *_lines(columns), "is_linear=0", "shrinkage=1"]


def _lines(columns: dict[str, Sequence[Any]]) -> Iterator[str]:
    for name, values in columns.items():
        yield f"{name}={' '.join(map(repr, values))}"
