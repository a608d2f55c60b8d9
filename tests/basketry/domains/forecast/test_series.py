"""Weekly rows as matrices, and what is usual among orders."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from basketry.domains.forecast.series import MEASURES, MONTH, PERIODS, norms_of, panel_of, periods_of, totals_ahead
from tests.basketry.domains.forecast.shop import panel, plain_panel, rows


def test_rows_become_a_matrix_with_the_newest_week_last() -> None:
    """A week without a row has sold nothing; a product of old rows alone is known and sold nothing."""
    frame = rows(2, 4).iloc[:0]
    frame.loc[0] = ["B", "D", "C", 0, 5.0, 1, 2.0, 5.0, 1.6, 2.6]
    frame.loc[1] = ["A", "D", "C", 2, 7.0, 1, 2.0, 7.0, 1.9, 3.8]
    frame.loc[2] = ["Z", "D", "C", -1, 0.0, 0, 0.0, 0.0, 0.0, 0.0]
    found = panel_of(frame, 3)
    assert found.products.tolist() == ["A", "B", "Z"]
    assert found.revenue.tolist() == [[7, 0, 0], [0, 0, 5], [0, 0, 0]]
    assert (found.age.tolist(), found.idle.tolist()) == ([3, 1, 0], [2, 0, 3])


def test_before_knows_nothing_of_what_came_later() -> None:
    """Every number as of an earlier week is the same whatever was sold after it."""
    whole = panel(weeks=20)
    changed = {name: values.copy() for name, values in whole.weekly.items()}
    for values in changed.values():
        values[:, -5:] *= 9
    earlier, other = whole.before(5), replace(whole, weekly=changed).before(5)
    assert earlier.weeks == 15
    assert np.array_equal(earlier.usual_revenue, other.usual_revenue)
    assert norms_of(earlier) == norms_of(other)


def test_what_comes_ahead_is_unknown_until_it_is_over() -> None:
    """Five weeks before the end the 28 days are over, the 91 days are not."""
    found = totals_ahead(plain_panel([[1, 2, 3, 4, 5, 6, 7, 8]]), 5)[0]
    assert found[MONTH] == 4 + 5 + 6 + 7
    assert found[0] == 4 and found[4] == 8 and np.isnan(found[5])
    assert np.isnan(found[PERIODS.index((1, 13))])


def test_periods_are_sums_of_weeks() -> None:
    """Thirteen weeks, 28 and 91 days."""
    found = periods_of(np.arange(1.0, 14)[None])[0]
    assert found[:13].tolist() == list(range(1, 14))
    assert (found[MONTH], found[-1]) == (10, 91)


def test_a_bulk_order_is_held_to_what_is_usual() -> None:
    """A thousand among tens does not make a level, and the catalog's sum stays."""
    found = plain_panel([[10, 12, 9, 11, 1000, 10, 11, 9]] + [[20, 22, 19, 18, 21, 20, 23, 19]] * 5)
    usual = found.usual_revenue
    assert usual[0, 4] < 500
    assert usual.sum() == pytest.approx(found.revenue.sum())


def test_a_part_of_the_catalog_has_the_catalogs_norms() -> None:
    """With the norms of all, some products are forecast as they would be among all."""
    whole = panel()
    part = replace(whole, norms=norms_of(whole)).select(np.arange(len(whole)) < 10)
    assert np.allclose(part.usual_revenue, whole.usual_revenue[:10])


def test_an_empty_catalog_is_no_error() -> None:
    """No product, no number, no exception."""
    found = panel_of(rows(2, 4).iloc[:0], 4)
    assert len(found) == 0 and found.usual_revenue.shape == (0, 4)
    assert set(found.weekly) == set(MEASURES)
