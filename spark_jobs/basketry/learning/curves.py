"""Curves that show how good probabilities are: calibration bins and gain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from basketry.learning.evaluation import BINS, Floats, Tally, values_at_shares


@dataclass(frozen=True)
class ReliabilityBin:
    """One of ten equal-count bins of predictions.

    Attributes:
        rows: How many rows.
        predicted: Mean predicted probability.
        observed: Share of positive rows.
    """

    rows: int
    predicted: float
    observed: float


def reliability_bins(observed: ArrayLike, predicted: ArrayLike) -> tuple[ReliabilityBin, ...]:
    """Make ten equal-count bins from the lowest predictions to the highest; fewer when there are fewer rows."""
    truth, scores = np.asarray(observed, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    parts = np.array_split(np.argsort(scores, kind="stable"), BINS)
    return tuple(
        ReliabilityBin(len(part), float(scores[part].mean()), float(truth[part].mean())) for part in parts if len(part)
    )


def cumulative_gain(observed: ArrayLike, predicted: ArrayLike, shares: Sequence[float]) -> Floats:
    """Return the share of all positives among the top shares of the rows; nan without positives."""
    tally = Tally.of(observed, predicted)
    gain: Floats = values_at_shares(tally, tally.cumulative_positives, np.asarray(shares, dtype=np.float64))[0] / (
        tally.positives[0] or np.nan
    )
    return gain
