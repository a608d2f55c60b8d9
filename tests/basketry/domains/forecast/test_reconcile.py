"""Levels that add up, against the matrix formula."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from basketry.domains.forecast.reconcile import Variances, reconcile, variances_of


def test_it_is_the_weighted_least_squares_solution() -> None:
    """S (S' W^-1 S)^-1 S' W^-1 y for three products in two departments, variances of products as their forecasts."""
    products = np.array([30.0, 10, 20])
    departments, total = np.array([50.0, 15]), 80.0
    variances = Variances(0.04, 0.02, 0.01)
    below = np.array([[40.0], [20.0]])
    reconciled = reconcile(below, departments[:, None], np.array([total]), variances)
    summing = np.array([[1, 1, 1], [1, 1, 0], [0, 0, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=float)
    spread_below = variances.products * below[:, 0] ** 2
    own = np.array([spread_below[0] * 30 / 40, spread_below[0] * 10 / 40, spread_below[1]])
    diagonal = [variances.total * total**2, *(variances.departments * departments**2), *own]
    weight = np.diag(1 / np.array(diagonal))
    base = np.concatenate([[total], departments, products])
    expected = summing @ np.linalg.solve(summing.T @ weight @ summing, summing.T @ weight @ base)
    assert reconciled.total == pytest.approx([expected[0]])
    assert reconciled.departments[:, 0] == pytest.approx(expected[1:3])
    assert products * reconciled.factors[[0, 0, 1], 0] == pytest.approx(expected[3:])


amounts = st.lists(st.floats(0, 1e6), min_size=3, max_size=3)


@settings(max_examples=60, deadline=None)
@given(amounts, amounts, st.floats(0, 1e7))
@example([0.0, 0.0, 5e-324], [0.0, 0.0, 0.0], 1.0)  # a sum so small that its factor would be infinite
def test_it_always_adds_up_and_is_never_negative(below: list[float], own: list[float], total: float) -> None:
    """Whatever the levels say; a department without a product forecast stays at nothing."""
    products = np.array(below)[:, None]
    reconciled = reconcile(products, np.array(own)[:, None], np.array([total]), Variances(0.1, 0.05, 0.02))
    assert (reconciled.departments >= 0).all() and np.isfinite(reconciled.factors).all()
    assert reconciled.total == pytest.approx(reconciled.departments.sum(axis=0))
    assert (products * reconciled.factors)[products > 0] == pytest.approx(
        reconciled.departments[products > 0], rel=1e-6, abs=1e-6
    )
    assert not reconciled.departments[products == 0].any()


def test_a_level_without_a_past_has_little_say() -> None:
    """Unknown errors count as a hundred per cent."""
    found = variances_of({"products": np.array([0.1, -0.1]), "departments": np.array([np.nan]), "total": np.array([])})
    assert (found.products, found.departments, found.total) == (pytest.approx(0.01), 1.0, 1.0)
