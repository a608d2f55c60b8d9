"""Scores: quintiles by value, recency inverted, caps; equal customers share a score."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketry.domains.rfm.values import Cap, Scoring
from basketry.errors import BadInputError


def frame(recency: object, frequency: object, monetary: object) -> pd.DataFrame:
    return pd.DataFrame({"recency_days": recency, "frequency": frequency, "monetary": monetary})


def test_quintiles_of_ten_customers() -> None:
    """Two customers per score; few days since the last purchase score 5, few dates and little spend 1."""
    values = frame(range(10), range(1, 11), range(10, 110, 10))
    scores = Scoring.from_values(values, Cap(1000), Cap(1000)).scores(values)
    assert scores[:, 1].tolist() == scores[:, 2].tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert scores[:, 0].tolist() == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1]


def test_customers_beyond_a_cap_count_as_at_it() -> None:
    """A fixed cap is that value; a quantile is the value that so large a share does not exceed."""
    values = frame([0] * 10, range(1, 11), [10.0] * 9 + [99999.0])
    scoring = Scoring.from_values(values, Cap(3), Cap(0.9, is_quantile=True))
    assert scoring.caps == {"frequency": 3.0, "monetary": 10.0}
    assert scoring.capped(values)["frequency"].max() == 3 and scoring.capped(values)["monetary"].max() == 10
    assert len(set(scoring.scores(values)[:, 2])) == 1


def test_where_many_are_equal_a_score_stays_empty() -> None:
    """Half of the customers bought once: they all score 1, nobody 2, and the top fifth still scores 5."""
    values = frame(range(10), [1, 1, 1, 1, 1, 2, 3, 4, 5, 6], range(10))
    scores = Scoring.from_values(values, Cap(30), Cap(2500)).scores(values)[:, 1]
    assert scores.tolist() == [1, 1, 1, 1, 1, 3, 4, 4, 5, 5]


def test_identical_customers_share_every_score() -> None:
    """There is nothing to tell them apart by."""
    values = frame([7] * 20, [2] * 20, [5.0] * 20)
    assert np.unique(Scoring.from_values(values, Cap(30), Cap(2500)).scores(values), axis=0).tolist() == [[5, 1, 1]]


def test_nobody_to_learn_from_is_one_sentence() -> None:
    """No customer has a purchase date that counts."""
    with pytest.raises(BadInputError, match="no customer has a purchase date with positive spend"):
        Scoring.from_values(frame([], [], []), Cap(30), Cap(2500))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=60))
def test_scores_follow_the_values(rows: list[tuple[int, int, int]]) -> None:
    """Whoever bought later, more often, or for more never scores less; equal values score the same; all are 1 to 5."""
    values = frame(*zip(*rows, strict=True))
    scores = Scoring.from_values(values, Cap(30), Cap(0.99, is_quantile=True)).scores(values)
    assert scores.min() >= 1 and scores.max() <= 5
    for column, name, sign in ((0, "recency_days", -1), (1, "frequency", 1), (2, "monetary", 1)):
        order = np.argsort(sign * values[name].to_numpy(), kind="stable")
        assert (np.diff(scores[order, column]) >= 0).all()
        assert values.assign(score=scores[:, column]).groupby(name)["score"].nunique().max() == 1
